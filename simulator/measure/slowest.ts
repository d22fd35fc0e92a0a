/** The transactions of a phase that a report lists. */
export const SLOWEST_MAX = 20;

/** One of the slowest transactions; times count from the start of its phase. */
export interface SlowTransaction {
  readonly device: number;
  /** Of the phase's streams. */
  readonly stream: number;
  readonly intendedAtMs: number;
  /** When its first packet left. */
  readonly sentAtMs: number;
  /** From the intended time to its end. */
  readonly latencyMs: number;
  readonly retransmissions: number;
}

/** The transactions with the longest latency, on one worker or over all. */
export class Slowest {
  #sorted: SlowTransaction[] = [];
  #leastMs = 0;

  /** Faster transactions are not kept. */
  get leastMs(): number {
    return this.#leastMs;
  }

  add(transaction: SlowTransaction): void {
    const { latencyMs } = transaction;
    let place = this.#sorted.length;
    while (place > 0 && this.#sorted[place - 1].latencyMs < latencyMs) place -= 1;
    this.#sorted.splice(place, 0, transaction);
    if (this.#sorted.length > SLOWEST_MAX) this.#sorted.pop();
    if (this.#sorted.length === SLOWEST_MAX) this.#leastMs = this.#sorted.at(-1)!.latencyMs;
  }

  /** The slowest first. */
  get all(): readonly SlowTransaction[] {
    return this.#sorted;
  }
}
