/**
 * What stands still for this long has stalled. A relay that begins 5,000 exchanges a second has asked for 100
 * replies by then, which fit into its receive buffer.
 */
const stallMsMin = 10;
/** A reply that waited no longer than that was not held back: it leaves at once, also beside replies that were. */
const promptMsMax = 5;
/**
 * So many replies may always leave, however slowly they were asked for. A default receive buffer of 212,992
 * bytes has room for 92 to 277 of them: the kernel charges 768 to 2,304 bytes for a datagram of 300, by its driver.
 */
const burstMax = 32;
const repliesPerMs = 8;
/** The loop catches up by so much a turn at most, and never falls behind: however rarely it turns, no more comes than leaves. */
const catchUpMsMax = 10;

/**
 * How fast replies leave after a stall of the disk or of the loop: as if the time in which they were asked
 * for passed again, twice as fast. So each relay is answered at twice the pace at which it asks, whatever
 * the others do, and nothing is to be known about any of them. Replies that nothing held back are never
 * slowed down, and without a stall nothing is paced. Times are in ms of the monotonic clock.
 */
export class StallPacer {
  /** Replies to what arrived until then may leave. */
  #untilMs = Number.POSITIVE_INFINITY;
  #advancedAtMs = 0;
  #credit = 0;

  /** Some replies may not leave yet. */
  get isPacing(): boolean {
    return this.#untilMs < Number.POSITIVE_INFINITY;
  }

  /**
   * The disk or the loop has gone on at `nowMs`, after `stalledMs`; the oldest of what it held back arrived at
   * `oldestMs`. Nothing happens when that was no stall.
   */
  resume(stalledMs: number, oldestMs: number, nowMs: number): void {
    if (Math.min(stalledMs, nowMs - oldestMs) < stallMsMin) return;
    if (!this.isPacing) this.#credit = burstMax;
    this.#untilMs = Math.min(this.#untilMs, oldestMs);
    this.#advancedAtMs = nowMs;
  }

  /** Lets time pass, twice as fast; to be called once a turn. `isHolding`: replies wait for their time to leave. */
  advance(nowMs: number, isHolding: boolean): void {
    if (!this.isPacing) return;
    const passedMs = nowMs - this.#advancedAtMs;
    this.#advancedAtMs = nowMs;
    this.#untilMs += passedMs + Math.min(passedMs, isHolding ? catchUpMsMax : passedMs);
    this.#credit = Math.min(this.#credit + repliesPerMs * passedMs, burstMax);
    if (!isHolding && this.#untilMs > nowMs - promptMsMax) this.#untilMs = Number.POSITIVE_INFINITY;
  }

  /** Whether nothing held the reply to a request that arrived then back: it need not queue. */
  isPrompt(arrivedAtMs: number, nowMs: number): boolean {
    return nowMs - arrivedAtMs < promptMsMax;
  }

  /** Whether the next reply, to a request that arrived at `arrivedAtMs`, leaves now. */
  take(arrivedAtMs: number): boolean {
    if (arrivedAtMs > this.#untilMs && this.#credit < 1) return false;
    this.#credit = Math.max(0, this.#credit - 1);
    return true;
  }
}
