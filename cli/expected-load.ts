import type { Scenario } from "../scenarios/language/scenario.ts";
import { Population } from "../scenarios/population/population.ts";
import { PhaseStreams } from "../simulator/load/streams.ts";
import {
  goalOf,
  hasEachOnce,
  type PhasePlan,
  phaseMsMax,
  profileOf,
  type StreamPlan,
  takesBound,
  windowOf,
} from "../simulator/plan/run-plan.ts";

/** The load of one phase, if every device gets its lease. */
export interface ExpectedPhase {
  readonly plan: PhasePlan;
  readonly streams: readonly ExpectedStream[];
  /** How long arrivals come; the least for a phase with a goal. */
  readonly lengthMs: number;
  /** Devices that hold a lease after the phase. */
  readonly boundAfter: number;
}

export interface ExpectedStream {
  readonly plan: StreamPlan;
  /** Devices that take part in the stream. */
  readonly devices: number;
  /** Transactions; undefined when their number depends on how fast the answers come. */
  readonly arrivals: number | undefined;
}

/** The phases in order. Devices are divided and arrivals computed as in a run. */
export function expectedLoad(scenario: Scenario): readonly ExpectedPhase[] {
  const population = new Population(scenario.population);
  const bound = new Uint8Array(population.size);
  return scenario.phases.map((phase, phaseIndex) => {
    const { shares, counts } = new PhaseStreams({
      ...{ phase, phaseIndex, seed: scenario.seed, population },
      holdsLease: (device) => bound[device] === 1,
      owns: () => true,
      worker: { index: 0, count: 1 },
      inFlight: () => 0,
    });
    const streams = phase.streams.map((plan, index): ExpectedStream => {
      return { plan, devices: shares[index].length, arrivals: counts[index] };
    });
    for (const [index, { plan, devices, arrivals = devices }] of streams.entries()) {
      if (plan.exchange === "release") {
        for (const device of shares[index].subarray(0, arrivals)) bound[device] = 0;
      }
      if (takesBound(plan)) continue;
      shares[index].forEach((device, turn) => {
        bound[device] = turn < arrivals ? 1 : 0;
      });
    }
    const boundAfter = bound.reduce((sum, bit) => sum + bit, 0);
    return { plan: phase, streams, lengthMs: lengthOf(phase, streams), boundAfter };
  });
}

function lengthOf(phase: PhasePlan, streams: readonly ExpectedStream[]): number {
  if (goalOf(phase) === undefined) return phaseMsMax(phase);
  const takers = streams.filter(({ plan }) => hasEachOnce(phase, plan));
  return Math.max(0, ...takers.map(({ plan, devices }) => lastArrivalMs(phase, plan, devices)));
}

function lastArrivalMs(phase: PhasePlan, stream: StreamPlan, devices: number): number {
  const { startMs, endMs } = windowOf(phase, stream);
  if (stream.kind === "all-within") return startMs + stream.allWithinMs;
  const profile = profileOf(stream);
  if (profile === undefined) return startMs;
  const lastMs = startMs + profile.timeOf(devices);
  return lastMs === Number.POSITIVE_INFINITY ? endMs : lastMs;
}
