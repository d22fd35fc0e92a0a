import type { StepRetry } from "../boot/step.ts";

/** A queue with an end, and the devices that find it full: an avalanche as a fluid. */
interface FluidGatePlan {
  /** Work that it does in a step. */
  readonly workPerStep: number;
  /** By kind: the work for one device; 0 for one that passes at once. */
  readonly workOf: readonly number[];
  /** Devices that may wait. */
  readonly queueMax: number;
  /** What a device does that found no room. */
  readonly retry: StepRetry;
  readonly stepMs: number;
  readonly steps: number;
}

/**
 * Devices as an amount that flows: by kind, in fractions, a step at a time. They wait for their work in
 * order of arrival. Devices that find the queue full come again after the waits of the retry policy, spread
 * evenly over its jitter. No device gives up.
 */
export class FluidGate {
  readonly #plan: FluidGatePlan;
  /** By level and kind, as differences: how many more come again in a step than in the one before. */
  readonly #returns: readonly (readonly Float64Array[])[];
  readonly #returning: readonly Float64Array[];
  /** By step of entry and kind: the devices that wait. */
  readonly #waiting: readonly Float64Array[];
  #waitingSum = 0;
  /** The earliest step from which a device still waits. */
  #head = 0;

  constructor(plan: FluidGatePlan) {
    this.#plan = plan;
    const { retry, workOf, steps } = plan;
    const levels = 1 + Math.ceil(Math.log2(retry.maxRetryMs / retry.firstRetryMs));
    const columns = () => workOf.map(() => new Float64Array(steps + 1));
    this.#returns = Array.from({ length: levels }, columns);
    this.#returning = this.#returns.map(() => new Float64Array(workOf.length));
    this.#waiting = columns();
  }

  /**
   * `arrivals`: by kind, the devices that come for the first time in this step; `out`: those that are
   * done. Steps come in order.
   */
  step(now: number, arrivals: readonly number[], out: number[]): void {
    const { workOf, queueMax } = this.#plan;
    out.fill(0);
    this.#returns.forEach((columns, level) => {
      columns.forEach((column, kind) => {
        this.#returning[level][kind] += column[now];
      });
    });
    let asking = arrivals.reduce((sum, amount) => sum + amount, 0);
    for (const amounts of this.#returning) for (const amount of amounts) asking += amount;
    // What this step's own work will take out makes room as well.
    const room = queueMax + this.#workable() - this.#waitingSum;
    const heard = asking <= room || asking === 0 ? 1 : Math.max(0, room) / asking;
    for (let kind = 0; kind < workOf.length; kind += 1) {
      this.#ask(now, kind, arrivals[kind], heard, 0);
      for (let level = 0; level < this.#returns.length; level += 1) {
        // Differences of floating-point numbers leave dust below zero.
        this.#ask(now, kind, Math.max(0, this.#returning[level][kind]), heard, level + 1);
      }
    }
    this.#work(now, out);
  }

  #ask(now: number, kind: number, amount: number, heard: number, level: number): void {
    if (amount === 0) return;
    this.#waiting[kind][now] += amount * heard;
    this.#waitingSum += amount * heard;
    if (heard < 1) this.#return(now, kind, amount * (1 - heard), level);
  }

  #return(now: number, kind: number, amount: number, level: number): void {
    const { retry, stepMs, steps } = this.#plan;
    const { firstRetryMs, maxRetryMs, jitter } = retry;
    const waitMs = Math.min(firstRetryMs * 2 ** level, maxRetryMs);
    const first = Math.max(1, Math.round((waitMs * (1 - jitter)) / stepMs));
    const count = Math.max(1, Math.round((2 * waitMs * jitter) / stepMs));
    const column = this.#returns[Math.min(level, this.#returns.length - 1)][kind];
    column[Math.min(steps, now + first)] += amount / count;
    column[Math.min(steps, now + first + count)] -= amount / count;
  }

  /** Devices that a step's work is enough for, by what waits now. */
  #workable(): number {
    const { workOf, workPerStep } = this.#plan;
    const least = Math.min(...workOf.filter((work) => work > 0));
    return least === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : workPerStep / least;
  }

  #work(now: number, out: number[]): void {
    const { workOf, workPerStep } = this.#plan;
    let left = workPerStep;
    while (this.#head <= now) {
      const work = workOf.reduce(
        (sum, each, kind) => sum + each * this.#waiting[kind][this.#head],
        0,
      );
      const share = work <= left ? 1 : left / work;
      workOf.forEach((_, kind) => {
        const done = this.#waiting[kind][this.#head] * share;
        this.#waiting[kind][this.#head] -= done;
        this.#waitingSum -= done;
        out[kind] += done;
      });
      left -= work * share;
      if (share < 1) return;
      this.#head += 1;
    }
  }
}
