/** Durations of this node's take-overs, in milliseconds of the monotonic clock. */
export interface TakeOverTimes {
  /** How often it claimed and then answered. */
  readonly count: number;
  /** Latest take-over: from the last heartbeat of the other node to the claim. 0 before the first. */
  readonly silentMs: number;
  /** Latest take-over: from the claim to the moment when it began to answer. */
  readonly claimMs: number;
}

/**
 * Times the take-overs of one node (HA-8). A lost claim does not count; a repeated claim began with the
 * first.
 */
export class TakeOverClock {
  #heardAtMs: number | undefined;
  #claim: { readonly atMs: number; readonly silentMs: number } | undefined;
  #times: TakeOverTimes = { count: 0, silentMs: 0, claimMs: 0 };

  get times(): TakeOverTimes {
    return this.#times;
  }

  /** A heartbeat of the other node has arrived. */
  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
  }

  /** Call once a turn, with the role after it. */
  turn(nowMs: number, role: string, isAnswering: boolean): void {
    if (role === "claiming") {
      this.#claim ??= { atMs: nowMs, silentMs: nowMs - (this.#heardAtMs ?? nowMs) };
    } else if (role !== "active") {
      this.#claim = undefined;
    } else if (isAnswering && this.#claim !== undefined) {
      const { atMs, silentMs } = this.#claim;
      this.#times = { count: this.#times.count + 1, silentMs, claimMs: nowMs - atMs };
      this.#claim = undefined;
    }
  }
}
