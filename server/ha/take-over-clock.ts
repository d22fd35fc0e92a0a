/** What this node's take-overs took; milliseconds of the monotonic clock. */
export interface TakeOverTimes {
  /** How often it claimed and then answered. */
  readonly count: number;
  /** Of the latest: from the last heartbeat of the other node to the claim. 0 before the first. */
  readonly silentMs: number;
  /** Of the latest: from the claim to the moment from which it answered. */
  readonly claimMs: number;
}

/** Times the take-overs of one node (HA-8). A claim that is lost is none; one that is asked again began with the first. */
export class TakeOverClock {
  #heardAtMs: number | undefined;
  #claim: { readonly atMs: number; readonly silentMs: number } | undefined;
  #times: TakeOverTimes = { count: 0, silentMs: 0, claimMs: 0 };

  get times(): TakeOverTimes {
    return this.#times;
  }

  /** A heartbeat of the other node has come. */
  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
  }

  /** Once a turn, with the role that it ends with. */
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
