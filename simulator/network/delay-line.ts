/** Something that waits until a time; equal times keep the order in which they came. */
export interface Waiting {
  readonly atMs: number;
}

/** A heap of what is under way, soonest first, with an end to its size. */
export class DelayLine<T extends Waiting> {
  readonly #capacity: number;
  // A binary heap: the children of i are 2 i + 1 and 2 i + 2.
  readonly #heap: { readonly item: T; readonly turn: number }[] = [];
  #turn = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** When the soonest is due; infinity when there is none. */
  get dueAtMs(): number {
    return this.#heap[0]?.item.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** False when the line is full and the item was not taken. */
  add(item: T): boolean {
    const heap = this.#heap;
    if (heap.length >= this.#capacity) return false;
    let at = heap.length;
    heap.push({ item, turn: this.#turn });
    this.#turn += 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
    return true;
  }

  /** Takes the soonest out if it is due by `nowMs`. */
  take(nowMs: number): T | undefined {
    const heap = this.#heap;
    if (this.dueAtMs > nowMs) return undefined;
    const { item } = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) {
      heap[0] = last;
      this.#sink();
    }
    return item;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child + 1 < this.#heap.length && this.#isBefore(child + 1, child)) child += 1;
      if (child >= this.#heap.length || !this.#isBefore(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const a = this.#heap[one];
    const b = this.#heap[other];
    return a.item.atMs < b.item.atMs || (a.item.atMs === b.item.atMs && a.turn < b.turn);
  }

  #swap(one: number, other: number): void {
    const kept = this.#heap[one];
    this.#heap[one] = this.#heap[other];
    this.#heap[other] = kept;
  }
}
