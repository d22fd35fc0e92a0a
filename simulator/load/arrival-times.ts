import { hash32, Prng } from "../../base/prng.ts";
import type { ArrivalSpacing } from "../../scenarios/language/phase-plan.ts";
import { type RateProfile, wholeArrivals } from "../../scenarios/language/rate-profile.ts";

/**
 * The intended times of all arrivals of a stream, over all workers, since its start: the time of arrival k,
 * Infinity when there is none. Ask in rising order of k.
 */
export type ArrivalTimes = (k: number) => number;

/**
 * `even`: arrival k when the integral of the rate reaches k. `poisson`: a Poisson process of that rate,
 * arrival k when the integral reaches the sum of k + 1 exponential draws of mean 1 (inversion of the
 * cumulative rate; Çınlar 1975, Lewis and Shedler 1979). The draws depend on the seed alone, and every
 * worker walks through all of them.
 */
export function timesOf(profile: RateProfile, spacing: ArrivalSpacing, seed: number): ArrivalTimes {
  if (spacing === "even") return (k) => profile.timeOf(k);
  let random = new Prng(seed, UNIT_STREAM);
  let drawn = 0;
  let sum = 0;
  return (k) => {
    if (k < drawn - 1) {
      random = new Prng(seed, UNIT_STREAM);
      drawn = 0;
      sum = 0;
    }
    for (; drawn <= k; drawn += 1) {
      // 1 - u is never 0.
      sum -= Math.log(1 - random.nextFloat());
    }
    return profile.timeOf(sum);
  };
}

const UNIT_STREAM = 0x756e_6974;

/** `size` arrivals at once, at the start and again each `everyMs`. */
export function burstTimes(size: number, everyMs: number): ArrivalTimes {
  return (k) => Math.floor(k / size) * everyMs;
}

/** How many arrivals are intended before `lengthMs`, which is finite unless the profile's total is. */
export function countOf(
  profile: RateProfile,
  spacing: ArrivalSpacing,
  seed: number,
  lengthMs: number,
): number {
  if (spacing === "even") return wholeArrivals(profile.arrivalsUntil(lengthMs));
  const atMs = timesOf(profile, spacing, seed);
  let count = 0;
  while (atMs(count) < lengthMs) count += 1;
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

/** The seed of one stream's draws, different for every stream of every phase. */
export function streamSeed(seed: number, phaseIndex: number, stream: number): number {
  return hash32(hash32(seed, ARRIVAL_STREAM, phaseIndex), ARRIVAL_STREAM, stream);
}

const ARRIVAL_STREAM = 0x6172_7276;
