import type { Clock } from "./clock.ts";

/** A clock that moves only when told to: virtual time for simulations and tests. */
export class VirtualClock implements Clock {
  readonly #wallMsAtStart: number;
  #elapsedMs = 0;

  /** `wallMsAtStart`: what the wall clock shows at monotonic time 0. */
  constructor(wallMsAtStart = 0) {
    this.#wallMsAtStart = wallMsAtStart;
  }

  wallMs(): number {
    return this.#wallMsAtStart + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  /** Moves both scales forward; throws RangeError on a negative or non-finite step. */
  advance(byMs: number): void {
    if (!(byMs >= 0 && byMs < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`cannot advance a clock by ${byMs} ms`);
    }
    this.#elapsedMs += byMs;
  }
}
