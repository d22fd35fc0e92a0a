// Mixers of 32-bit integers. `mix` is the finalizer of MurmurHash3 (Austin Appleby, public
// domain): every input bit changes every output bit with a probability near one half.
function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const GOLDEN_RATIO = 0x9e37_79b9;

/**
 * A uniform unsigned 32-bit number that depends only on its three arguments (their low 32 bits): any draw
 * can be repeated, in any order, on any worker.
 */
export function hash32(seed: number, stream: number, counter: number): number {
  const keyed = mix((seed + GOLDEN_RATIO) | 0);
  const streamed = mix((keyed + Math.imul(stream, GOLDEN_RATIO) + 0x7f4a_7c15) | 0);
  return mix((streamed ^ mix((Math.imul(counter, GOLDEN_RATIO) + 0x6a09_e667) | 0)) | 0);
}

/** A seeded stream of random numbers: draw k is `hash32(seed, stream, k)`. */
export class Prng {
  readonly #seed: number;
  readonly #stream: number;
  #counter = 0;

  constructor(seed: number, stream: number) {
    this.#seed = seed;
    this.#stream = stream;
  }

  nextUInt32(): number {
    const value = hash32(this.#seed, this.#stream, this.#counter);
    this.#counter += 1;
    return value;
  }

  /** Uniform in [0, 1), with 53 random bits. */
  nextFloat(): number {
    const high = this.nextUInt32() >>> 5;
    const low = this.nextUInt32() >>> 6;
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  }

  /** Uniform integer in 0..bound-1, `bound` in 1..2^32. The bias is below bound / 2^53. */
  nextBelow(bound: number): number {
    if (!(Number.isInteger(bound) && bound >= 1 && bound <= 0x1_0000_0000)) {
      throw new RangeError(`nextBelow needs a whole bound in 1..2^32, not ${bound}`);
    }
    return Math.floor(this.nextFloat() * bound);
  }
}
