import {
  type LoadedScenario,
  readScenarioFile,
  readScenarioText,
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
  return loaded(tryScenario(path, settings), seed);
}

/** The same with a text that is no file; `name` is how messages call it. */
export function loadScenarioText(
  name: string,
  text: string,
  settings: readonly string[],
  seed?: number,
): LoadedScenario {
  return loaded(readScenarioText(name, text, settings.map(overrideOf)), seed);
}

/** Reads a scenario file, and the environment's overrides. Throws UsageError only for a mistake in `--set`. */
export function tryScenario(path: string, settings: readonly string[]): ScenarioLoading {
  return readScenarioFile(path, settings.map(overrideOf));
}

function loaded(loading: ScenarioLoading, seed: number | undefined): LoadedScenario {
  if (loading.kind === "failed") throw mistakesIn(loading.problems);
  if (seed === undefined) return loading;
  const { scenario, whole, sha256 } = loading;
  return {
    scenario: { ...scenario, seed, population: { ...scenario.population, seed } },
    whole: { ...whole, data: { ...(whole.data as object), seed } },
    sha256,
  };
}

function overrideOf(text: string): Override {
  const override = parseOverride(text);
  if (override !== undefined) return override;
  throw new UsageError(`--set ${text}: write path=value, such as population.cableModems=100`);
}
