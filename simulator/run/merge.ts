import { rowsOf } from "../../base/columns.ts";
import { Population } from "../../scenarios/population/population.ts";
import { SafetyChecker } from "../measure/safety-checker.ts";
import { inOrder, type SafetyEvents, withClockMargin } from "../measure/safety-events.ts";
import { TimeSeries } from "../measure/time-series.ts";
import { personasOf, type RunPlan } from "../plan/run-plan.ts";
import type { SimulationOutcome } from "./outcome.ts";
import { acknowledgedLeases, phaseOutcomeOf, runOutcomeOf } from "./run-outcome.ts";
import type { SegmentRecord } from "./segment-record.ts";

/** Events that the checker judges at a time. */
const SLICE_EVENTS = 1 << 18;

/** Why these are not the segments of one run; undefined when they are. */
export function mergeProblem(records: readonly SegmentRecord[]): string | undefined {
  const [first] = records;
  if (first === undefined) return "there is no segment to merge";
  const odd = records.find(
    ({ count, workers }) => count !== first.count || workers !== first.workers,
  );
  if (odd !== undefined) {
    return (
      `segment ${odd.index + 1}/${odd.count} with ${odd.workers} workers does not fit segment ` +
      `${first.index + 1}/${first.count} with ${first.workers}: give all the same --workers`
    );
  }
  const indexes = records.map(({ index }) => index);
  const twice = indexes.find((index, at) => indexes.indexOf(index) !== at);
  if (twice !== undefined) return `segment ${twice + 1}/${first.count} is there twice`;
  const missing = Array.from({ length: first.count }, (_, index) => index).filter(
    (index) => !indexes.includes(index),
  );
  if (missing.length === 0) return undefined;
  return `missing: ${missing.map((index) => `segment ${index + 1}/${first.count}`).join(", ")}`;
}

/**
 * Joins the segments of a run: adds histograms and counters, adds seconds by their number, and judges safety
 * over all lease events. `clockMarginMs`: the largest difference of the machines' clocks. Call `mergeProblem`
 * first.
 */
export function mergeSegments(
  plan: RunPlan,
  records: readonly SegmentRecord[],
  clockMarginMs: number,
): SimulationOutcome {
  const population = new Population(plan.population);
  const personas = personasOf(plan, population);
  const startedAtMs = Math.min(...records.map((record) => record.startedAtMs));
  const endedAtMs = Math.max(...records.map((record) => record.endedAtMs));
  const phaseCount = Math.min(...records.map(({ phases }) => phases.length));
  const phases = plan.phases.slice(0, phaseCount).map((phase, index) =>
    phaseOutcomeOf(
      phase,
      records.map((record) => {
        const part = record.phases[index];
        return {
          ...part,
          startedAtMs: part.startedAtMs + record.startedAtMs - startedAtMs,
        };
      }),
    ),
  );
  const checker = new SafetyChecker(population, personas);
  judgeInSlices(
    checker,
    inOrder(records.map(({ events }) => withClockMargin(events, clockMarginMs))),
  );
  const outcome = runOutcomeOf(plan, {
    startedAtMs,
    endedAtMs,
    devices: population.size,
    backend: records[0].backend,
    pace: undefined,
    phases,
    timeSeries: secondsOf(records),
    safety: checker.summary(),
    leases: acknowledgedLeases(checker, endedAtMs, 0),
    personas,
    stopped: records.flatMap(({ stopped }) => stopped),
    addressesMoved: checker.addressesMoved,
  });
  const lost = records.reduce((sum, { eventsLost }) => sum + eventsLost, 0);
  if (lost === 0) return outcome;
  const { health } = outcome;
  const problem = { kind: "lease-events-lost", count: lost } as const;
  return { ...outcome, health: { ...health, problems: [...health.problems, problem] } };
}

function judgeInSlices(checker: SafetyChecker, events: SafetyEvents): void {
  for (let start = 0; start < events.what.length; start += SLICE_EVENTS) {
    checker.add(rowsOf(events, start, start + SLICE_EVENTS));
    checker.settle();
  }
}

function secondsOf(records: readonly SegmentRecord[]): SimulationOutcome["timeSeries"] {
  const series = new TimeSeries(records.reduce((sum, { workers }) => sum + workers, 0));
  const reports = records.flatMap(({ seconds }) => seconds);
  for (const report of reports.toSorted((a, b) => a.second - b.second)) series.add(report);
  series.closeAll();
  return series.rows;
}
