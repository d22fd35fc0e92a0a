/** The fastest pace that a run can be given, and the slowest that is not a pause. */
const PACE_MAX = 4;
const PACE_MIN = 0.1;

/** What was done to the schedule of a run by hand. */
export interface RunPaceSummary {
  readonly pausedMs: number;
  /** Other paces than 1 that it ran at, each once, in their order. */
  readonly paces: readonly number[];
}

/**
 * How fast a run goes through its schedule, as its watcher wants: 0 holds all arrivals, 2
 * doubles every rate. As an AbortSignal does, it is handed to the run and then changed.
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

  /** False for a pace that is no pause and outside PACE_MIN to PACE_MAX: nothing changes then. */
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

  /** Undefined for a run that went as it was planned. */
  summary(nowMs: number): RunPaceSummary | undefined {
    const pausedMs = this.#pausedMs + (this.#pace === 0 ? nowMs - this.#sinceMs : 0);
    if (pausedMs === 0 && this.#paces.length === 0) return undefined;
    return { pausedMs, paces: this.#paces };
  }
}
