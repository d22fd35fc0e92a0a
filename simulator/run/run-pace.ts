/** The fastest pace that a run can be given, and the slowest that is not a pause. */
const PACE_MAX = 4;
const PACE_MIN = 0.1;

/** How a person changed the schedule of a run. */
export interface RunPaceSummary {
  readonly pausedMs: number;
  /** Other paces than 1 that it ran at, each once, in their order. */
  readonly paces: readonly number[];
}

/**
 * The speed of a run's schedule, which a person may change: 0 holds all arrivals, 2 doubles every rate. Like
 * an AbortSignal, it is passed to the run and changed later.
 */
export class RunPace {
  #pace = 1;
  #sinceMs = 0;
  #pausedMs = 0;
  readonly #paces: number[] = [];
  #onChange: (nowMs: number) => void = () => {};

  get pace(): number {
    return this.#pace;
  }

  /** False, and no change, for a pace outside PACE_MIN to PACE_MAX that is no pause. */
  set(pace: number, nowMs: number): boolean {
    if (pace !== 0 && !(pace >= PACE_MIN && pace <= PACE_MAX)) return false;
    if (pace === this.#pace) return true;
    if (this.#pace === 0) this.#pausedMs += nowMs - this.#sinceMs;
    if (pace !== 0 && pace !== 1 && !this.#paces.includes(pace)) this.#paces.push(pace);
    this.#pace = pace;
    this.#sinceMs = nowMs;
    this.#onChange(nowMs);
    return true;
  }

  /** One run listens to each change. */
  follow(onChange: (nowMs: number) => void): void {
    this.#onChange = onChange;
  }

  /** Undefined for a run that kept to its plan. */
  summary(nowMs: number): RunPaceSummary | undefined {
    const pausedMs = this.#pausedMs + (this.#pace === 0 ? nowMs - this.#sinceMs : 0);
    if (pausedMs === 0 && this.#paces.length === 0) return undefined;
    return { pausedMs, paces: this.#paces };
  }
}
