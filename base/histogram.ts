import type { Histogram } from "hdr-histogram-js";
import { build, encodeIntoCompressedBase64 } from "hdr-histogram-js";
import { countsOf } from "./histogram-encoding.ts";

const MICROSECONDS_MAX = 3_600_000_000;
const SIGNIFICANT_DIGITS = 3;
const MICROSECONDS_PER_MS = 1000;
// HdrHistogram's own buckets for 3 digits: 2,048 of one microsecond, then 1,024 for each doubling.
const UNIT_BUCKETS = 2048;
const OCTAVE_BUCKETS = UNIT_BUCKETS / 2;
const OCTAVE_SHIFT = 10;
const BUCKETS = bucketOf(MICROSECONDS_MAX) + 1;
function emptyHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: MICROSECONDS_MAX,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
  });
}

/**
 * Latencies of 1 µs to one hour in an HdrHistogram of 3 significant digits (93 KiB). Values are
 * accurate to 0.1 %; longer ones are recorded as one hour.
 */
export class LatencyHistogram {
  readonly #histogram: Histogram = emptyHistogram();
  // Values are first counted here, by bucket. That happens for every packet, and costs a small part of
  // recording in the histogram.
  #recent: Uint32Array | undefined;
  #hasRecent = false;

  /** Throws RangeError on NaN; a negative latency (clocks read out of order) counts as zero. */
  recordMs(ms: number): void {
    this.#recent ??= new Uint32Array(BUCKETS);
    this.#recent[bucketOfMs(ms)] += 1;
    this.#hasRecent = true;
  }

  merge(other: LatencyHistogram): void {
    this.#whole().add(other.#whole());
  }

  get count(): number {
    return this.#whole().totalCount;
  }

  /** `p` in 0..100; 0 when nothing was recorded. */
  percentileMs(p: number): number {
    if (!(p >= 0 && p <= 100)) throw new RangeError(`percentile ${p} is outside 0..100`);
    if (this.count === 0) return 0;
    return this.#whole().getValueAtPercentile(p) / MICROSECONDS_PER_MS;
  }

  maxMs(): number {
    return this.percentileMs(100);
  }

  minMs(): number {
    return this.percentileMs(0);
  }

  meanMs(): number {
    return this.count === 0 ? 0 : this.#whole().mean / MICROSECONDS_PER_MS;
  }

  /** HdrHistogram's V2 compressed encoding: any HdrHistogram tool reads it, in microseconds. */
  toBase64(): string {
    return encodeIntoCompressedBase64(this.#whole());
  }

  /** Throws RangeError when `text` is not such an encoding, or holds more than an hour. */
  static fromBase64(text: string): LatencyHistogram {
    return LatencyHistogram.fromCounts(countsOf(text, BUCKETS));
  }

  /** From what `LatencyCounts` took. */
  static fromCounts(counts: Uint32Array): LatencyHistogram {
    const histogram = new LatencyHistogram();
    histogram.#recent = counts.slice();
    histogram.#hasRecent = true;
    return histogram;
  }

  /** The histogram including everything recorded so far. */
  #whole(): Histogram {
    if (!this.#hasRecent) return this.#histogram;
    const recent = this.#recent!;
    for (let bucket = 0; bucket < recent.length; bucket += 1) {
      const count = recent[bucket];
      if (count > 0) this.#histogram.recordValueWithCount(lowestIn(bucket), count);
    }
    recent.fill(0);
    this.#hasRecent = false;
    return this.#histogram;
  }
}

/** The counts of a LatencyHistogram alone, for a thread that leaves the rest to another one. */
export class LatencyCounts {
  #counts = new Uint32Array(BUCKETS);

  /** As LatencyHistogram's, for `count` values. */
  recordMs(ms: number, count: number): void {
    this.#counts[bucketOfMs(ms)] += count;
  }

  /** Those since the last call. */
  take(): Uint32Array {
    const taken = this.#counts;
    this.#counts = new Uint32Array(BUCKETS);
    return taken;
  }
}

/** Throws RangeError on NaN. */
function bucketOfMs(ms: number): number {
  if (Number.isNaN(ms)) throw new RangeError("a latency is not a number");
  const microseconds = Math.round(ms * MICROSECONDS_PER_MS);
  return bucketOf(Math.min(Math.max(microseconds, 0), MICROSECONDS_MAX));
}

/** `microseconds` is a whole number below 2^32. */
function bucketOf(microseconds: number): number {
  if (microseconds < UNIT_BUCKETS) return microseconds;
  const shift = 31 - Math.clz32(microseconds) - OCTAVE_SHIFT;
  return shift * OCTAVE_BUCKETS + (microseconds >>> shift);
}

function lowestIn(bucket: number): number {
  if (bucket < UNIT_BUCKETS) return bucket;
  const shift = Math.floor(bucket / OCTAVE_BUCKETS) - 1;
  return (bucket - shift * OCTAVE_BUCKETS) * 2 ** shift;
}
