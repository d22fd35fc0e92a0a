import { type BootProblem, type BootSink, type FetchStep, fetchSteps } from "./boot-step.ts";

export interface FileFetchesContext {
  readonly size: number;
  readonly sink: Pick<BootSink, "fetched" | "fetchFailed">;
  deviceOf(local: number): number;
  /** Does a step; `stepDone` or `failed` reports its end, maybe within the call. */
  enter(local: number, step: FetchStep, nowMs: number): void;
}

const IDLE = 0;

/** Devices on line that fetch their file once more: the steps of a boot from `tftp` to `check`. */
export class FileFetches {
  readonly #context: FileFetchesContext;
  /** IDLE, or 1 + the number of the step. */
  readonly #step: Uint8Array;
  readonly #intendedAtMs: Float64Array;
  readonly #startedAtMs: Float64Array;

  constructor(context: FileFetchesContext) {
    this.#context = context;
    this.#step = new Uint8Array(context.size);
    this.#intendedAtMs = new Float64Array(context.size);
    this.#startedAtMs = new Float64Array(context.size);
  }

  isActive(local: number): boolean {
    return this.#step[local] !== IDLE;
  }

  start(local: number, intendedAtMs: number, nowMs: number): void {
    this.#intendedAtMs[local] = intendedAtMs;
    this.#startedAtMs[local] = nowMs;
    this.#enter(local, 0, nowMs);
  }

  stepDone(local: number, nowMs: number): void {
    const next = this.#step[local];
    if (next < fetchSteps.length) {
      this.#enter(local, next, nowMs);
      return;
    }
    this.#step[local] = IDLE;
    this.#context.sink.fetched({ ...this.#common(local), fetchedAtMs: nowMs });
  }

  /** The present step failed, or something from outside ended the fetch. */
  failed(local: number, problem: BootProblem, nowMs: number): void {
    const step = fetchSteps[this.#step[local] - 1];
    this.#step[local] = IDLE;
    this.#context.sink.fetchFailed({ ...this.#common(local), step, problem, failedAtMs: nowMs });
  }

  #enter(local: number, index: number, nowMs: number): void {
    this.#step[local] = 1 + index;
    this.#context.enter(local, fetchSteps[index], nowMs);
  }

  #common(local: number) {
    return {
      device: this.#context.deviceOf(local),
      intendedAtMs: this.#intendedAtMs[local],
      startedAtMs: this.#startedAtMs[local],
    };
  }
}
