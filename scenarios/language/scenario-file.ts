import { checkLayers, type Override } from "../yaml/checked-yaml.ts";
import { type Dependencies, noContext, type ReadContext, readLayers } from "../yaml/include.ts";
import type { Reading } from "../yaml/problems.ts";
import { parseLayer, type YamlLayer } from "../yaml/yaml-layer.ts";
import { readCapturedFiles } from "./captured-files.ts";
import { buildScenario, type Scenario } from "./scenario.ts";
import { scenarioSchema } from "./scenario-schema.ts";

/** A scenario in one piece, as plain data, for a machine that has neither its files nor its variables. */
export interface WholeScenario {
  /** What the files say together: the variables replaced, the overrides applied, nothing included. */
  readonly data: unknown;
  /** The texts of the persona files, by the name that is written in the scenario. */
  readonly personas: Readonly<Record<string, string>>;
}

export type ScenarioReading = Reading<{
  scenario: Scenario;
  whole: WholeScenario;
  dependencies: Dependencies;
}>;

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
  const checked = check(read.layers, overrides, context);
  if (checked.kind === "failed") return checked;
  const { personas } = checked.whole;
  const includedTexts = [...read.dependencies.includedTexts, ...Object.values(personas)];
  return { ...checked, dependencies: { ...read.dependencies, includedTexts } };
}

/** Reads what another process has read from files, and checks it as if it stood in one of them. */
export function readWholeScenario(
  name: string,
  { data, personas }: WholeScenario,
): Reading<{ scenario: Scenario }> {
  const parsed = parseLayer(name, JSON.stringify(data) ?? "");
  if (parsed.kind === "failed") return parsed;
  const files = new Map(Object.entries(personas));
  const open: ReadContext["open"] = (file) => {
    const text = files.get(file);
    if (text === undefined) return { kind: "failed", reason: "did not come with the scenario" };
    return { kind: "ok", file, text };
  };
  return check([parsed.layer], [], { ...noContext, open });
}

function check(
  layers: readonly [YamlLayer, ...YamlLayer[]],
  overrides: readonly Override[],
  context: ReadContext,
): Reading<{ scenario: Scenario; whole: WholeScenario }> {
  const checked = checkLayers(layers, scenarioSchema, overrides);
  if (checked.kind === "failed") return checked;
  const captured = readCapturedFiles(checked.data, layers, context);
  if (captured.problems.length > 0) return { kind: "failed", problems: captured.problems };
  const built = buildScenario(checked.data, captured.personas);
  if (built.kind === "failed") return { kind: "failed", problems: checked.placed(built.problems) };
  const { include: _, ...data } = checked.merged as Readonly<Record<string, unknown>>;
  const whole = { data, personas: Object.fromEntries(captured.texts) };
  return { kind: "ok", scenario: built.scenario, whole };
}
