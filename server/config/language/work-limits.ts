/** Calls of functions of the file's own that one evaluation may make. */
const CALLS_MAX = 256;
/** Steps of regular expressions that one evaluation may take: less than a second of them. */
const PATTERN_STEPS_MAX = 2 ** 26;
/** Look-ups of options that others need, and calls of functions, one inside another. */
const LOOKUP_DEPTH_MAX = 20;
/** Such look-ups in one evaluation; they could double with every step otherwise. */
const LOOKUPS_MAX = 1024;

/** The work that one evaluation may still do: an expression always ends. */
export class WorkLimits {
  #lookupDepth = 0;
  #lookupsLeft = LOOKUPS_MAX;
  #callDepth = 0;
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

  /** False when there are too many calls, or too many inside each other. */
  enterCall(depthMax: number): boolean {
    if (this.#callsLeft === 0 || this.#callDepth + this.#lookupDepth >= depthMax) return false;
    this.#callsLeft -= 1;
    this.#callDepth += 1;
    return true;
  }

  leaveCall(): void {
    this.#callDepth -= 1;
  }

  /** The same for look-ups of values that are still to be worked out. */
  enterLookup(): boolean {
    const depth = this.#lookupDepth + this.#callDepth;
    if (depth >= LOOKUP_DEPTH_MAX || this.#lookupsLeft === 0) return false;
    this.#lookupsLeft -= 1;
    this.#lookupDepth += 1;
    return true;
  }

  leaveLookup(): void {
    this.#lookupDepth -= 1;
  }
}
