import { Prng } from "../../base/prng.ts";

/** What a network does to datagrams; rates are probabilities from 0 to 1. */
export interface LinkFaults {
  readonly lossRate: number;
  readonly duplicationRate: number;
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  /** How often a datagram takes the long way, and how long that may be: what comes later overtakes. */
  readonly strayRate: number;
  readonly strayMsMax: number;
}

export const perfectLink: LinkFaults = {
  lossRate: 0,
  duplicationRate: 0,
  delayMsMin: 1,
  delayMsMax: 1,
  strayRate: 0,
  strayMsMax: 0,
};

/** A seeded network between devices and server: it loses, duplicates, delays and reorders. */
export class LossyLink {
  readonly counters = { carried: 0, lost: 0, duplicated: 0, strayed: 0 };
  readonly #faults: LinkFaults;
  readonly #prng: Prng;

  constructor(faults: LinkFaults, seed: number, stream: number) {
    this.#faults = faults;
    this.#prng = new Prng(seed, stream);
  }

  /** Calls `deliver` with the time of each copy that arrives: not at all, once or twice. */
  carry(nowMs: number, deliver: (atMs: number) => void): void {
    const { lossRate, duplicationRate } = this.#faults;
    this.counters.carried += 1;
    if (this.#prng.nextFloat() < lossRate) {
      this.counters.lost += 1;
      return;
    }
    deliver(nowMs + this.#delayMs());
    if (this.#prng.nextFloat() >= duplicationRate) return;
    this.counters.duplicated += 1;
    deliver(nowMs + this.#delayMs());
  }

  #delayMs(): number {
    const { delayMsMin, delayMsMax, strayRate, strayMsMax } = this.#faults;
    const delayMs = delayMsMin + (delayMsMax - delayMsMin) * this.#prng.nextFloat();
    if (this.#prng.nextFloat() >= strayRate) return delayMs;
    this.counters.strayed += 1;
    return delayMs + strayMsMax * this.#prng.nextFloat();
  }
}
