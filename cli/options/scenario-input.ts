import {
  type LoadedScenario,
  readScenarioFile,
  type ScenarioLoading,
} from "../../lab/machine/scenario-file.ts";
import { type Override, parseOverride } from "../../scenarios/yaml/checked-yaml.ts";
import { mistakesIn, UsageError } from "./usage-error.ts";

export type { LoadedScenario };

/** Reads a scenario file; `seed` replaces its own. Throws UsageError with every mistake in it. */
export function loadScenario(
  path: string,
  settings: readonly string[],
  seed?: number,
): LoadedScenario {
  const loading = tryScenario(path, settings);
  if (loading.kind === "failed") throw mistakesIn(loading.problems);
  if (seed === undefined) return loading;
  const { scenario, sha256 } = loading;
  return { scenario: { ...scenario, seed, population: { ...scenario.population, seed } }, sha256 };
}

/** Reads a scenario file, and the environment's overrides. Throws UsageError only for a mistake in `--set`. */
export function tryScenario(path: string, settings: readonly string[]): ScenarioLoading {
  const overrides = settings.map((text): Override => {
    const override = parseOverride(text);
    if (override !== undefined) return override;
    throw new UsageError(`--set ${text}: write path=value, such as population.cableModems=100`);
  });
  return readScenarioFile(path, overrides);
}
