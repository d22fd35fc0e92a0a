import type { Traffic } from "../worker/worker-messages.ts";

/** A run to which nobody has sent anything after this time will not get better. */
export const SILENT_MS_MAX = 10_000;

/** Notices a run in which every datagram goes unanswered, over all workers. */
export class SilenceWatch {
  readonly #latest: Traffic[];
  #sinceMs: number | undefined;

  constructor(workers: number) {
    this.#latest = Array.from({ length: workers }, () => ({ sent: 0, received: 0 }));
  }

  /** Takes a worker's traffic since it started; returns whether the silence has become too long. */
  take(worker: number, traffic: Traffic, nowMs: number): boolean {
    this.#latest[worker] = traffic;
    if (this.#latest.some(({ received }) => received > 0)) return false;
    if (this.#latest.every(({ sent }) => sent === 0)) return false;
    this.#sinceMs ??= nowMs;
    return nowMs - this.#sinceMs >= SILENT_MS_MAX;
  }
}
