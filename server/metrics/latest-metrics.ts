import type { Family } from "./exposition.ts";

/** A part that has sent nothing for this long counts as hanging. */
const STALE_MS = 10_000;

/** The latest metrics of each part of a process, and whether all parts are alive. */
export class LatestMetrics {
  readonly #parts: readonly string[];
  readonly #latest = new Map<
    string,
    { readonly families: readonly Family[]; readonly atMs: number }
  >();

  /** `parts`: the names of the parts that will send metrics. */
  constructor(parts: readonly string[]) {
    this.#parts = parts;
  }

  /** Times are Clock.monotonicMs. */
  take(part: string, families: readonly Family[], nowMs: number): void {
    this.#latest.set(part, { families, atMs: nowMs });
  }

  isReady(nowMs: number): boolean {
    return this.#parts.every((part) => {
      const latest = this.#latest.get(part);
      return latest !== undefined && nowMs - latest.atMs < STALE_MS;
    });
  }

  families(): Family[] {
    return [...this.#latest.values()].flatMap(({ families }) => families);
  }
}
