/**
 * The time of a phase's schedule, which passes at `pace` times real time: 0 holds it, 2 doubles its speed.
 * The arrivals stay the same and only their times change. Times are Clock.monotonicMs; times of the schedule
 * count from the start of the phase.
 */
export class ScheduleClock {
  #pace: number;
  /** The pace before `#fromMs`, so that an arrival intended then and late keeps its time. */
  #paceBefore: number;
  #fromMs: number;
  #atFromMs = 0;

  constructor(startMs: number, pace = 1) {
    this.#fromMs = startMs;
    this.#pace = pace;
    this.#paceBefore = pace === 0 ? 1 : pace;
  }

  get isHeld(): boolean {
    return this.#pace === 0;
  }

  /** Sets the pace from `nowMs` on. Workers that get the same two numbers keep the same schedule. */
  setPace(pace: number, nowMs: number): void {
    const atMs = this.toSchedule(nowMs);
    if (this.#pace !== 0) this.#paceBefore = this.#pace;
    this.#atFromMs = atMs;
    this.#fromMs = nowMs;
    this.#pace = pace;
  }

  /** Where in the schedule a moment is; before the start, how long until then at the pace so far. */
  toSchedule(nowMs: number): number {
    const sinceMs = nowMs - this.#fromMs;
    return this.#atFromMs + sinceMs * (sinceMs < 0 ? this.#paceBefore : this.#pace);
  }

  /** When a time of the schedule comes, or came; Infinity while it is held. */
  toMonotonic(scheduleMs: number): number {
    const sinceMs = scheduleMs - this.#atFromMs;
    if (sinceMs <= 0) return this.#fromMs + sinceMs / this.#paceBefore;
    return this.#pace === 0 ? Number.POSITIVE_INFINITY : this.#fromMs + sinceMs / this.#pace;
  }
}
