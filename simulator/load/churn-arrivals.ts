import { Heap } from "../../base/heap.ts";
import { Prng } from "../../base/prng.ts";
import { type Arrivals, NO_DEVICE, RateArrivals, type RateArrivalsInput } from "./arrivals.ts";

interface ChurnArrivalsInput extends RateArrivalsInput {
  readonly seed: number;
  readonly offForMs: { readonly min: number; readonly max: number };
}

interface Return {
  readonly atMs: number;
  readonly device: number;
}

/**
 * Devices leave at a rate, and each comes back after a time that its number and the seed decide. Both are
 * arrivals, in order of their intended time. If a device is away when its next turn to leave comes, that
 * turn is an arrival without a device.
 */
export class ChurnArrivals implements Arrivals {
  readonly #leaving: RateArrivals;
  readonly #offMs: (device: number) => number;
  /** A device is in it once at most. */
  readonly #returns = new Heap(isBefore);
  readonly #isAway = new Set<number>();

  constructor(input: ChurnArrivalsInput) {
    const { seed, offForMs } = input;
    this.#leaving = new RateArrivals(input);
    const spanMs = offForMs.max - offForMs.min;
    this.#offMs = (device) => offForMs.min + new Prng(seed, device).nextFloat() * spanMs;
  }

  get nextLeaves(): boolean {
    return this.#leaving.nextAtMs < this.#nextReturnMs && this.nextDevice !== NO_DEVICE;
  }

  get nextAtMs(): number {
    return Math.min(this.#leaving.nextAtMs, this.#nextReturnMs);
  }

  get nextDevice(): number {
    if (this.#leaving.nextAtMs >= this.#nextReturnMs)
      return this.#returns.first?.device ?? NO_DEVICE;
    const device = this.#leaving.nextDevice;
    return this.#isAway.has(device) ? NO_DEVICE : device;
  }

  skip(hasStarted: boolean): void {
    if (this.#leaving.nextAtMs >= this.#nextReturnMs) {
      this.#isAway.delete(this.#returns.pop()!.device);
      return;
    }
    const device = this.nextDevice;
    const atMs = this.#leaving.nextAtMs + this.#offMs(device);
    this.#leaving.skip();
    if (device === NO_DEVICE || !hasStarted) return;
    this.#isAway.add(device);
    this.#returns.push({ atMs, device });
  }

  get #nextReturnMs(): number {
    return this.#returns.first?.atMs ?? Number.POSITIVE_INFINITY;
  }
}

function isBefore(a: Return, b: Return): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.device < b.device);
}
