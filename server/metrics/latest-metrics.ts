import type { Family } from "./exposition.ts";

/** A part that has told nothing for so long does not turn any more. */
const STALE_MS = 10_000;

/** The latest that each part of a process has told of itself, and whether all of them are alive. */
export class LatestMetrics {
  readonly #parts: readonly string[];
  readonly #latest = new Map<
    string,
    { readonly families: readonly Family[]; readonly atMs: number }
  >();

  /** By name: those that are to tell. */
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
