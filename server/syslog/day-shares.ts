/** Where sources beyond `sourcesMax` are counted together; no source is called so. */
const furtherSources = -1;
/** More than the 80,000 devices of one PROV (PERF-1). */
const sourcesMaxDefault = 131_072;

/** What becomes of a line: `share`: its source had its share; `day-full`: nobody has room left. */
export type DayOutcome = "kept" | "share" | "day-full";

/**
 * Shares the room that a day has in the log files. Half of it is kept for what each source says first, the same for
 * each, so that no number of others can take it. Of the other half a source may have as much as is left for all
 * others: one that floods gets half of it, and three of them three quarters.
 */
export class DayShares {
  readonly #sourcesMax: number;
  /** What is kept for each source. */
  readonly #ownBytesMax: number;
  /** What is still kept. */
  #keptBytes: number;
  /** Bytes of each source today; and of what stands behind one, so that it cannot fill the table of the others. */
  readonly #bytes = new Map<number, number>();
  readonly #bytesBehind = new Map<number, number>();

  /** Sources beyond `sourcesMax` share what one source may have. */
  constructor(dayBytes: number, sourcesMax = sourcesMaxDefault) {
    this.#sourcesMax = sourcesMax;
    this.#ownBytesMax = Math.floor(dayBytes / 2 / sourcesMax);
    this.#keptBytes = this.#ownBytesMax * sourcesMax;
  }

  /** A new day begins. */
  clear(): void {
    this.#bytes.clear();
    this.#bytesBehind.clear();
    this.#keptBytes = this.#ownBytesMax * this.#sourcesMax;
  }

  /**
   * Decides on a line of `lineBytes` while `roomBytes` are left of the day, and counts it when it is kept. It
   * counts for each of `sources`: a relay, and then a device behind it, which may have as much as is left to the relay.
   * Room is kept for the first of them only: it can invent the others.
   */
  take(lineBytes: number, sources: readonly number[], roomBytes: number): DayOutcome {
    if (lineBytes > roomBytes) return "day-full";
    const counts = sources.map((source, place) => this.#countOf(source, place));
    const ownBytes = Math.max(0, this.#ownBytesMax - (counts[0]?.bytes ?? this.#ownBytesMax));
    if (lineBytes > ownBytes) {
      let leftBytes = roomBytes - this.#keptBytes + ownBytes;
      for (const [place, { bytes }] of counts.entries()) {
        const usedBytes = bytes - (place === 0 ? this.#ownBytesMax - ownBytes : 0);
        if (usedBytes + lineBytes > leftBytes) return "share";
        leftBytes -= usedBytes;
      }
    }
    this.#keptBytes -= Math.min(lineBytes, ownBytes);
    for (const { table, key, bytes } of counts) table.set(key, bytes + lineBytes);
    return "kept";
  }

  #countOf(source: number, place: number) {
    const table = place === 0 ? this.#bytes : this.#bytesBehind;
    const key = table.size < this.#sourcesMax || table.has(source) ? source : furtherSources;
    return { table, key, bytes: table.get(key) ?? 0 };
  }
}
