import { Population } from "../scenarios/population.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { arrivalsIn } from "../simulator/load/arrivals.ts";
import { PhaseStreams } from "../simulator/load/streams.ts";
import {
  goalOf,
  needsLease,
  type PhasePlan,
  phaseMsMax,
  type StreamPlan,
} from "../simulator/run-plan.ts";
import { phasePlanOf } from "./run/run-plan-of.ts";

/** What one phase is going to ask for, if every device that is asked gets its lease. */
export interface ExpectedPhase {
  readonly plan: PhasePlan;
  readonly streams: readonly ExpectedStream[];
  /** While arrivals are handed out; of a phase with a goal, at least. */
  readonly lengthMs: number;
  /** Devices that hold a lease when it is over. */
  readonly boundAfter: number;
}

export interface ExpectedStream {
  readonly plan: StreamPlan;
  /** Devices that have their turn in it. */
  readonly devices: number;
  /** Transactions; undefined where that depends on how fast the answers come. */
  readonly arrivals: number | undefined;
}

/** The phases in order, by the same division of devices and the same arithmetic that the run uses. */
export function expectedLoad(scenario: Scenario): readonly ExpectedPhase[] {
  const population = new Population(scenario.population);
  const bound = new Uint8Array(population.size);
  return scenario.phases.map((written, phaseIndex) => {
    const phase = phasePlanOf(written);
    const { shares } = new PhaseStreams({
      ...{ phase, phaseIndex, seed: scenario.seed, population },
      holdsLease: (device) => bound[device] === 1,
      owns: () => true,
      worker: { index: 0, count: 1 },
      inFlight: () => 0,
    });
    const streams = phase.streams.map((plan, index): ExpectedStream => {
      const devices = shares[index]!.length;
      return { plan, devices, arrivals: arrivalsOf(phase, plan, devices) };
    });
    for (const [index, { plan, devices, arrivals = devices }] of streams.entries()) {
      if (needsLease(plan.exchange)) continue;
      shares[index]!.forEach((device, turn) => {
        bound[device] = turn < arrivals ? 1 : 0;
      });
    }
    const boundAfter = bound.reduce((sum, bit) => sum + bit, 0);
    return { plan: phase, streams, lengthMs: lengthOf(phase, streams), boundAfter };
  });
}

function arrivalsOf(phase: PhasePlan, stream: StreamPlan, devices: number): number | undefined {
  const isOnce = goalOf(phase) !== undefined && !needsLease(stream.exchange);
  if (isOnce || stream.kind === "all-at-once") return devices;
  return stream.kind === "rate" ? arrivalsIn(phaseMsMax(phase), stream.ratePerSecond) : undefined;
}

function lengthOf(phase: PhasePlan, streams: readonly ExpectedStream[]): number {
  if (goalOf(phase) === undefined) return phaseMsMax(phase);
  const takers = streams.filter(({ plan }) => !needsLease(plan.exchange));
  return Math.max(0, ...takers.map(({ plan, devices }) => lastArrivalMs(plan, devices)));
}

function lastArrivalMs(stream: StreamPlan, devices: number): number {
  if (stream.kind === "rate") return (devices * 1000) / stream.ratePerSecond;
  return stream.kind === "all-at-once" ? stream.desyncMsMax : 0;
}
