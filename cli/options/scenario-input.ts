import {
  type LoadedScenario,
  readScenarioFile,
  type ScenarioLoading,
} from "../../lab/machine/scenario-file.ts";
import { type Override, parseOverride } from "../../scenarios/yaml/checked-yaml.ts";
import { formatFileProblem } from "../../scenarios/yaml/problems.ts";
import { UsageError } from "./usage-error.ts";

export type { LoadedScenario };

/** Reads a scenario file; throws UsageError that tells everything wrong with it. */
export function loadScenario(path: string, settings: readonly string[]): LoadedScenario {
  const loading = tryScenario(path, settings);
  if (loading.kind === "ok") return loading;
  throw new UsageError(loading.problems.map(formatFileProblem).join("\n"));
}

/** Reads a scenario file, with the environment; throws UsageError for a mistake in `--set` alone. */
export function tryScenario(path: string, settings: readonly string[]): ScenarioLoading {
  const overrides = settings.map((text): Override => {
    const override = parseOverride(text);
    if (override !== undefined) return override;
    throw new UsageError(`--set ${text}: write path=value, such as population.cableModems=100`);
  });
  return readScenarioFile(path, overrides);
}
