import type { Family, Sample } from "./exposition.ts";

/** Upper bounds in seconds: from a disk with a cache of its own to a disk in trouble. */
const boundsSeconds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
] as const;

/**
 * A histogram of durations as Prometheus counts them. It uses plain numbers: one thread, no allocation.
 */
export class DurationHistogram {
  /** Count for each bound, not cumulative; the last one counts everything longer. */
  readonly #counts = new Float64Array(boundsSeconds.length + 1);
  #sumSeconds = 0;

  recordMs(ms: number): void {
    const seconds = ms / 1000;
    let place = 0;
    while (place < boundsSeconds.length && seconds > boundsSeconds[place]!) place += 1;
    this.#counts[place]! += 1;
    this.#sumSeconds += seconds;
  }

  toFamily(name: string, help: string): Family {
    let count = 0;
    const samples: Sample[] = [...this.#counts].map((here, place) => {
      count += here;
      const le = String(boundsSeconds[place] ?? "+Inf");
      return { suffix: "_bucket", labels: { le }, value: count };
    });
    samples.push({ suffix: "_sum", value: this.#sumSeconds }, { suffix: "_count", value: count });
    return { name, type: "histogram", help, samples };
  }
}
