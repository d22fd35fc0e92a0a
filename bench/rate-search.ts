/**
 * What a trial at one rate said. `generator-limited`: the generator could not offer the rate, so
 * the trial says nothing about the server and the search must stay below it.
 */
export type TrialVerdict = "kept" | "missed" | "generator-limited";

export interface SearchPlan {
  readonly firstRate: number;
  readonly rateMin: number;
  readonly rateMax: number;
  /** Factor from one trial to the next while only one side of the maximum is known; above 1. */
  readonly growth: number;
  /** Done when the lowest rate missed is at most this many times the highest rate kept; above 1. */
  readonly precision: number;
  readonly trialsMax: number;
}

export type SearchEnd =
  /** The maximum lies between two trials that are close enough. */
  | "found"
  /** The generator was the limit: the maximum is at least what was kept. */
  | "generator"
  /** The highest rate that may be tried was kept. */
  | "rate-max"
  /** Even the lowest rate was missed. */
  | "rate-min"
  /** No trials left: the maximum is known less precisely. */
  | "trials";

/**
 * The highest rate that a server keeps, by trials: first in steps of `growth` until the maximum lies
 * between a rate kept and a rate missed, then by halving that interval on a logarithmic scale.
 */
export class RateSearch {
  readonly #plan: SearchPlan;
  #kept: number | undefined;
  /** The lowest rate that was not kept, for whatever reason. */
  #missed: number | undefined;
  #missedByGenerator = false;
  #trials = 0;

  /** Throws RangeError for a plan that would not end. */
  constructor(plan: SearchPlan) {
    const { firstRate, rateMin, rateMax, growth, precision, trialsMax } = plan;
    if (!(rateMin >= 1 && rateMin <= firstRate && firstRate <= rateMax)) {
      throw new RangeError(`rates must be 1 <= ${rateMin} <= ${firstRate} <= ${rateMax}`);
    }
    if (!(growth > 1 && precision > 1 && trialsMax >= 1)) {
      throw new RangeError("growth and precision must be above 1, and trialsMax at least 1");
    }
    this.#plan = plan;
  }

  /** The next rate to try, in whole transactions a second; undefined when the search is over. */
  nextRate(): number | undefined {
    return this.end === undefined ? this.#candidate() : undefined;
  }

  record(rate: number, verdict: TrialVerdict): void {
    this.#trials += 1;
    if (verdict === "kept") {
      this.#kept = Math.max(rate, this.#kept ?? 0);
    } else if (this.#missed === undefined || rate < this.#missed) {
      this.#missed = rate;
      this.#missedByGenerator = verdict === "generator-limited";
    }
  }

  /** The highest rate that was kept; undefined when none was. */
  get maximum(): number | undefined {
    return this.#kept;
  }

  get end(): SearchEnd | undefined {
    const { rateMin, rateMax, precision, trialsMax } = this.#plan;
    const kept = this.#kept;
    const missed = this.#missed;
    if (missed !== undefined && missed <= rateMin) {
      return this.#missedByGenerator ? "generator" : "rate-min";
    }
    if (kept !== undefined && kept >= rateMax) return "rate-max";
    if (kept !== undefined && missed !== undefined) {
      const isClose = missed <= kept * precision || this.#candidate() === kept;
      if (isClose) return this.#missedByGenerator ? "generator" : "found";
    }
    return this.#trials >= trialsMax ? "trials" : undefined;
  }

  #candidate(): number {
    const { firstRate, rateMin, rateMax, growth } = this.#plan;
    const kept = this.#kept;
    const missed = this.#missed;
    if (kept === undefined && missed === undefined) return Math.round(firstRate);
    if (kept === undefined) return Math.max(Math.ceil(rateMin), Math.floor(missed! / growth));
    if (missed === undefined) return Math.min(Math.floor(rateMax), Math.ceil(kept * growth));
    return Math.floor(Math.sqrt(kept * missed));
  }
}
