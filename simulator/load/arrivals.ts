import { hash32 } from "../../base/prng.ts";
import type { ArrivalTimes } from "./arrival-times.ts";

/** The device of an arrival that finds none. */
export const NO_DEVICE = -1;

/** One worker's arrivals of one stream, in order of their intended time. */
export interface Arrivals {
  /** When the next one is intended; Infinity when there is none left. */
  readonly nextAtMs: number;
  /** Its device, or NO_DEVICE. */
  readonly nextDevice: number;
  /** True: the device is to leave, and nothing is measured; else it begins the stream's exchange. */
  readonly nextLeaves?: boolean;
  /** Moves on to the next arrival; `hasStarted`: whether the device did what this one wanted. */
  skip(hasStarted: boolean, nowMs: number): void;
}

export interface RateArrivalsInput {
  /** All devices of the stream, over all workers, in their order. */
  readonly share: Uint32Array;
  readonly owns: (device: number) => boolean;
  /** Whether this worker counts the arrivals of a stream that has no device at all. */
  readonly countsOrphans: boolean;
  readonly startMs: number;
  readonly times: ArrivalTimes;
  /** Arrivals over all workers. */
  readonly arrivals: number;
}

/**
 * Open loop: arrival k, counted over all workers, is intended at `times(k)`, for device k modulo the size of
 * the share. The time depends on k alone, so errors do not add up, and the rate is exact for any number of
 * workers. A worker visits only the arrivals of its own devices.
 */
export class RateArrivals implements Arrivals {
  nextAtMs = Number.POSITIVE_INFINITY;
  nextDevice = NO_DEVICE;
  readonly #input: RateArrivalsInput;
  readonly #shareSize: number;
  /** Where in the share the worker's own devices are. */
  readonly #positions: Uint32Array;
  #round = 0;
  #turn = 0;

  constructor(input: RateArrivalsInput) {
    this.#input = input;
    const orphans = input.share.length === 0;
    this.#shareSize = orphans ? 1 : input.share.length;
    this.#positions = orphans
      ? new Uint32Array(input.countsOrphans ? 1 : 0)
      : ownPositions(input.share, input.owns);
    this.#settle();
  }

  skip(): void {
    this.#turn += 1;
    if (this.#turn === this.#positions.length) {
      this.#turn = 0;
      this.#round += 1;
    }
    this.#settle();
  }

  #settle(): void {
    const { share, arrivals, startMs, times } = this.#input;
    const position = this.#positions[this.#turn];
    const k = position === undefined ? arrivals : this.#round * this.#shareSize + position;
    if (position === undefined || k >= arrivals) {
      this.nextAtMs = Number.POSITIVE_INFINITY;
      this.nextDevice = NO_DEVICE;
      return;
    }
    this.nextAtMs = startMs + times(k);
    this.nextDevice = share.length === 0 ? NO_DEVICE : share[position];
  }
}

/** Where in the share the worker's own devices are. */
export function ownPositions(share: Uint32Array, owns: (device: number) => boolean): Uint32Array {
  const positions = new Uint32Array(share.length);
  let count = 0;
  for (let position = 0; position < share.length; position += 1) {
    if (!owns(share[position])) continue;
    positions[count] = position;
    count += 1;
  }
  return positions.slice(0, count);
}

interface AllWithinArrivalsInput {
  readonly share: Uint32Array;
  readonly owns: (device: number) => boolean;
  readonly startMs: number;
  readonly seed: number;
  readonly allWithinMs: number;
}

/** Power comes back: each device of the share once, after a wait that depends on it and the seed. */
export class AllWithinArrivals implements Arrivals {
  nextAtMs = Number.POSITIVE_INFINITY;
  nextDevice = NO_DEVICE;
  readonly #devices: Uint32Array;
  readonly #atMs: (device: number) => number;
  #next = 0;

  constructor(input: AllWithinArrivalsInput) {
    this.#atMs = (device) => input.startMs + desyncMs(input.seed, device, input.allWithinMs);
    this.#devices = input.share
      .filter(input.owns)
      .sort((a, b) => this.#atMs(a) - this.#atMs(b) || a - b);
    this.#settle();
  }

  skip(): void {
    this.#next += 1;
    this.#settle();
  }

  #settle(): void {
    const device = this.#devices[this.#next];
    this.nextDevice = device ?? NO_DEVICE;
    this.nextAtMs = device === undefined ? Number.POSITIVE_INFINITY : this.#atMs(device);
  }
}

const DESYNC_STREAM = 0x6465_7379;

function desyncMs(seed: number, device: number, allWithinMs: number): number {
  return (hash32(seed, DESYNC_STREAM, device) / 2 ** 32) * allWithinMs;
}
