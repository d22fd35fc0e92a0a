import { hash32 } from "../../base/prng.ts";
import type { Population } from "../../scenarios/population.ts";
import type { PhasePlan, StreamPlan } from "../run-plan.ts";
import { goalOf, needsLease, phaseMsMax } from "../run-plan.ts";
import type { Arrivals } from "./arrivals.ts";
import { AllAtOnceArrivals, arrivalsIn, RateArrivals } from "./arrivals.ts";
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
  readonly #arrivals: readonly Arrivals[];

  constructor(input: PhaseStreamsInput) {
    const { phase, population } = input;
    const { size } = population;
    const shares = divideDevices({
      size,
      seed: hash32(input.seed, SHARE_STREAM, input.phaseIndex),
      holdsLease: input.holdsLease,
      reset: phase.reset,
      demands: phase.streams.map((stream) => demandOf(phase, stream, size)),
    });
    this.shares = shares.map((share, index) =>
      phase.streams[index]!.exchange === "boot" ? inHouseholds(population, share) : share,
    );
    this.#arrivals = phase.streams.map((stream, index) =>
      arrivalsOf(input, stream, index, this.shares[index]!),
    );
  }

  /** When the next arrival of this worker is intended; Infinity when there is none left. */
  nextDueMs(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const { nextAtMs } of this.#arrivals) if (nextAtMs < dueMs) dueMs = nextAtMs;
    return dueMs;
  }

  /**
   * Hands out the arrivals that are due and intended before the end, oldest first; says how many. `take`
   * says whether it started the transaction.
   */
  takeDue(
    limits: TakeLimits,
    take: (stream: number, device: number, intendedAtMs: number) => boolean,
  ): number {
    for (let count = 0; count < limits.count; count += 1) {
      const stream = this.#earliest();
      const arrivals = this.#arrivals[stream];
      if (arrivals === undefined) return count;
      const { nextAtMs, nextDevice } = arrivals;
      if (nextAtMs > limits.nowMs || nextAtMs >= limits.endMs) return count;
      arrivals.skip(take(stream, nextDevice, nextAtMs), limits.nowMs);
    }
    return limits.count;
  }

  #earliest(): number {
    let earliest = 0;
    for (let stream = 1; stream < this.#arrivals.length; stream += 1) {
      if (this.#arrivals[stream]!.nextAtMs < this.#arrivals[earliest]!.nextAtMs) earliest = stream;
    }
    return earliest;
  }
}

export interface TakeLimits {
  readonly nowMs: number;
  readonly endMs: number;
  readonly count: number;
}

const SHARE_STREAM = 0x7368_6172;

// A phase with a goal is over when everybody has reached it, so its discover and boot streams have
// every device that holds no lease, once each.
function demandOf(phase: PhasePlan, stream: StreamPlan, size: number): ShareDemand {
  const needs = needsLease(stream.exchange);
  if (stream.kind !== "rate") {
    return { needsLease: needs, arrivals: Number.POSITIVE_INFINITY, weight: size };
  }
  const arrivals = arrivalsIn(phaseMsMax(phase), stream.ratePerSecond);
  const once = goalOf(phase) !== undefined && !needs;
  return {
    needsLease: needs,
    arrivals: once ? Number.POSITIVE_INFINITY : arrivals,
    weight: arrivals,
  };
}

function arrivalsOf(
  input: PhaseStreamsInput,
  stream: StreamPlan,
  index: number,
  share: Uint32Array,
): Arrivals {
  const { phase, owns, worker } = input;
  const startMs = 0;
  if (stream.kind === "all-at-once") {
    const seed = hash32(input.seed, SHARE_STREAM, input.phaseIndex);
    return new AllAtOnceArrivals({ share, owns, startMs, seed, desyncMsMax: stream.desyncMsMax });
  }
  const once = goalOf(phase) !== undefined && !needsLease(stream.exchange);
  if (stream.kind === "outstanding") {
    const limit = partOf(stream.outstanding, worker);
    return new OutstandingArrivals({
      ...{ share, owns, limit, once },
      inFlight: () => input.inFlight(index),
    });
  }
  return new RateArrivals({
    share,
    owns,
    countsOrphans: worker.index === 0,
    startMs,
    ratePerSecond: stream.ratePerSecond,
    arrivals: once ? share.length : arrivalsIn(phaseMsMax(phase), stream.ratePerSecond),
  });
}
