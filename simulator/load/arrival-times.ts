import { hash32, Prng } from "../../base/prng.ts";
import type { ArrivalSpacing } from "../../scenarios/language/phase-plan.ts";
import { type RateProfile, wholeArrivals } from "../../scenarios/language/rate-profile.ts";

/** The intended times of all arrivals of a stream, over all workers; they count from its start. */
export interface ArrivalTimes {
  /** The time of arrival k; Infinity when there is none. Ask in rising order of k. */
  atMs(k: number): number;
}

/** Arrival k when the integral of the rate reaches k: an even spacing, where the rate is even. */
export class EvenTimes implements ArrivalTimes {
  readonly #profile: RateProfile;

  constructor(profile: RateProfile) {
    this.#profile = profile;
  }

  atMs(k: number): number {
    return this.#profile.timeOf(k);
  }
}

/**
 * A Poisson process of that rate: arrival k when the integral of the rate reaches the sum of k + 1
 * exponential draws of mean 1 (inversion of the cumulative rate; Çınlar 1975, Lewis and Shedler 1979).
 * The draws depend on the seed alone, and every worker walks through all of them.
 */
export class PoissonTimes implements ArrivalTimes {
  readonly #profile: RateProfile;
  readonly #seed: number;
  #random: Prng;
  #k = -1;
  #sum = 0;

  constructor(profile: RateProfile, seed: number) {
    this.#profile = profile;
    this.#seed = seed;
    this.#random = new Prng(seed, UNIT_STREAM);
  }

  atMs(k: number): number {
    if (k < this.#k) this.#restart();
    while (this.#k < k) {
      this.#k += 1;
      // 1 - u is never 0.
      this.#sum -= Math.log(1 - this.#random.nextFloat());
    }
    return this.#profile.timeOf(this.#sum);
  }

  #restart(): void {
    this.#random = new Prng(this.#seed, UNIT_STREAM);
    this.#k = -1;
    this.#sum = 0;
  }
}

const UNIT_STREAM = 0x756e_6974;

/** `size` arrivals at once, at the start and again each `everyMs`. */
export class BurstTimes implements ArrivalTimes {
  readonly #size: number;
  readonly #everyMs: number;

  constructor(size: number, everyMs: number) {
    this.#size = size;
    this.#everyMs = everyMs;
  }

  atMs(k: number): number {
    return Math.floor(k / this.#size) * this.#everyMs;
  }
}

export function timesOf(profile: RateProfile, spacing: ArrivalSpacing, seed: number): ArrivalTimes {
  return spacing === "poisson" ? new PoissonTimes(profile, seed) : new EvenTimes(profile);
}

/** How many arrivals are intended before `lengthMs`, which is finite unless the profile's total is. */
export function countOf(
  profile: RateProfile,
  spacing: ArrivalSpacing,
  seed: number,
  lengthMs: number,
): number {
  if (spacing === "even") return wholeArrivals(profile.arrivalsUntil(lengthMs));
  const times = new PoissonTimes(profile, seed);
  let count = 0;
  while (times.atMs(count) < lengthMs) count += 1;
  return count;
}

/** The bursts that begin before `lengthMs`, no more than `burstsMax` of them, in arrivals. */
export function burstArrivals(
  size: number,
  everyMs: number,
  burstsMax: number,
  lengthMs: number,
): number {
  return size * Math.min(burstsMax, Math.ceil(lengthMs / everyMs));
}

/** The seed of one stream's draws: another one for every stream of every phase. */
export function streamSeed(seed: number, phaseIndex: number, stream: number): number {
  return hash32(hash32(seed, ARRIVAL_STREAM, phaseIndex), ARRIVAL_STREAM, stream);
}

const ARRIVAL_STREAM = 0x6172_7276;
