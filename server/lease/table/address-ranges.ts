/** A run of dynamic addresses, both ends included, that belongs to one pool. */
export interface LeaseRange {
  readonly low: number;
  readonly high: number;
  /** Number of the pool: 0 to 65,535. A pool may have several ranges. */
  readonly pool: number;
}

/** More would need gigabytes of memory; a larger range is most likely a typing mistake. */
export const LEASES_MAX = 1 << 24;
const POOL_MAX = 65_535;

/** Numbers the addresses of all ranges 0, 1, 2, … in the order of the addresses. */
export class AddressRanges {
  readonly size: number;
  readonly poolCount: number;
  /**
   * First address, last address, first index and pool of each range, sorted by address. `#first` has one
   * more entry: the total number of addresses.
   */
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;
  readonly #firstIndex: Uint32Array;
  readonly #pool: Uint16Array;
  /** Position of the latest look-up: a packet concerns one range and looks it up many times. */
  #latest = 0;

  /** Throws RangeError when ranges overlap, are reversed or have too many addresses. */
  constructor(ranges: readonly LeaseRange[]) {
    const sorted = [...ranges].sort((left, right) => left.low - right.low);
    checkRanges(sorted);
    this.#low = Uint32Array.from(sorted, (range) => range.low);
    this.#high = Uint32Array.from(sorted, (range) => range.high);
    this.#pool = Uint16Array.from(sorted, (range) => range.pool);
    this.#firstIndex = new Uint32Array(sorted.length + 1);
    let size = 0;
    for (const [place, range] of sorted.entries()) {
      this.#firstIndex[place] = size;
      size += range.high - range.low + 1;
    }
    if (size > LEASES_MAX) {
      throw new RangeError(
        `the ranges have ${size} addresses, more than ${LEASES_MAX}: make them smaller`,
      );
    }
    this.#firstIndex[sorted.length] = size;
    this.size = size;
    this.poolCount = ranges.reduce((count, range) => Math.max(count, range.pool + 1), 0);
  }

  /** -1 when the address is in no range. */
  indexOf(address: number): number {
    let place = this.#latest;
    if (!(address >= this.#low[place] && address <= this.#high[place])) {
      place = lastNotAbove(this.#low, address);
      if (place < 0 || address > this.#high[place]) return -1;
      this.#latest = place;
    }
    return this.#firstIndex[place] + (address - this.#low[place]);
  }

  addressOf(index: number): number {
    const place = this.#placeOf(index);
    return this.#low[place] + (index - this.#firstIndex[place]);
  }

  poolOf(index: number): number {
    return this.#pool[this.#placeOf(index)];
  }

  #placeOf(index: number): number {
    const latest = this.#latest;
    if (index >= this.#firstIndex[latest] && index < this.#firstIndex[latest + 1]) return latest;
    const place = lastNotAbove(this.#firstIndex, index);
    this.#latest = place;
    return place;
  }
}

/** Position of the last value not above `wanted`; -1 when all are above. */
function lastNotAbove(sorted: Uint32Array, wanted: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function checkRanges(sorted: readonly LeaseRange[]): void {
  for (const [place, range] of sorted.entries()) {
    if (!(range.low >= 0 && range.low <= range.high && range.high <= 0xffff_ffff)) {
      throw new RangeError(`range ${dotted(range.low)} ${dotted(range.high)} is upside down`);
    }
    if (!(range.pool >= 0 && range.pool <= POOL_MAX)) {
      throw new RangeError(`pool ${range.pool}: at most ${POOL_MAX + 1} pools are possible`);
    }
    const next = sorted[place + 1];
    if (next !== undefined && next.low <= range.high) {
      throw new RangeError(
        `range ${dotted(next.low)} ${dotted(next.high)} overlaps ${dotted(range.low)} ${dotted(range.high)}`,
      );
    }
  }
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}
