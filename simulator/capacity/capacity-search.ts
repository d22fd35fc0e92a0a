import { RateSearch, type SearchEnd, type SearchPlan, type TrialVerdict } from "./rate-search.ts";

/** `trialsMax` counts every trial, repeated ones too. */
export interface CapacityPlan extends SearchPlan {
  /** The share of the transactions that may go unanswered, as in the trials' own verdicts. */
  readonly unansweredShareMax: number;
}

/** A trial as the search sees it. */
export interface TrialSummary {
  readonly verdict: TrialVerdict;
  /** Share of the transactions that were offered, 0 to 1. */
  readonly unansweredShare: number;
}

/** Trials of a rate at most: two that agree decide. */
const VOTES_MAX = 3;
/** A rate with at most this part of the allowed unanswered share is kept beyond doubt. */
const COMFORTABLE_PART = 0.5;

/**
 * The highest rate that a server keeps on a machine that is not quiet. Rates come from a `RateSearch`. On
 * the way up one trial decides a rate that is kept comfortably; any other rate needs two of three trials
 * that agree. If all three differ, the rate counts as missed. The two rates on either side of the maximum
 * are tried again before the search ends.
 */
export class CapacitySearch {
  readonly #plan: CapacityPlan;
  readonly #search: RateSearch;
  /** The rate that is being decided, and what its trials said. */
  #rate: number | undefined;
  #votes: TrialVerdict[] = [];
  /** Rates that need no further trial for the search to end with them. */
  readonly #confirmed = new Set<number>();
  #trials = 0;

  /** Throws RangeError for a plan that would not end. */
  constructor(plan: CapacityPlan) {
    this.#plan = plan;
    this.#search = new RateSearch(plan);
    this.#rate = this.#search.nextRate();
  }

  /** The rate of the next trial, in whole transactions a second; undefined when the search is over. */
  nextRate(): number | undefined {
    return this.#trials < this.#plan.trialsMax ? this.#rate : undefined;
  }

  /** Takes the verdict of the trial at `nextRate()`. */
  record(trial: TrialSummary): void {
    const rate = this.nextRate();
    if (rate === undefined) return;
    this.#trials += 1;
    this.#votes.push(trial.verdict);
    const verdict = this.#verdict(trial);
    if (verdict === undefined) return;
    if (this.#votes.length > 1 && verdict === "kept") this.#confirmed.add(rate);
    this.#votes = [];
    this.#search.record(rate, verdict);
    this.#rate = this.#search.nextRate() ?? this.#doubtfulRate();
  }

  /** The highest rate that was kept; undefined when none was. */
  get maximum(): number | undefined {
    return this.#search.maximum;
  }

  /** The lowest rate that was not kept; undefined when every one was. */
  get lowestMissed(): number | undefined {
    return this.#search.lowestMissed;
  }

  /** Undefined while the search goes on. */
  get end(): SearchEnd | undefined {
    if (this.nextRate() !== undefined) return undefined;
    return this.#rate === undefined ? this.#search.end : "trials";
  }

  #verdict({ verdict, unansweredShare }: TrialSummary): TrialVerdict | undefined {
    const votes = this.#votes;
    const isOnTheWayUp = this.#search.lowestMissed === undefined;
    const isComfortable = unansweredShare <= COMFORTABLE_PART * this.#plan.unansweredShareMax;
    if (isOnTheWayUp && votes.length === 1 && verdict === "kept" && isComfortable) return "kept";
    const agreed = votes.find((vote, index) => votes.indexOf(vote) < index);
    if (agreed !== undefined) return agreed;
    return votes.length < VOTES_MAX ? undefined : "missed";
  }

  /** One of the two rates on either side of the maximum, unless both have been tried enough. */
  #doubtfulRate(): number | undefined {
    const { maximum, lowestMissed } = this.#search;
    if (lowestMissed === undefined) return undefined;
    const doubtful = [maximum, lowestMissed].find(
      (rate) => rate !== undefined && !this.#confirmed.has(rate),
    );
    if (doubtful !== undefined) this.#confirmed.add(doubtful);
    return doubtful;
  }
}
