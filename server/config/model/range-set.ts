import type { AddressRange } from "./model.ts";

/** A longer block is cut in two, so an insertion moves at most this many ranges. */
const BLOCK_RANGES_MAX = 512;

/** All ranges of addresses to lend, kept in order so that no address is in two of them. */
export class RangeSet {
  /** The ranges in order, in blocks; no block is empty. */
  readonly #blocks: AddressRange[][] = [];
  /** Number of addresses. */
  size = 0;

  /** The lowest address of the range that is there already; undefined when it is disjoint. */
  overlap(range: AddressRange): number | undefined {
    const at = this.#blockFor(range.low);
    const block = this.#blocks[at];
    if (block === undefined) return undefined;
    const place = countFrom(block, range.low, ({ low }) => low);
    const before = block[place - 1];
    if (before !== undefined && before.high >= range.low) return range.low;
    const after = block[place] ?? this.#blocks[at + 1]?.[0];
    return after !== undefined && after.low <= range.high ? after.low : undefined;
  }

  /** The range must be disjoint from the others. */
  add(range: AddressRange): void {
    this.size += range.high - range.low + 1;
    const at = this.#blockFor(range.low);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks.push([range]);
      return;
    }
    block.splice(
      countFrom(block, range.low, ({ low }) => low),
      0,
      range,
    );
    if (block.length <= BLOCK_RANGES_MAX) return;
    this.#blocks.splice(at + 1, 0, block.splice(BLOCK_RANGES_MAX / 2));
  }

  /** Index of the last block that begins at or below `address`, or else of the first. */
  #blockFor(address: number): number {
    return Math.max(0, countFrom(this.#blocks, address, ([{ low }]) => low) - 1);
  }
}

/** How many of the sorted items begin at or below `address`. */
function countFrom<Item>(
  items: readonly Item[],
  address: number,
  lowOf: (item: Item) => number,
): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (lowOf(items[middle]) > address) high = middle;
    else low = middle + 1;
  }
  return low;
}
