/**
 * How long to wait for something bulky: as long as it moves. It is given up when none of its marks has passed
 * its highest value so far for `quietMsMax`. A reading that begins again and again is no movement, so
 * every wait ends.
 */
export class Patience {
  readonly #quietMsMax: number;
  #highest: number[] = [];
  #movedAtMs: number;

  constructor(quietMsMax: number, nowMs: number) {
    this.#quietMsMax = quietMsMax;
    this.#movedAtMs = nowMs;
  }

  /** Time since the latest movement. */
  quietMs(nowMs: number): number {
    return nowMs - this.#movedAtMs;
  }

  /** `marks`: how far it is now, in numbers that rise, always in the same order. False: give it up. */
  goesOn(marks: readonly number[], nowMs: number): boolean {
    const before = this.#highest;
    if (marks.some((mark, at) => mark > (before[at] ?? Number.NEGATIVE_INFINITY))) {
      this.#highest = marks.map((mark, at) => Math.max(mark, before[at] ?? mark));
      if (before.length > 0) this.#movedAtMs = nowMs;
    }
    return this.quietMs(nowMs) < this.#quietMsMax;
  }
}
