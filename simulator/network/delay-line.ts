import { Heap } from "../../base/heap.ts";

interface Turn<T> {
  readonly item: T;
  readonly turn: number;
}

/** What is under way, soonest first, with an end to its size; equal times keep the order in which they came. */
export class DelayLine<T extends { readonly atMs: number }> {
  readonly #capacity: number;
  readonly #heap = new Heap<Turn<T>>(
    (a, b) => a.item.atMs < b.item.atMs || (a.item.atMs === b.item.atMs && a.turn < b.turn),
  );
  #turn = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#heap.size;
  }

  /** When the soonest is due; infinity when there is none. */
  get dueAtMs(): number {
    return this.#heap.first?.item.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** False when the line is full and the item was not taken. */
  add(item: T): boolean {
    if (this.#heap.size >= this.#capacity) return false;
    this.#heap.push({ item, turn: this.#turn });
    this.#turn += 1;
    return true;
  }

  /** Takes the soonest out if it is due by `nowMs`. */
  take(nowMs: number): T | undefined {
    return this.dueAtMs > nowMs ? undefined : this.#heap.pop()?.item;
  }

  clear(): void {
    this.#heap.clear();
  }
}
