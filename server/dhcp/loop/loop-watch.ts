import type { ThreadTimes } from "../../../base/schedstat.ts";
import { STALL_MS_MIN, StallLog } from "./stall-log.ts";

/** The thread's times are read at most this often, and after each pause: it costs a system call. */
const READ_MS_MIN = 10;

/** Pauses that are remembered for answers that waited through them. */
const PAUSES_KEPT = 64;

/**
 * Notices when the loop stands still for STALL_MS_MIN or longer: in a turn, or in a wait that ends late,
 * after a datagram had come or its time was over. Times are Clock.monotonicMs.
 */
export class LoopWatch {
  readonly stalls = new StallLog();
  readonly #threadTimes: () => ThreadTimes | undefined;
  #before: ThreadTimes | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  /** While it works: since when. */
  #busySinceMs = Number.NaN;
  /** While it waits: from when to when. */
  #restsSinceMs = Number.NaN;
  #restsUntilMs = Number.NaN;
  #diskMs = 0;
  #pauses = 0;
  #pausedMs = 0;
  readonly #starts = new Float64Array(PAUSES_KEPT);
  readonly #ends = new Float64Array(PAUSES_KEPT);

  constructor(threadTimes: () => ThreadTimes | undefined) {
    this.#threadTimes = threadTimes;
  }

  /** All pauses up to a time; of those after it, the last PAUSES_KEPT are left out. */
  pausedMsUntil(atMs: number): number {
    let pausedMs = this.#pausedMs;
    const oldest = Math.max(0, this.#pauses - PAUSES_KEPT);
    for (let pause = this.#pauses - 1; pause >= oldest; pause -= 1) {
      const place = pause % PAUSES_KEPT;
      if (atMs >= this.#ends[place]) break;
      pausedMs -= this.#ends[place] - Math.max(atMs, this.#starts[place]);
    }
    return pausedMs;
  }

  /** The loop waits for datagrams, or until `untilMs`. */
  rests(nowMs: number, untilMs: number): void {
    this.worked(nowMs);
    this.#busySinceMs = Number.NaN;
    this.#restsSinceMs = nowMs;
    this.#restsUntilMs = untilMs;
    if (nowMs - this.#readAtMs >= READ_MS_MIN) this.#read(nowMs);
  }

  /** A turn begins; `firstMs` is when its first datagram came, or NaN without one. */
  begins(nowMs: number, firstMs: number): void {
    if (Number.isNaN(this.#restsSinceMs)) this.worked(nowMs);
    else {
      const dueMs = Number.isNaN(firstMs)
        ? this.#restsUntilMs
        : Math.min(firstMs, this.#restsUntilMs);
      this.#look(Math.max(this.#restsSinceMs, dueMs), nowMs);
    }
    this.#restsSinceMs = Number.NaN;
    this.#busySinceMs = nowMs;
  }

  /** The loop has worked until now. */
  worked(nowMs: number): void {
    this.#look(this.#busySinceMs, nowMs);
    this.#busySinceMs = nowMs;
  }

  /** In this turn the loop waited for the disk itself. */
  waitedForDisk(durationMs: number): void {
    this.#diskMs += durationMs;
  }

  #look(sinceMs: number, nowMs: number): void {
    const syncMs = this.#diskMs;
    this.#diskMs = 0;
    const durationMs = nowMs - sinceMs;
    // Not so for NaN.
    if (!(durationMs >= STALL_MS_MIN)) return;
    const before = this.#before;
    const after = this.#read(nowMs);
    const thread = before &&
      after && {
        cpuMs: Math.min(durationMs, after.cpuMs - before.cpuMs),
        starvedMs: Math.min(durationMs, after.starvedMs - before.starvedMs),
      };
    this.#starts[this.#pauses % PAUSES_KEPT] = sinceMs;
    this.#ends[this.#pauses % PAUSES_KEPT] = nowMs;
    this.#pauses += 1;
    this.#pausedMs += durationMs;
    this.stalls.paused({ startMs: sinceMs, durationMs, syncMs, thread });
  }

  #read(nowMs: number): ThreadTimes | undefined {
    this.#readAtMs = nowMs;
    this.#before = this.#threadTimes();
    return this.#before;
  }
}
