import type { SearchEnd } from "./rate-search.ts";
import type { TrialResult } from "./trial.ts";

/** The highest rate that a server kept, and how it was found. */
export interface RateResult {
  /** Undefined when no rate was kept. */
  readonly maximumPerSecond: number | undefined;
  readonly end: SearchEnd;
  readonly trials: readonly TrialResult[];
}

/** Whether the server may keep more: the generator, or the list of rates, ended first. */
export function isLowerBound({ end }: Pick<RateResult, "end">): boolean {
  return end === "generator" || end === "rate-max";
}
