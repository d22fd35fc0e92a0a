import { type FileProblem, type Override, readYaml } from "./checked-yaml.ts";
import { buildScenario, type Scenario } from "./scenario.ts";
import { scenarioSchema } from "./scenario-schema.ts";

export type ScenarioReading =
  | { readonly kind: "ok"; readonly scenario: Scenario }
  | { readonly kind: "failed"; readonly problems: readonly FileProblem[] };

/** Reads a scenario from YAML text and tells everything that is wrong with it at once. */
export function readScenario(
  file: string,
  text: string,
  overrides: readonly Override[] = [],
): ScenarioReading {
  const reading = readYaml(file, text, scenarioSchema, overrides);
  if (reading.kind === "failed") return reading;
  const built = buildScenario(reading.data);
  if (built.kind === "ok") return built;
  return { kind: "failed", problems: reading.placed(built.problems) };
}
