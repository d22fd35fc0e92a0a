/**
 * A binary heap of lease indexes, earliest key first, equal keys by index. `keys` and `positions`
 * belong to the table and are shared by all its heaps, so a lease may be in one heap at a time:
 * `positions[index]` is its place plus one, 0 when it is in none.
 */
export class IndexHeap {
  readonly #keys: Uint32Array;
  readonly #positions: Uint32Array;
  #items = new Int32Array(16);
  #size = 0;

  constructor(keys: Uint32Array, positions: Uint32Array) {
    this.#keys = keys;
    this.#positions = positions;
  }

  get size(): number {
    return this.#size;
  }

  get bytesReserved(): number {
    return this.#items.byteLength;
  }

  /** The index with the earliest key, -1 when empty. */
  first(): number {
    return this.#size === 0 ? -1 : this.#items[0];
  }

  add(index: number): void {
    if (this.#size === this.#items.length) {
      const grown = new Int32Array(this.#items.length * 2);
      grown.set(this.#items);
      this.#items = grown;
    }
    this.#size += 1;
    this.#rise(this.#size - 1, index);
  }

  /** Takes `index` out; it must be in this heap. Its key may have changed only after this call. */
  remove(index: number): void {
    const place = this.#positions[index] - 1;
    this.#positions[index] = 0;
    this.#size -= 1;
    if (place === this.#size) return;
    const moved = this.#items[this.#size];
    this.#sink(place, moved);
    if (this.#items[place] === moved) this.#rise(place, moved);
  }

  /** Puts `index`, which is in this heap, where its key belongs that has changed since. */
  moved(index: number): void {
    const place = this.#positions[index] - 1;
    this.#sink(place, index);
    if (this.#items[place] === index) this.#rise(place, index);
  }

  #isBefore(left: number, right: number): boolean {
    const difference = this.#keys[left] - this.#keys[right];
    return difference < 0 || (difference === 0 && left < right);
  }

  #rise(start: number, index: number): void {
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#items[parent];
      if (!this.#isBefore(index, above)) break;
      this.#put(place, above);
      place = parent;
    }
    this.#put(place, index);
  }

  #sink(start: number, index: number): void {
    let place = start;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= this.#size) break;
      const right = child + 1;
      if (right < this.#size && this.#isBefore(this.#items[right], this.#items[child])) {
        child = right;
      }
      if (!this.#isBefore(this.#items[child], index)) break;
      this.#put(place, this.#items[child]);
      place = child;
    }
    this.#put(place, index);
  }

  #put(place: number, index: number): void {
    this.#items[place] = index;
    this.#positions[index] = place + 1;
  }
}
