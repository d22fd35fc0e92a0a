import { AttendedSilence } from "./attended-silence.ts";

const Word = { turns: 0, commitsBegun: 1, commitsWritten: 2 } as const;
const wordCount = 3;

export interface DataPlaneCounts {
  readonly turns: number;
  readonly commitsBegun: number;
  readonly commitsWritten: number;
}

/**
 * What the data plane shows of itself in shared memory, so that another thread sees it stand still.
 * Counters wrap around; only whether they change is looked at.
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

  /** Before a batch of leases is committed; one that failed and is tried again begins again. */
  commitBegun(): void {
    Atomics.add(this.#words, Word.commitsBegun, 1);
  }

  /** Every commit that has begun is durable. */
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
  /** The loop has not gone round for so long: it hangs. */
  readonly turnMsMax: number;
  /** Commits have begun, or the store was asked, and nothing came of it for so long: the store fails. */
  readonly commitMsMax: number;
  /** Time between two looks counts up to this much only (see AttendedSilence). */
  readonly blindMsMax: number;
}

/** The watchdog of HA-11, over the pulse of the data plane. */
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
   * Looks at the counters; at least once in `blindMsMax`. Who is suspect begins no commits, and waits for the
   * store all the same: it is silent until the store has answered.
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
