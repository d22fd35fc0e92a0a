import { hash32 } from "./prng.ts";

const ROUNDS = 4;

/**
 * A pseudo-random order of 0..size-1 in O(1) memory: a balanced Feistel network over the next power of
 * four. A value outside the range goes through the network again until it falls inside.
 */
export class Permutation {
  readonly size: number;
  readonly #seed: number;
  readonly #halfBits: number;

  /** `size` in 0..2^31; the same size and seed always give the same order. */
  constructor(size: number, seed: number) {
    if (!(Number.isInteger(size) && size >= 0 && size <= 0x8000_0000)) {
      throw new RangeError(`a permutation needs a whole size in 0..2^31, not ${size}`);
    }
    this.size = size;
    this.#seed = seed;
    const bits = size <= 1 ? 0 : 32 - Math.clz32(size - 1);
    this.#halfBits = Math.max(1, Math.ceil(bits / 2));
  }

  /** The element at position `i` of the order; throws RangeError outside 0..size-1. */
  at(i: number): number {
    if (!(Number.isInteger(i) && i >= 0 && i < this.size)) {
      throw new RangeError(`position ${i} is outside a permutation of ${this.size}`);
    }
    // The domain is less than 4 times the size, so this ends after 4 walks on average, and it
    // always ends, because the network is a bijection and `i` itself lies on the walked cycle.
    let value = i;
    do value = this.#encrypt(value);
    while (value >= this.size);
    return value;
  }

  #encrypt(value: number): number {
    const bits = this.#halfBits;
    const mask = 2 ** bits - 1;
    let left = value >>> bits;
    let right = value & mask;
    for (let round = 0; round < ROUNDS; round += 1) {
      const next = (left ^ hash32(this.#seed, round, right)) & mask;
      left = right;
      right = next;
    }
    return ((left << bits) | right) >>> 0;
  }
}
