/** Where sources beyond `sourcesMax` are counted together; no source is called so. */
const furtherSources = -1;
/** More than the 80,000 devices of one PROV (PERF-1). */
const sourcesMaxDefault = 131_072;

/** What becomes of a line: `share`: its source had its share; `day-full`: nobody has room left. */
export type DayOutcome = "kept" | "share" | "day-full";

/**
 * Shares the room that a day has in the log files: a source may have as much as is left for all others. So
 * one that floods gets half of the day, and three of them three quarters; one that says little finds room.
 */
export class DayShares {
  readonly #sourcesMax: number;
  /** Bytes of each source today. */
  readonly #bytes = new Map<number, number>();

  /** Sources beyond `sourcesMax` share what one source may have. */
  constructor(sourcesMax = sourcesMaxDefault) {
    this.#sourcesMax = sourcesMax;
  }

  /** A new day begins. */
  clear(): void {
    this.#bytes.clear();
  }

  /**
   * Decides on a line of `lineBytes` while `roomBytes` are left of the day, and counts it when it is kept. It
   * counts for each of `sources`: a relay, and then a device behind it, which may have as much as is left to the relay.
   */
  take(lineBytes: number, sources: readonly number[], roomBytes: number): DayOutcome {
    if (lineBytes > roomBytes) return "day-full";
    const keys = sources.map((source) => this.#keyOf(source));
    let leftBytes = roomBytes;
    for (const key of keys) {
      if (this.#bytesOf(key) + lineBytes > leftBytes) return "share";
      leftBytes -= this.#bytesOf(key);
    }
    for (const key of keys) this.#bytes.set(key, this.#bytesOf(key) + lineBytes);
    return "kept";
  }

  #keyOf(source: number): number {
    return this.#bytes.size < this.#sourcesMax || this.#bytes.has(source) ? source : furtherSources;
  }

  #bytesOf(key: number): number {
    return this.#bytes.get(key) ?? 0;
  }
}
