import type { SearchEnd, TrialVerdict } from "../../simulator/capacity/rate-search.ts";
import type { TrialResult } from "../../simulator/capacity/trial.ts";

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
