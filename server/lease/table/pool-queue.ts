import { type BindingState, bindingStates } from "../lease.ts";
import { IndexHeap } from "./index-heap.ts";
import { Octet, ROW_BYTES } from "./lease-cells.ts";
import { StateCode } from "./lease-codes.ts";

export type LeaseCounts = Readonly<Record<BindingState, number>> & {
  readonly total: number;
  /** Addresses never held by a client; they are included in `free`. */
  readonly neverUsed: number;
};

/** The addresses of one pool, queued by state. */
export class PoolQueue {
  /** Free addresses that were used or offered before, the earliest end first. */
  readonly free: IndexHeap;
  /** Bound addresses, the next to expire first. */
  readonly active: IndexHeap;
  readonly abandoned: IndexHeap;
  readonly counts = new Uint32Array(bindingStates.length + 1);
  readonly #spans: { next: number; readonly end: number }[] = [];
  readonly #octets: Uint8Array;
  #span = 0;

  constructor(words: Uint32Array, octets: Uint8Array) {
    this.free = new IndexHeap(words);
    this.active = new IndexHeap(words);
    this.abandoned = new IndexHeap(words);
    this.#octets = octets;
  }

  get bytesReserved(): number {
    return this.free.bytesReserved + this.active.bytesReserved + this.abandoned.bytesReserved;
  }

  /** Adds a run of never used indexes. Runs are given out in the order of these calls. */
  addSpan(first: number, end: number): void {
    this.#spans.push({ next: first, end });
    this.counts[StateCode.neverUsed] += end - first;
  }

  /**
   * The first never used index, -1 when there is none. A used address never becomes unused again, so the
   * cursor only moves forward.
   */
  firstNeverUsed(): number {
    while (this.#span < this.#spans.length) {
      const span = this.#spans[this.#span];
      while (span.next < span.end && !this.#isNeverUsed(span.next)) span.next += 1;
      if (span.next < span.end) return span.next;
      this.#span += 1;
    }
    return -1;
  }

  #isNeverUsed(index: number): boolean {
    return this.#octets[index * ROW_BYTES + Octet.state] === StateCode.neverUsed;
  }

  /** The queue of a state; every state left behind by a failover pair counts as free here. */
  heapOf(stateCode: number): IndexHeap {
    if (stateCode === StateCode.active) return this.active;
    return stateCode === StateCode.abandoned ? this.abandoned : this.free;
  }
}

/** Costs one step per pool, whatever the number of leases. */
export function sumCounts(queues: readonly PoolQueue[]): LeaseCounts {
  const sums = new Float64Array(bindingStates.length + 1);
  let total = 0;
  for (const { counts } of queues) {
    for (let code = 0; code < sums.length; code += 1) {
      sums[code] += counts[code];
      total += counts[code];
    }
  }
  const neverUsed = sums[StateCode.neverUsed];
  return {
    free: sums[StateCode.free] + neverUsed,
    active: sums[StateCode.active],
    expired: sums[StateCode.expired],
    released: sums[StateCode.released],
    abandoned: sums[StateCode.abandoned],
    reset: sums[StateCode.reset],
    backup: sums[StateCode.backup],
    total,
    neverUsed,
  };
}
