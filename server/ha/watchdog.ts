import { AttendedSilence } from "./attended-silence.ts";

const Word = { turns: 0, commitsBegun: 1, commitsWritten: 2 } as const;
const wordCount = 3;

export interface DataPlaneCounts {
  readonly turns: number;
  readonly commitsBegun: number;
  readonly commitsWritten: number;
}

/**
 * Signs of life of the data plane in shared memory, so that another thread sees when it stands still. The
 * counters wrap around; only their changes matter.
 */
export class DataPlanePulse {
  readonly #words: Int32Array;

  constructor(shared: SharedArrayBuffer = DataPlanePulse.memory()) {
    this.#words = new Int32Array(shared);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(wordCount * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Once a turn of the loop. */
  turned(): void {
    Atomics.add(this.#words, Word.turns, 1);
  }

  /** Call it before a batch of leases is committed, and again when a failed batch is retried. */
  commitBegun(): void {
    Atomics.add(this.#words, Word.commitsBegun, 1);
  }

  /** Every commit that began is durable. */
  commitsWritten(): void {
    Atomics.store(this.#words, Word.commitsWritten, Atomics.load(this.#words, Word.commitsBegun));
  }

  read(): DataPlaneCounts {
    return {
      turns: Atomics.load(this.#words, Word.turns),
      commitsBegun: Atomics.load(this.#words, Word.commitsBegun),
      commitsWritten: Atomics.load(this.#words, Word.commitsWritten),
    };
  }
}

export interface WatchdogTimes {
  /** The loop hangs when it has not turned for this long. */
  readonly turnMsMax: number;
  /** The store fails when commits, or requests to it, have had no result for this long. */
  readonly commitMsMax: number;
  /** Between two looks at most this much time counts (see AttendedSilence). */
  readonly blindMsMax: number;
}

/** The watchdog of HA-11: it watches the pulse of the data plane. */
export class Watchdog {
  readonly #times: WatchdogTimes;
  readonly #turns: AttendedSilence;
  readonly #commits: AttendedSilence;
  #counts: DataPlaneCounts | undefined;
  #passedAtMs: number;

  constructor(times: WatchdogTimes, nowMs: number) {
    this.#times = times;
    this.#passedAtMs = nowMs;
    this.#turns = new AttendedSilence(times.blindMsMax);
    this.#commits = new AttendedSilence(times.blindMsMax);
  }

  get dataPlaneTurns(): boolean {
    return this.#turns.silentMs < this.#times.turnMsMax;
  }

  get storeWrites(): boolean {
    return this.#commits.silentMs < this.#times.commitMsMax;
  }

  /**
   * Looks at the counters; call it at least once in `blindMsMax`. A suspect data plane begins no commits,
   * but it does wait for the store: it is silent until the store has answered.
   */
  pass(nowMs: number, counts: DataPlaneCounts, isSuspect: boolean): void {
    const before = this.#counts;
    const { turns, commitsBegun, commitsWritten } = counts;
    const hasWritten = commitsWritten !== before?.commitsWritten;
    if (turns !== before?.turns) this.#turns.heard();
    const isIdle = commitsBegun === commitsWritten && !isSuspect;
    if (isIdle || hasWritten) this.#commits.heard();
    const elapsedMs = nowMs - this.#passedAtMs;
    this.#turns.pass(elapsedMs);
    this.#commits.pass(elapsedMs);
    this.#passedAtMs = nowMs;
    this.#counts = counts;
  }
}
