import { deviceKinds, type Population } from "./population.ts";

/**
 * The devices of one worker: those whose unit number is `index` modulo `count`. The kernel steers
 * replies to the workers' sockets by the same rule, on the last octets of chaddr. Inside a worker
 * they are numbered 0 to `size` - 1 ("local"), kind after kind.
 */
export class Shard {
  readonly index: number;
  readonly count: number;
  readonly size: number;
  readonly population: Population;
  // The first local number of each kind, and `size` at the end.
  readonly #firstOf: readonly number[];

  constructor(population: Population, index: number, count: number) {
    if (!(Number.isInteger(count) && count >= 1 && Number.isInteger(index))) {
      throw new RangeError(`shard ${index} of ${count} is not a share of anything`);
    }
    if (index < 0 || index >= count) throw new RangeError(`there is no shard ${index} of ${count}`);
    this.population = population;
    this.index = index;
    this.count = count;
    const firstOf = [0];
    for (const [kindIndex, units] of population.countOf.entries()) {
      const own = units > index ? Math.ceil((units - index) / count) : 0;
      firstOf.push(firstOf[kindIndex] + own);
    }
    this.#firstOf = firstOf;
    this.size = firstOf[deviceKinds.length];
  }

  /** The local number of a device, -1 when another worker has it. */
  localOf(device: number): number {
    const kindIndex = this.population.kindIndexOf(device);
    const unit = device - this.population.firstOf[kindIndex];
    if (unit % this.count !== this.index) return -1;
    return this.#firstOf[kindIndex] + (unit - this.index) / this.count;
  }

  deviceOf(local: number): number {
    const firstOf = this.#firstOf;
    let kindIndex = 0;
    while (local >= firstOf[kindIndex + 1]) kindIndex += 1;
    const unit = this.index + (local - firstOf[kindIndex]) * this.count;
    return this.population.firstOf[kindIndex] + unit;
  }
}
