import {
  RateSearch,
  type SearchEnd,
  type TrialVerdict,
} from "../../simulator/capacity/rate-search.ts";
import type { TrialResult } from "../../simulator/capacity/trial.ts";
import { rateLimits, type SearchSteps } from "./bench-plan.ts";

/** One trial of a rate, by any generator. */
export interface RateTrial {
  readonly ratePerSecond: number;
  readonly verdict: TrialVerdict;
}

/** The highest rate that a server kept, and how it was found. */
export interface RateResult<Trial extends RateTrial = TrialResult> {
  /** Undefined when no rate was kept. */
  readonly maximumPerSecond: number | undefined;
  readonly end: SearchEnd;
  readonly trials: readonly Trial[];
}

/**
 * `found`: the server's own limit. `bound`: the server may keep more, because the generator or the list
 * of rates ended first. `unknown`: the generator was the limit below every rate that the server missed.
 */
export type RateKnowledge = "found" | "bound" | "unknown";

export function knowledgeOf(result: RateResult<RateTrial>): RateKnowledge {
  const { maximumPerSecond = 0, end, trials } = result;
  const above = trials
    .filter(({ ratePerSecond, verdict }) => verdict !== "kept" && ratePerSecond > maximumPerSecond)
    .toSorted((a, b) => a.ratePerSecond - b.ratePerSecond);
  const isGenerator = above[0]?.verdict === "generator-limited";
  if (result.maximumPerSecond === undefined && (isGenerator || above.length === 0))
    return "unknown";
  return isGenerator || end === "generator" || end === "rate-max" ? "bound" : "found";
}

/** Searches the highest rate that is kept, by one trial after the other from `firstRate` on. */
export async function searchRate<Trial extends RateTrial>(
  firstRate: number,
  steps: SearchSteps,
  play: (rate: number) => Promise<Trial>,
): Promise<RateResult<Trial>> {
  const { min: rateMin, max: rateMax } = rateLimits;
  const search = new RateSearch({ firstRate, rateMin, rateMax, ...steps });
  const trials: Trial[] = [];
  for (let rate = search.nextRate(); rate !== undefined; rate = search.nextRate()) {
    const trial = await play(rate);
    trials.push(trial);
    search.record(rate, trial.verdict);
  }
  return { maximumPerSecond: search.maximum, end: search.end ?? "trials", trials };
}
