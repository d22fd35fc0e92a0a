import { AttendedSilence } from "./attended-silence.ts";

const Word = { turns: 0, commitsBegun: 1, commitsWritten: 2, commitMoves: 3 } as const;
const wordCount = 4;
/** A store that does one part of a commit after the other has this many times `commitMsMax` for the whole. */
const movingFactor = 4;

export interface DataPlaneCounts {
  readonly turns: number;
  readonly commitsBegun: number;
  readonly commitsWritten: number;
  readonly commitMoves: number;
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

  /** The store has done a part of the commit under way. */
  commitMoved(): void {
    Atomics.add(this.#words, Word.commitMoves, 1);
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
      commitMoves: Atomics.load(this.#words, Word.commitMoves),
    };
  }
}

export interface WatchdogTimes {
  /** The loop hangs when it has not turned for this long. */
  readonly turnMsMax: number;
  /**
   * The store fails when it has done no part of its commits, or of requests to it, for this long; or four times as
   * long without a whole one.
   */
  readonly commitMsMax: number;
  /** Between two looks at most this much time counts (see AttendedSilence). */
  readonly blindMsMax: number;
}

/** The watchdog of HA-11: it watches the pulse of the data plane. */
export class Watchdog {
  readonly #times: WatchdogTimes;
  readonly #turns: AttendedSilence;
  readonly #commits: AttendedSilence;
  readonly #wholeCommits: AttendedSilence;
  #counts: DataPlaneCounts | undefined;
  #passedAtMs: number;

  constructor(times: WatchdogTimes, nowMs: number) {
    this.#times = times;
    this.#passedAtMs = nowMs;
    this.#turns = new AttendedSilence(times.blindMsMax);
    this.#commits = new AttendedSilence(times.blindMsMax);
    this.#wholeCommits = new AttendedSilence(times.blindMsMax);
  }

  get dataPlaneTurns(): boolean {
    return this.#turns.silentMs < this.#times.turnMsMax;
  }

  get storeWrites(): boolean {
    const { commitMsMax } = this.#times;
    const wholeMsMax = movingFactor * commitMsMax;
    return this.#commits.silentMs < commitMsMax && this.#wholeCommits.silentMs < wholeMsMax;
  }

  /**
   * Looks at the counters; call it at least once in `blindMsMax`. A suspect data plane begins no commits,
   * but it does wait for the store: it is silent until the store has answered.
   */
  pass(nowMs: number, counts: DataPlaneCounts, isSuspect: boolean): void {
    const before = this.#counts;
    const { turns, commitsBegun, commitsWritten, commitMoves } = counts;
    if (turns !== before?.turns) this.#turns.heard();
    const isIdle = commitsBegun === commitsWritten && !isSuspect;
    const isWritten = isIdle || commitsWritten !== before?.commitsWritten;
    if (isWritten) this.#wholeCommits.heard();
    if (isWritten || commitMoves !== before?.commitMoves) this.#commits.heard();
    const elapsedMs = nowMs - this.#passedAtMs;
    this.#turns.pass(elapsedMs);
    this.#commits.pass(elapsedMs);
    this.#wholeCommits.pass(elapsedMs);
    this.#passedAtMs = nowMs;
    this.#counts = counts;
  }
}
