import { hash32 } from "./prng.ts";

export interface SourceRateLimits {
  /** Requests that a source may send at once after a long silence. */
  readonly burst: number;
  /** Requests per second that it may send in the long run. */
  readonly perSecond: number;
  /** Number of sources kept apart; a power of two. */
  readonly slots?: number;
}

const slotsDefault = 65_536;

/**
 * A token bucket for every source address, in a table of fixed size: a slot belongs to the source that
 * used it last, and the next source starts with a full bucket. So a flood from invented addresses gains
 * nothing but room in other slots, and an honest source is at worst served too generously.
 */
export class SourceRates {
  readonly #burst: number;
  readonly #tokensPerMs: number;
  readonly #seed: number;
  readonly #mask: number;
  readonly #owners: Uint32Array;
  readonly #tokens: Float64Array;
  /** Minus infinity: the slot is unused. */
  readonly #filledAtMs: Float64Array;

  /** `seed` decides which sources share a slot: an attacker should not know it. */
  constructor(limits: SourceRateLimits, seed: number) {
    const slots = limits.slots ?? slotsDefault;
    if (!(limits.burst >= 1) || !(limits.perSecond > 0)) {
      throw new RangeError(
        `a rate limit needs a burst of at least 1 and a rate above 0, not ${limits.burst} and ${limits.perSecond}`,
      );
    }
    if (!(slots >= 1 && slots <= 2 ** 24) || (slots & (slots - 1)) !== 0) {
      throw new RangeError(`rate limit slots must be a power of two up to 2^24, not ${slots}`);
    }
    this.#burst = limits.burst;
    this.#tokensPerMs = limits.perSecond / 1000;
    this.#seed = seed;
    this.#mask = slots - 1;
    this.#owners = new Uint32Array(slots);
    this.#tokens = new Float64Array(slots);
    this.#filledAtMs = new Float64Array(slots).fill(Number.NEGATIVE_INFINITY);
  }

  /**
   * Takes a token of `source`, or as many as the request costs; false when it has fewer left. `nowMs` is
   * monotonic.
   */
  take(source: number, nowMs: number, cost = 1): boolean {
    const slot = this.#refill(source, nowMs);
    const granted = this.#tokens[slot] >= cost;
    if (granted) this.#tokens[slot] -= cost;
    return granted;
  }

  /**
   * Takes the tokens although there may be too few: `source` then owes the rest, of `debtMsMax` at most. Returns the
   * milliseconds after which it owes nothing.
   */
  owe(source: number, nowMs: number, cost: number, debtMsMax: number): number {
    const slot = this.#refill(source, nowMs);
    const owed = Math.max(this.#tokens[slot] - cost, -debtMsMax * this.#tokensPerMs);
    this.#tokens[slot] = owed;
    return owed >= 0 ? 0 : -owed / this.#tokensPerMs;
  }

  /** Gives the source its tokens up to now, and returns its slot. */
  #refill(source: number, nowMs: number): number {
    const slot = hash32(this.#seed, 0, source) & this.#mask;
    const isKnown = this.#owners[slot] === source && this.#filledAtMs[slot] <= nowMs;
    let tokens = this.#burst;
    if (isKnown) {
      const gained = (nowMs - this.#filledAtMs[slot]) * this.#tokensPerMs;
      tokens = Math.min(this.#burst, this.#tokens[slot] + gained);
    }
    this.#owners[slot] = source;
    this.#filledAtMs[slot] = nowMs;
    this.#tokens[slot] = tokens;
    return slot;
  }
}
