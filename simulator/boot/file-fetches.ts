import { Rows } from "../../base/rows.ts";
import type { BootContext } from "./boot-context.ts";
import { type BootProblem, type FetchStep, fetchSteps } from "./boot-step.ts";

const IDLE = 0;

/** Devices on line that fetch their file once more: the steps of a boot from `tftp` to `check`. */
export class FileFetches extends Rows {
  readonly #context: BootContext;
  readonly #begin: (local: number, step: FetchStep, nowMs: number) => void;
  /** IDLE, or 1 + the number of the step. */
  readonly #step = new Uint8Array(this.size);
  readonly #intendedAtMs = new Float64Array(this.size);
  readonly #startedAtMs = new Float64Array(this.size);

  /** `begin` does a step; `stepDone` or `failed` reports its end, maybe within the call. */
  constructor(
    context: BootContext,
    begin: (local: number, step: FetchStep, nowMs: number) => void,
  ) {
    super(context.shard.size);
    this.#context = context;
    this.#begin = begin;
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
    this.#begin(local, fetchSteps[index], nowMs);
  }

  #common(local: number) {
    return {
      device: this.#context.shard.deviceOf(local),
      intendedAtMs: this.#intendedAtMs[local],
      startedAtMs: this.#startedAtMs[local],
    };
  }
}
