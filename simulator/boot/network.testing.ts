import { Prng } from "../../base/prng.ts";

export interface NetworkFaults {
  /** Of every datagram, in each direction: 0 to 1. */
  readonly loss?: number;
  readonly duplication?: number;
  readonly delayMsMin?: number;
  readonly maxDelayMs?: number;
}

/** Virtual time, and datagrams that are lost, doubled and overtaken as one seed has it. */
export class VirtualNetwork {
  nowMs = 0;
  lost = 0;
  readonly #prng: Prng;
  readonly #faults: Required<NetworkFaults>;
  readonly #events = new Map<number, (() => void)[]>();

  constructor(seed: number, faults: NetworkFaults = {}) {
    this.#prng = new Prng(seed, 1);
    this.#faults = { loss: 0, duplication: 0, delayMsMin: 1, maxDelayMs: 1, ...faults };
  }

  after(delayMs: number, run: () => void): void {
    const atMs = Math.max(Math.ceil(this.nowMs + delayMs), this.nowMs + 1);
    const others = this.#events.get(atMs);
    if (others === undefined) this.#events.set(atMs, [run]);
    else others.push(run);
  }

  /** One datagram: `deliver` runs once, never or twice. */
  carry(deliver: () => void): void {
    const { loss, duplication } = this.#faults;
    if (this.#prng.nextFloat() < loss) {
      this.lost += 1;
      return;
    }
    this.after(this.#delayMs(), deliver);
    if (this.#prng.nextFloat() < duplication) this.after(this.#delayMs(), deliver);
  }

  /** Runs until `isDone`, or for `limitMs`; `tick` runs every millisecond. */
  run(limitMs: number, tick: (nowMs: number) => void, isDone: () => boolean = () => false): void {
    const endMs = this.nowMs + limitMs;
    while (this.nowMs < endMs && !isDone()) {
      this.nowMs += 1;
      const events = this.#events.get(this.nowMs);
      this.#events.delete(this.nowMs);
      for (const run of events ?? []) run();
      tick(this.nowMs);
    }
  }

  #delayMs(): number {
    const { delayMsMin, maxDelayMs } = this.#faults;
    return delayMsMin + this.#prng.nextFloat() * (maxDelayMs - delayMsMin);
  }
}
