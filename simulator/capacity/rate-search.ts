/**
 * The result of a trial at one rate. `generator-limited`: the generator could not offer the rate, so the
 * trial says nothing about the server, and the search must stay below it.
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
  #kept: readonly number[] = [];
  #notKept: readonly { readonly rate: number; readonly verdict: TrialVerdict }[] = [];
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

  /** The latest trial wins over earlier ones that contradict it, at its rate and beyond. */
  record(rate: number, verdict: TrialVerdict): void {
    this.#trials += 1;
    if (verdict === "kept") {
      this.#kept = [...this.#kept, rate];
      this.#notKept = this.#notKept.filter((other) => other.rate > rate);
    } else {
      this.#kept = this.#kept.filter((other) => other < rate);
      this.#notKept = [...this.#notKept.filter((other) => other.rate !== rate), { rate, verdict }];
    }
  }

  /** The highest rate that was kept; undefined when none was. */
  get maximum(): number | undefined {
    return this.#kept.length === 0 ? undefined : Math.max(...this.#kept);
  }

  /** The lowest rate that was not kept, for whatever reason; undefined when every one was. */
  get lowestMissed(): number | undefined {
    if (this.#notKept.length === 0) return undefined;
    return Math.min(...this.#notKept.map(({ rate }) => rate));
  }

  get end(): SearchEnd | undefined {
    const { rateMin, rateMax, precision, trialsMax } = this.#plan;
    const kept = this.maximum;
    const missed = this.lowestMissed;
    const limit = this.#isMissedByGenerator ? "generator" : undefined;
    if (missed !== undefined && missed <= rateMin) return limit ?? "rate-min";
    if (kept !== undefined && kept >= rateMax) return "rate-max";
    if (kept !== undefined && missed !== undefined) {
      const isClose = missed <= kept * precision || this.#candidate() === kept;
      if (isClose) return limit ?? "found";
    }
    return this.#trials >= trialsMax ? "trials" : undefined;
  }

  get #isMissedByGenerator(): boolean {
    const lowest = this.#notKept.find(({ rate }) => rate === this.lowestMissed);
    return lowest?.verdict === "generator-limited";
  }

  #candidate(): number {
    const { firstRate, rateMin, rateMax, growth } = this.#plan;
    const kept = this.maximum;
    const missed = this.lowestMissed;
    if (kept === undefined && missed === undefined) return Math.round(firstRate);
    if (missed === undefined) return Math.min(Math.floor(rateMax), Math.ceil(kept! * growth));
    if (kept === undefined) {
      // A missed rate costs more time than a kept one, so the steps down become longer.
      const factor = growth ** this.#notKept.length;
      return Math.max(Math.ceil(rateMin), Math.floor(missed / factor));
    }
    return Math.floor(Math.sqrt(kept * missed));
  }
}
