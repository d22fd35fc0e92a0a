import type { CapturedPersona } from "../population/captured-persona.ts";
import type { PersonaShare } from "../population/personas.ts";
import type { PopulationPlan } from "../population/population.ts";
import type { Mistake, Reading, Report } from "../yaml/problems.ts";
import { checkBoot } from "./boot-section.ts";
import { eventsOf } from "./events-section.ts";
import type { PairEvent } from "./pair-event.ts";
import { pairOf } from "./pair-section.ts";
import { personasOf } from "./personas-section.ts";
import type { PhasePlan } from "./phase-plan.ts";
import { phasesOf } from "./phases-section.ts";
import { populationOf } from "./population-section.ts";
import type { ScenarioFile } from "./scenario-schema.ts";
import type { Threshold } from "./threshold.ts";
import { thresholdsOf } from "./thresholds-section.ts";

type BuiltSections = "population" | "personas" | "events" | "phases" | "thresholds";

/**
 * A checked scenario: what to load, with what devices, and what must hold. The schema documents the
 * sections that are as they were written; times are in milliseconds.
 */
export interface Scenario extends Omit<ScenarioFile, "schema" | "include" | BuiltSections> {
  readonly population: PopulationPlan;
  /** Devices that have something wrong with them; most scenarios have none. */
  readonly personas: readonly PersonaShare[];
  /** What is done to the pair, and when. */
  readonly events: readonly PairEvent[];
  readonly phases: readonly PhasePlan[];
  readonly thresholds: readonly Threshold[];
}

/**
 * Turns the file's shape into a scenario; reports every contradiction the shape alone allows. `captured`
 * has the persona files that it names, by name.
 */
export function buildScenario(
  { schema, include, ...file }: ScenarioFile,
  captured: ReadonlyMap<string, CapturedPersona>,
): Reading<{ scenario: Scenario }, Mistake> {
  const problems: Mistake[] = [];
  const report: Report = (path, message, hint) => {
    problems.push({ path, message, hint });
  };
  const population = populationOf(file.population, file.seed, report);
  checkBoot(file.boot, report);
  const personas = personasOf(file.personas, captured, population, report);
  const phases = phasesOf(file.phases, report);
  const pair = pairOf(file.pair, scenarioBoots({ phases }), report);
  const events = eventsOf(file.events, pair, phases, report);
  const thresholds = thresholdsOf(file.thresholds, { population, phases }, report);
  if (problems.length > 0) return { kind: "failed", problems };
  const scenario = { ...file, population, personas, phases, events, thresholds };
  return { kind: "ok", scenario };
}

/** Whether devices go beyond DHCP: the run then needs the services of the boot chain and its files. */
export function scenarioBoots({ phases }: Pick<Scenario, "phases">): boolean {
  return phases.some(({ streams }) =>
    streams.some(({ exchange }) => exchange === "boot" || exchange === "download"),
  );
}
