/** The tag is stored above the lowest 25 bits, which hold a lease index plus one (at most 2^24). */
const TAG_SHIFT = 25;
const PLACE_MASK = (1 << TAG_SHIFT) - 1;

/**
 * A hash index from a client's bytes to lease indexes, in two typed arrays that never grow: the chain of
 * each bucket runs through `#next`. It does not store the keys; callers compare them. Each entry has
 * seven bits of its hash beside it, so entries of other clients are rarely examined. It uses chains, not
 * open addressing: leases that share a key, like those of one hardware address with a thousand client
 * ids, lengthen only their own bucket, and removing one moves no other.
 */
export class ClientIndex {
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #mask: number;

  /** `capacity`: the number of lease indexes, at most 2^24. */
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

  /** First index that may have this hash, -1 when there is none. */
  first(hash: number): number {
    return this.#sameTag(this.#heads[hash & this.#mask], hash);
  }

  /** The next one after `index`, which `first` or `next` returned for the same hash. */
  next(index: number, hash: number): number {
    return this.#sameTag(this.#next[index], hash);
  }

  link(index: number, hash: number): void {
    const bucket = hash & this.#mask;
    this.#next[index] = this.#heads[bucket];
    this.#heads[bucket] = ((hash >>> TAG_SHIFT) << TAG_SHIFT) | (index + 1);
  }

  unlink(index: number, hash: number): void {
    const bucket = hash & this.#mask;
    let at = (this.#heads[bucket] & PLACE_MASK) - 1;
    if (at === index) {
      this.#heads[bucket] = this.#next[index];
      return;
    }
    while (at >= 0) {
      const following = (this.#next[at] & PLACE_MASK) - 1;
      if (following === index) {
        this.#next[at] = this.#next[index];
        return;
      }
      at = following;
    }
  }

  #sameTag(start: number, hash: number): number {
    let entry = start;
    const tag = hash >>> TAG_SHIFT;
    while (entry !== 0 && entry >>> TAG_SHIFT !== tag) {
      entry = this.#next[(entry & PLACE_MASK) - 1];
    }
    return (entry & PLACE_MASK) - 1;
  }
}
