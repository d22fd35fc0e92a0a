import { resized } from "../../base/columns.ts";

/** One arrival of one stream, as a worker met it. */
interface LoggedArrival {
  /** NO_DEVICE when the stream had no device for it. */
  readonly device: number;
  readonly stream: number;
  /** When it was intended, since the phase began. */
  readonly atMs: number;
  /** Whether the device was to leave; else it was to begin the stream's exchange. */
  readonly leaves: boolean;
  /** Whether it did. */
  readonly hasStarted: boolean;
}

/** Arrivals as columns of equal length, so that they cross threads. */
export type ArrivalHistory = Readonly<ReturnType<typeof newColumns>> & {
  /** Arrivals beyond ARRIVALS_LOGGED_MAX. */
  readonly lost: number;
};

function newColumns(length: number) {
  return {
    device: new Int32Array(length),
    stream: new Uint8Array(length),
    atMs: new Float64Array(length),
    /** 1: leaves; 2: has started. */
    flags: new Uint8Array(length),
  };
}

const LEAVES = 1;
const STARTED = 2;

/** Arrivals of one phase that one worker keeps (14 bytes each). */
const ARRIVALS_LOGGED_MAX = 1 << 20;
const ARRIVALS_FIRST = 1024;

/** Notes every arrival of one worker in one phase. */
export class ArrivalLog {
  #columns = newColumns(ARRIVALS_FIRST);
  #count = 0;
  #lost = 0;

  add({ device, stream, atMs, leaves, hasStarted }: LoggedArrival): void {
    if (this.#count === ARRIVALS_LOGGED_MAX) {
      this.#lost += 1;
      return;
    }
    if (this.#count === this.#columns.device.length) {
      this.#columns = resized(this.#columns, this.#count * 2);
    }
    this.#columns.device[this.#count] = device;
    this.#columns.stream[this.#count] = stream;
    this.#columns.atMs[this.#count] = atMs;
    this.#columns.flags[this.#count] = (leaves ? LEAVES : 0) | (hasStarted ? STARTED : 0);
    this.#count += 1;
  }

  take(): ArrivalHistory {
    return { ...resized(this.#columns, this.#count), lost: this.#lost };
  }
}

/** Reads the flags of an arrival. */
export function flagsOf(flags: number): Pick<LoggedArrival, "leaves" | "hasStarted"> {
  return { leaves: (flags & LEAVES) !== 0, hasStarted: (flags & STARTED) !== 0 };
}
