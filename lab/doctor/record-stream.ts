import { LatencyHistogram } from "../../base/histogram.ts";

/** As many as a server would hold back; more wait for a later sync. */
export const RECORDS_A_SYNC_MAX = 4096;

/**
 * Records that fall due at an even rate and share syncs, as in the server: each sync takes all that are due, and what
 * falls due meanwhile waits for the next one. Times are ms on any one scale.
 */
export class RecordStream {
  /** Of each record, from the moment that it fell due to the end of its sync. */
  readonly waits = new LatencyHistogram();
  /** Of each sync. */
  readonly syncs = new LatencyHistogram();
  readonly #intervalMs: number;
  #nextDueAtMs: number;
  #firstDueAtMs = 0;
  #taken = 0;
  #countsFromMs = 0;
  #beganAtMs = 0;

  constructor(recordsPerSecond: number, nowMs: number) {
    this.#intervalMs = 1000 / recordsPerSecond;
    this.#nextDueAtMs = nowMs;
  }

  /** How long nothing is due; 0 or less when something is. */
  idleMs(nowMs: number): number {
    return this.#nextDueAtMs - nowMs;
  }

  /**
   * How many records are due and go into the sync that begins now. After a sleep they count from now: that the
   * sleep was too long is not the disk's fault.
   */
  begin(nowMs: number, hasSlept: boolean): number {
    const due = 1 + Math.floor((nowMs - this.#nextDueAtMs) / this.#intervalMs);
    this.#taken = Math.max(0, Math.min(due, RECORDS_A_SYNC_MAX));
    this.#firstDueAtMs = this.#nextDueAtMs;
    this.#nextDueAtMs += this.#taken * this.#intervalMs;
    this.#countsFromMs = hasSlept ? nowMs : Number.NEGATIVE_INFINITY;
    this.#beganAtMs = nowMs;
    return this.#taken;
  }

  /** The sync of the records that `begin` gave has ended. */
  end(nowMs: number): void {
    this.syncs.recordMs(nowMs - this.#beganAtMs);
    for (let record = 0; record < this.#taken; record += 1) {
      const dueAtMs = this.#firstDueAtMs + record * this.#intervalMs;
      this.waits.recordMs(nowMs - Math.max(dueAtMs, this.#countsFromMs));
    }
  }
}
