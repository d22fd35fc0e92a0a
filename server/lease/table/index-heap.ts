import { ROW_WORDS, Word } from "./lease-cells.ts";

/**
 * A binary heap of lease indexes: earliest end first, equal ends by index. `words` are the cells of the
 * table and are shared by all its heaps, so a lease may be in only one heap at a time: its row holds its
 * position in the heap plus one, 0 when it is in none.
 */
export class IndexHeap {
  readonly #words: Uint32Array;
  #items = new Int32Array(16);
  #size = 0;

  constructor(words: Uint32Array) {
    this.#words = words;
  }

  get size(): number {
    return this.#size;
  }

  get bytesReserved(): number {
    return this.#items.byteLength;
  }

  /** The index with the earliest end, -1 when empty. */
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

  /** Removes `index`, which must be in this heap. Change its key only after this call. */
  remove(index: number): void {
    const place = this.#words[index * ROW_WORDS + Word.position] - 1;
    this.#words[index * ROW_WORDS + Word.position] = 0;
    this.#size -= 1;
    if (place === this.#size) return;
    const moved = this.#items[this.#size];
    this.#sink(place, moved);
    if (this.#items[place] === moved) this.#rise(place, moved);
  }

  /** Restores the order after the key of `index`, which is in this heap, has changed. */
  moved(index: number): void {
    const place = this.#words[index * ROW_WORDS + Word.position] - 1;
    this.#sink(place, index);
    if (this.#items[place] === index) this.#rise(place, index);
  }

  #isBefore(left: number, right: number): boolean {
    const difference =
      this.#words[left * ROW_WORDS + Word.ends] - this.#words[right * ROW_WORDS + Word.ends];
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
    this.#words[index * ROW_WORDS + Word.position] = place + 1;
  }
}
