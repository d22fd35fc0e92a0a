/** Upper bounds in seconds: from a disk with a cache of its own to a disk in trouble. */
const boundsSeconds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
] as const;

/** Durations by size: few counters, for what is recorded for ever. No allocation. */
export class DurationHistogram {
  /** Count for each bound, not cumulative; the last one counts everything longer. */
  readonly #counts = new Float64Array(boundsSeconds.length + 1);
  #sumSeconds = 0;

  recordMs(ms: number, count = 1): void {
    const seconds = ms / 1000;
    let place = 0;
    while (place < boundsSeconds.length && seconds > boundsSeconds[place]) place += 1;
    this.#counts[place] += count;
    this.#sumSeconds += seconds * count;
  }

  get sumSeconds(): number {
    return this.#sumSeconds;
  }

  /** How many were at most so long, for each bound in order; at last for infinity, which are all. */
  upTo(): { readonly seconds: number; readonly count: number }[] {
    let count = 0;
    return [...this.#counts].map((here, place) => {
      count += here;
      return { seconds: boundsSeconds[place] ?? Number.POSITIVE_INFINITY, count };
    });
  }
}
