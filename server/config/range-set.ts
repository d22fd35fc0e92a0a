import type { AddressRange } from "./model.ts";

/** All ranges of addresses to lend, kept in order so that no address is in two of them. */
export class RangeSet {
  readonly #ranges: AddressRange[] = [];
  #size = 0;

  /** Number of addresses. */
  get size(): number {
    return this.#size;
  }

  /** The lowest address of the range that is there already; undefined when it is disjoint. */
  overlap(range: AddressRange): number | undefined {
    const place = this.#placeOf(range.low);
    const before = this.#ranges[place - 1];
    if (before !== undefined && before.high >= range.low) return range.low;
    const after = this.#ranges[place];
    return after !== undefined && after.low <= range.high ? after.low : undefined;
  }

  /** The range must be disjoint from the others. */
  add(range: AddressRange): void {
    this.#ranges.splice(this.#placeOf(range.low), 0, range);
    this.#size += range.high - range.low + 1;
  }

  /** Index of the first range that begins above `address`. */
  #placeOf(address: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle].low > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
