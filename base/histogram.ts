import type { Histogram } from "hdr-histogram-js";
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from "hdr-histogram-js";

const MICROSECONDS_MAX = 3_600_000_000;
const SIGNIFICANT_DIGITS = 3;
// A value is reported as the highest one that its bucket takes.
const MICROSECONDS_REPORTED_MAX = MICROSECONDS_MAX * (1 + 10 ** -SIGNIFICANT_DIGITS);
const MICROSECONDS_PER_MS = 1000;
// Several times what a histogram with every bucket in use needs.
const ENCODED_LENGTH_MAX = 1_000_000;

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
  #histogram: Histogram = emptyHistogram();

  /** Throws RangeError on NaN; a negative latency (clocks read out of order) counts as zero. */
  recordMs(ms: number): void {
    if (Number.isNaN(ms)) throw new RangeError("a latency is not a number");
    const microseconds = Math.round(ms * MICROSECONDS_PER_MS);
    this.#histogram.recordValue(Math.min(Math.max(microseconds, 0), MICROSECONDS_MAX));
  }

  merge(other: LatencyHistogram): void {
    this.#histogram.add(other.#histogram);
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** `p` in 0..100; 0 when nothing was recorded. */
  percentileMs(p: number): number {
    if (!(p >= 0 && p <= 100)) throw new RangeError(`percentile ${p} is outside 0..100`);
    if (this.count === 0) return 0;
    return this.#histogram.getValueAtPercentile(p) / MICROSECONDS_PER_MS;
  }

  maxMs(): number {
    return this.percentileMs(100);
  }

  minMs(): number {
    return this.percentileMs(0);
  }

  meanMs(): number {
    return this.count === 0 ? 0 : this.#histogram.mean / MICROSECONDS_PER_MS;
  }

  /** HdrHistogram's V2 compressed encoding: any HdrHistogram tool reads it, in microseconds. */
  toBase64(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }

  /** Throws RangeError when `text` is not such an encoding, or holds more than an hour. */
  static fromBase64(text: string): LatencyHistogram {
    const decoded = decode(text);
    // What lies beyond the last bucket would be counted, but found in no percentile.
    if (decoded.maxValue > MICROSECONDS_REPORTED_MAX) {
      throw new RangeError(
        `a histogram of latencies up to ${decoded.maxValue} µs is not one of ours`,
      );
    }
    const histogram = new LatencyHistogram();
    histogram.#histogram.add(decoded);
    return histogram;
  }
}

function decode(text: string): Histogram {
  if (text.length > ENCODED_LENGTH_MAX) {
    throw new RangeError(`a histogram of ${text.length} characters is too long`);
  }
  try {
    return decodeFromCompressedBase64(text, 32, false);
  } catch (error) {
    throw new RangeError("not a histogram in HdrHistogram's V2 compressed base64", {
      cause: error,
    });
  }
}
