import { type Arrivals, NO_DEVICE, ownPositions } from "./arrivals.ts";

interface OutstandingArrivalsInput {
  /** All devices of the stream, over all workers, in their order. */
  readonly share: Uint32Array;
  readonly owns: (device: number) => boolean;
  /** This worker's part of the transactions under way. */
  readonly limit: number;
  /** Whether each device has its turn once, or again and again. */
  readonly once: boolean;
  /** Nothing is due before. */
  readonly startMs?: number;
  /** This worker's transactions of the stream that are under way; Infinity when no more are wanted. */
  readonly inFlight: () => number;
}

/** The pause after a whole round that started nothing: devices that cannot start must not cost time. */
export const IDLE_ROUND_MS = 20;

/**
 * Closed loop: the next arrival is due as soon as fewer than `limit` transactions are under way, for the
 * worker's own devices of the share in their order.
 */
export class OutstandingArrivals implements Arrivals {
  readonly #input: OutstandingArrivalsInput;
  readonly #positions: Uint32Array;
  #turn = 0;
  #misses = 0;
  #notBeforeMs = 0;

  constructor(input: OutstandingArrivalsInput) {
    this.#input = input;
    this.#notBeforeMs = input.startMs ?? 0;
    this.#positions = ownPositions(input.share, input.owns);
  }

  get nextAtMs(): number {
    const { limit, inFlight } = this.#input;
    const isDue = this.#turn < this.#positions.length && inFlight() < limit;
    return isDue ? this.#notBeforeMs : Number.POSITIVE_INFINITY;
  }

  get nextDevice(): number {
    const position = this.#positions[this.#turn];
    return position === undefined ? NO_DEVICE : this.#input.share[position];
  }

  skip(hasStarted: boolean, nowMs: number): void {
    this.#misses = hasStarted ? 0 : this.#misses + 1;
    if (this.#misses === this.#positions.length) {
      this.#misses = 0;
      this.#notBeforeMs = nowMs + IDLE_ROUND_MS;
    }
    this.#turn += 1;
    if (this.#turn === this.#positions.length && !this.#input.once) this.#turn = 0;
  }
}

/** One worker's part of a number of transactions: the parts of all workers add up to it. */
export function partOf(outstanding: number, worker: { index: number; count: number }): number {
  const whole = Math.floor(outstanding / worker.count);
  return worker.index < outstanding % worker.count ? whole + 1 : whole;
}
