import { hash32 } from "../../base/prng.ts";
import type {
  AllWithinStream,
  ArrivalSpacing,
  OutstandingStream,
} from "../../scenarios/language/phase-plan.ts";
import type { Population } from "../../scenarios/population/population.ts";
import {
  hasEachOnce,
  type PhasePlan,
  profileOf,
  type StreamPlan,
  takesBound,
  windowOf,
} from "../plan/run-plan.ts";
import {
  type ArrivalTimes,
  burstArrivals,
  burstTimes,
  countOf,
  streamSeed,
  timesOf,
} from "./arrival-times.ts";
import type { Arrivals, RateArrivalsInput } from "./arrivals.ts";
import { AllWithinArrivals, RateArrivals } from "./arrivals.ts";
import { ChurnArrivals } from "./churn-arrivals.ts";
import { inHouseholds } from "./households.ts";
import { OutstandingArrivals, partOf } from "./outstanding-arrivals.ts";
import type { ShareDemand } from "./shares.ts";
import { divideDevices } from "./shares.ts";

export interface PhaseStreamsInput {
  readonly phase: PhasePlan;
  readonly phaseIndex: number;
  readonly seed: number;
  readonly population: Population;
  /** Whether a device held a lease when the phase began: the same answer on every worker. */
  readonly holdsLease: (device: number) => boolean;
  readonly owns: (device: number) => boolean;
  readonly worker: { readonly index: number; readonly count: number };
  /** Transactions of a stream that are under way here; Infinity once the phase takes no more. */
  readonly inFlight: (stream: number) => number;
}

/**
 * One worker's part of the schedule of one phase: all its streams, merged by intended time. Times
 * count from the start of the phase.
 */
export class PhaseStreams {
  /** The devices of each stream, over all workers, in the order of their turns. */
  readonly shares: readonly Uint32Array[];
  /** By stream, over all workers: how many arrivals it has; undefined where answers decide. */
  readonly counts: readonly (number | undefined)[];
  readonly #arrivals: readonly Arrivals[];

  constructor(input: PhaseStreamsInput) {
    const { phase, population } = input;
    const shares = divideDevices({
      size: population.size,
      seed: hash32(input.seed, SHARE_STREAM, input.phaseIndex),
      holdsLease: input.holdsLease,
      powerCycle: phase.powerCycle,
      demands: phase.streams.map((stream, index) => demandOf(input, stream, index)),
    });
    this.shares = shares.map((share, index) =>
      phase.streams[index].exchange === "boot" ? inHouseholds(population, share) : share,
    );
    this.counts = phase.streams.map((stream, index) => {
      const isOnce = hasEachOnce(phase, stream) || stream.kind === "all-within";
      return isOnce ? this.shares[index].length : scheduledArrivals(input, stream, index);
    });
    this.#arrivals = phase.streams.map((stream, index) =>
      arrivalsOf(input, stream, index, this.shares[index]),
    );
  }

  /** When the next arrival of this worker is intended; Infinity when there is none left. */
  nextDueMs(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const { nextAtMs } of this.#arrivals) if (nextAtMs < dueMs) dueMs = nextAtMs;
    return dueMs;
  }

  /**
   * Hands out the due arrivals that are intended before the end, oldest first, and returns how many. `take`
   * returns whether the device did as the arrival wanted: began its transaction, or left.
   */
  takeDue(
    limits: TakeLimits,
    take: (stream: number, device: number, intendedAtMs: number, leaves: boolean) => boolean,
  ): number {
    for (let count = 0; count < limits.count; count += 1) {
      const stream = this.#earliest();
      const arrivals = this.#arrivals[stream];
      if (arrivals === undefined) return count;
      const { nextAtMs, nextDevice, nextLeaves = false } = arrivals;
      if (nextAtMs > limits.nowMs || nextAtMs >= limits.endMs) return count;
      arrivals.skip(take(stream, nextDevice, nextAtMs, nextLeaves), limits.nowMs);
    }
    return limits.count;
  }

  #earliest(): number {
    let earliest = 0;
    for (let stream = 1; stream < this.#arrivals.length; stream += 1) {
      if (this.#arrivals[stream].nextAtMs < this.#arrivals[earliest].nextAtMs) earliest = stream;
    }
    return earliest;
  }
}

interface TakeLimits {
  readonly nowMs: number;
  readonly endMs: number;
  readonly count: number;
}

const SHARE_STREAM = 0x7368_6172;

// A phase with a goal is over when all devices have reached it, so its discover and boot streams have every
// device without a lease, once each.
function demandOf(input: PhaseStreamsInput, stream: StreamPlan, index: number): ShareDemand {
  const { phase, population } = input;
  const needs = takesBound(stream);
  const arrivals = scheduledArrivals(input, stream, index);
  if (arrivals === undefined) {
    return { needsLease: needs, arrivals: Number.POSITIVE_INFINITY, weight: population.size };
  }
  const once = hasEachOnce(phase, stream);
  return {
    needsLease: needs,
    arrivals: once ? Number.POSITIVE_INFINITY : arrivals,
    weight: arrivals,
  };
}

/** Arrivals of a stream over all workers; undefined for one without a schedule. */
function scheduledArrivals(
  input: PhaseStreamsInput,
  stream: StreamPlan,
  index: number,
): number | undefined {
  const window = windowOf(input.phase, stream);
  const lengthMs = window.endMs - window.startMs;
  if (stream.kind === "burst") {
    return burstArrivals(stream.size, stream.everyMs, stream.count, lengthMs);
  }
  const profile = profileOf(stream);
  if (profile === undefined) return undefined;
  return countOf(profile, spacingOf(stream), seedOf(input, index), lengthMs);
}

function arrivalsOf(
  input: PhaseStreamsInput,
  stream: StreamPlan,
  index: number,
  share: Uint32Array,
): Arrivals {
  const { phase, owns, worker } = input;
  const { startMs } = windowOf(phase, stream);
  if (stream.kind === "all-within") {
    const seed = hash32(input.seed, SHARE_STREAM, input.phaseIndex);
    return new AllWithinArrivals({ share, owns, startMs, seed, allWithinMs: stream.allWithinMs });
  }
  const once = hasEachOnce(phase, stream);
  if (stream.kind === "outstanding") {
    const limit = partOf(stream.outstanding, worker);
    return new OutstandingArrivals({
      ...{ share, owns, limit, once, startMs },
      inFlight: () => input.inFlight(index),
    });
  }
  const rated: RateArrivalsInput = {
    ...{ share, owns, startMs },
    countsOrphans: worker.index === 0,
    times: intendedTimes(input, stream, index),
    arrivals: once ? share.length : scheduledArrivals(input, stream, index)!,
  };
  if (stream.kind !== "churn") return new RateArrivals(rated);
  return new ChurnArrivals({ ...rated, seed: seedOf(input, index), offForMs: stream.offForMs });
}

function intendedTimes(
  input: PhaseStreamsInput,
  stream: Exclude<StreamPlan, AllWithinStream | OutstandingStream>,
  index: number,
): ArrivalTimes {
  if (stream.kind === "burst") return burstTimes(stream.size, stream.everyMs);
  return timesOf(profileOf(stream)!, spacingOf(stream), seedOf(input, index));
}

function spacingOf(stream: StreamPlan): ArrivalSpacing {
  return "arrivals" in stream ? (stream.arrivals ?? "even") : "even";
}

function seedOf({ seed, phaseIndex }: PhaseStreamsInput, index: number): number {
  return streamSeed(seed, phaseIndex, index);
}
