import { Prng } from "../../../../base/prng.ts";

/** Seeded choices. */
export class Dice {
  readonly #prng: Prng;

  constructor(seed: number, stream: number) {
    this.#prng = new Prng(seed, stream);
  }

  /** 0..bound-1. */
  below(bound: number): number {
    return this.#prng.nextBelow(bound);
  }

  /** low..high, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)];
  }

  /** A choice among items of different weights. */
  weighted<Item extends { readonly weight: number }>(items: readonly Item[]): Item {
    let at = this.below(items.reduce((sum, { weight }) => sum + weight, 0));
    return items.find(({ weight }) => {
      at -= weight;
      return at < 0;
    })!;
  }

  /** `count` makings of something. */
  times<Item>(count: number, make: (at: number) => Item): Item[] {
    return Array.from({ length: count }, (_, at) => make(at));
  }
}
