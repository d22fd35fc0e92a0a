import type { Scenario } from "./language/scenario.ts";
import { readScenario, type ScenarioReading } from "./language/scenario-file.ts";
import { noContext, type ReadContext } from "./yaml/include.ts";
import { formatFileProblem } from "./yaml/problems.ts";

/** Sections that a test writes for itself, each as YAML in one line. */
export interface SmallSections {
  readonly population?: string;
  /** The whole of the first phase's stream. */
  readonly stream?: string;
  /** Further keys of the first phase, such as `network: { lossPercent: 5 }`. */
  readonly phase?: string;
  /** Further sections of the file, a line each. */
  readonly more?: readonly string[];
}

/** The text of a scenario of one phase, which lasts for a second. */
export function smallScenario({
  population = "{ cableModems: 10, cmtsCount: 1 }",
  stream = "{ exchange: discover, ratePerSecond: 10 }",
  phase,
  more = [],
}: SmallSections = {}): string {
  const lines = [
    "schema: provlab/scenario@1",
    "name: small",
    `population: ${population}`,
    "phases:",
    "  - name: connect",
    `    streams: [${stream}]`,
    "    duration: 1 s",
    ...(phase === undefined ? [] : [`    ${phase}`]),
    ...more,
  ];
  return `${lines.join("\n")}\n`;
}

export function readSmall(
  sections: SmallSections,
  context: ReadContext = noContext,
): ScenarioReading {
  return readScenario("small.yaml", smallScenario(sections), [], context);
}

/** Throws the problems of a text that is no scenario. */
export function scenarioIn(reading: ScenarioReading): Scenario {
  if (reading.kind === "ok") return reading.scenario;
  throw new Error(reading.problems.map(formatFileProblem).join("\n"));
}
