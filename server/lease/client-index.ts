/**
 * A hash from a client's bytes to lease indexes, in two typed arrays: the chain of each bucket runs
 * through `#next`. It knows no keys; the table compares those itself, from its blobs.
 */
export class ClientIndex {
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #mask: number;

  /** `capacity`: how many lease indexes there are. */
  constructor(capacity: number) {
    let buckets = 16;
    while (buckets < capacity) buckets *= 2;
    this.#mask = buckets - 1;
    this.#heads = new Int32Array(buckets);
    this.#next = new Int32Array(capacity);
  }

  get bytesReserved(): number {
    return this.#heads.byteLength + this.#next.byteLength;
  }

  /** First index of the chain that `hash` belongs to, -1 at its end. */
  first(hash: number): number {
    return this.#heads[hash & this.#mask] - 1;
  }

  next(index: number): number {
    return this.#next[index] - 1;
  }

  link(index: number, hash: number): void {
    const bucket = hash & this.#mask;
    this.#next[index] = this.#heads[bucket];
    this.#heads[bucket] = index + 1;
  }

  unlink(index: number, hash: number): void {
    const bucket = hash & this.#mask;
    if (this.#heads[bucket] === index + 1) {
      this.#heads[bucket] = this.#next[index];
      return;
    }
    let at = this.#heads[bucket] - 1;
    while (at >= 0) {
      const following = this.#next[at] - 1;
      if (following === index) {
        this.#next[at] = this.#next[index];
        return;
      }
      at = following;
    }
  }
}

/** 32-bit hash of the first `length` bytes; `seed` keeps strangers from aiming at one bucket. */
export function hashBytes(bytes: Uint8Array, length: number, seed: number): number {
  let hash = (seed ^ 0x811c_9dc5) | 0;
  for (let at = 0; at < length; at += 1) {
    hash = Math.imul(hash ^ bytes[at], 0x0100_0193);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9_f3b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
