/** Calls of functions of the file's own that one evaluation may make. */
const CALLS_MAX = 256;
/** Steps of regular expressions that one evaluation may take: less than a second of them. */
const PATTERN_STEPS_MAX = 2 ** 26;
/**
 * Look-ups of options that others need, and calls of functions, one inside another. With the deepest
 * expressions, so many calls take half of a thread's stack (node: 984 KiB).
 */
const DEPTH_MAX = 20;
/** Such look-ups in one evaluation; they could double with every step otherwise. */
const LOOKUPS_MAX = 1024;

/** The work that one evaluation may still do: an expression always ends. */
export class WorkLimits {
  #depth = 0;
  #lookupsLeft = LOOKUPS_MAX;
  #callsLeft = CALLS_MAX;
  #patternStepsLeft = PATTERN_STEPS_MAX;

  /** Prepares for the next evaluation. */
  renew(): void {
    this.#callsLeft = CALLS_MAX;
    this.#lookupsLeft = LOOKUPS_MAX;
    this.#patternStepsLeft = PATTERN_STEPS_MAX;
  }

  /** False when matching patterns has been too much work already. */
  takePatternSteps(steps: number): boolean {
    if (steps > this.#patternStepsLeft) return false;
    this.#patternStepsLeft -= steps;
    return true;
  }

  /** False when there are too many calls, or too many inside each other; else `leave` ends the call. */
  enterCall(): boolean {
    if (this.#callsLeft === 0 || this.#depth >= DEPTH_MAX) return false;
    this.#callsLeft -= 1;
    this.#depth += 1;
    return true;
  }

  /** The same for look-ups of values that are still to be worked out. */
  enterLookup(): boolean {
    if (this.#lookupsLeft === 0 || this.#depth >= DEPTH_MAX) return false;
    this.#lookupsLeft -= 1;
    this.#depth += 1;
    return true;
  }

  leave(): void {
    this.#depth -= 1;
  }
}
