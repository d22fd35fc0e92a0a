import { checkLayers, type Override } from "../yaml/checked-yaml.ts";
import { type Dependencies, noContext, type ReadContext, readLayers } from "../yaml/include.ts";
import type { Reading } from "../yaml/problems.ts";
import { readCapturedFiles } from "./captured-files.ts";
import { buildScenario, type Scenario } from "./scenario.ts";
import { scenarioSchema } from "./scenario-schema.ts";

export type ScenarioReading = Reading<{ scenario: Scenario; dependencies: Dependencies }>;

/**
 * Reads a scenario from YAML text and reports everything that is wrong with it at once. Files that it
 * includes and variables that it names come from the context.
 */
export function readScenario(
  file: string,
  text: string,
  overrides: readonly Override[] = [],
  context: ReadContext = noContext,
): ScenarioReading {
  const read = readLayers(file, text, context);
  if (read.kind === "failed") return read;
  const checked = checkLayers(read.layers, scenarioSchema, overrides);
  if (checked.kind === "failed") return checked;
  const captured = readCapturedFiles(checked.data, read.layers, context);
  if (captured.problems.length > 0) return { kind: "failed", problems: captured.problems };
  const built = buildScenario(checked.data, captured.personas);
  if (built.kind === "failed") return { kind: "failed", problems: checked.placed(built.problems) };
  const includedTexts = [...read.dependencies.includedTexts, ...captured.texts];
  const dependencies = { ...read.dependencies, includedTexts };
  return { kind: "ok", scenario: built.scenario, dependencies };
}
