/** A stretch of a rate profile: from one rate to another along a straight line. */
export interface RateStage {
  readonly fromPerSecond: number;
  readonly toPerSecond: number;
  /** Infinity for a rate without end. */
  readonly durationMs: number;
}

interface PlacedStage extends RateStage {
  readonly startMs: number;
  readonly endMs: number;
  /** Arrivals of the stages before it: the integral of the rate, a whole number where it nearly is one. */
  readonly arrivalsBefore: number;
}

/** Times are sums of doubles: a boundary may be missed by less than this. */
const BOUNDARY_MS = 1e-4;

/**
 * A rate over time, as straight lines one after the other. Times count from the start of the profile;
 * arrival k is intended when the integral of the rate reaches k, which each stage gives in closed form,
 * so that no error adds up.
 */
export class RateProfile {
  readonly stages: readonly RateStage[];
  /** When each stage ends. */
  readonly stageEndsMs: readonly number[];
  /** The integral over all stages; Infinity for a rate without end. */
  readonly total: number;
  readonly #placed: readonly PlacedStage[];
  #current = 0;

  /** Throws RangeError for no stage at all, and for a rate or a time that is negative. */
  constructor(stages: readonly RateStage[]) {
    if (stages.length === 0) throw new RangeError("a rate profile needs a stage");
    const placed: PlacedStage[] = [];
    let startMs = 0;
    let arrivalsBefore = 0;
    for (const stage of stages) {
      const { fromPerSecond, toPerSecond, durationMs } = stage;
      if (!(fromPerSecond >= 0 && toPerSecond >= 0 && durationMs >= 0)) {
        throw new RangeError("a rate profile has rates and times of 0 or more");
      }
      const endMs = startMs + durationMs;
      placed.push({ ...stage, startMs, endMs, arrivalsBefore });
      // A pause without end adds nothing, which infinity times zero would not say.
      const added = fromPerSecond + toPerSecond === 0 ? 0 : arrivalsOfStage(stage, durationMs);
      arrivalsBefore = nearlyWhole(arrivalsBefore + added);
      startMs = endMs;
    }
    this.stages = stages;
    this.#placed = placed;
    this.stageEndsMs = placed.map(({ endMs }) => endMs);
    this.total = arrivalsBefore;
  }

  get durationMs(): number {
    return this.stageEndsMs.at(-1)!;
  }

  /** The integral of the rate from the start until `atMs`. */
  arrivalsUntil(atMs: number): number {
    const stage = this.#placed[this.stageAt(Math.max(0, atMs))];
    const insideMs = Math.min(Math.max(0, atMs - stage.startMs), stage.durationMs);
    return nearlyWhole(stage.arrivalsBefore + arrivalsOfStage(stage, insideMs));
  }

  /** When the integral reaches `arrivals`; Infinity when it never does. Fastest in rising order. */
  timeOf(arrivals: number): number {
    if (!(arrivals < this.total)) return Number.POSITIVE_INFINITY;
    const placed = this.#placed;
    if (arrivals < placed[this.#current].arrivalsBefore) this.#current = 0;
    while (arrivals >= (placed[this.#current + 1]?.arrivalsBefore ?? Number.POSITIVE_INFINITY)) {
      this.#current += 1;
    }
    const stage = placed[this.#current];
    return stage.startMs + timeInStage(stage, arrivals - stage.arrivalsBefore);
  }

  /** The stage that a time is in; the last one for what comes after the end. */
  stageAt(atMs: number): number {
    const index = this.stageEndsMs.findIndex((endMs) => atMs < endMs - BOUNDARY_MS);
    return index < 0 ? this.stageEndsMs.length - 1 : index;
  }
}

/** One rate without end. */
export function constantRate(ratePerSecond: number): RateProfile {
  return new RateProfile([flatStage(ratePerSecond, Number.POSITIVE_INFINITY)]);
}

export function flatStage(ratePerSecond: number, durationMs: number): RateStage {
  return { fromPerSecond: ratePerSecond, toPerSecond: ratePerSecond, durationMs };
}

/** How many arrivals an integral of the rate has: those intended before it is reached. */
export function wholeArrivals(integral: number): number {
  return Math.ceil(nearlyWhole(integral));
}

// 0.1 × 30 s is 3 arrivals, not the 4 that its last binary digit would make of it.
function nearlyWhole(arrivals: number): number {
  const whole = Math.round(arrivals);
  return Math.abs(arrivals - whole) < 1e-6 ? whole : arrivals;
}

function arrivalsOfStage(stage: RateStage, insideMs: number): number {
  const { fromPerSecond, toPerSecond, durationMs } = stage;
  if (fromPerSecond === toPerSecond) return (insideMs * fromPerSecond) / 1000;
  if (durationMs === 0) return 0;
  const rateThere = fromPerSecond + ((toPerSecond - fromPerSecond) * insideMs) / durationMs;
  return ((fromPerSecond + rateThere) / 2) * (insideMs / 1000);
}

/** The inverse of `arrivalsOfStage`: the root of a parabola, in the form that also serves a flat one. */
function timeInStage(stage: RateStage, arrivals: number): number {
  const { fromPerSecond, toPerSecond, durationMs } = stage;
  if (fromPerSecond === toPerSecond) return (arrivals * 1000) / fromPerSecond;
  if (arrivals === 0) return 0;
  const slope = ((toPerSecond - fromPerSecond) * 1000) / durationMs;
  const root = Math.sqrt(Math.max(0, fromPerSecond ** 2 + 2 * slope * arrivals));
  return Math.min((2000 * arrivals) / (fromPerSecond + root), durationMs);
}
