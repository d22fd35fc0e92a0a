import type { Histogram } from "hdr-histogram-js";
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from "hdr-histogram-js";

const MICROSECONDS_MAX = 3_600_000_000;
const SIGNIFICANT_DIGITS = 3;
// A value is reported as the highest one of its bucket.
const MICROSECONDS_REPORTED_MAX = MICROSECONDS_MAX * (1 + 10 ** -SIGNIFICANT_DIGITS);
const MICROSECONDS_PER_MS = 1000;
// HdrHistogram's own buckets for 3 digits: 2,048 of one microsecond, then 1,024 for each doubling.
const UNIT_BUCKETS = 2048;
const OCTAVE_BUCKETS = UNIT_BUCKETS / 2;
const OCTAVE_SHIFT = 10;
const BUCKETS = bucketOf(MICROSECONDS_MAX) + 1;
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
  readonly #histogram: Histogram = emptyHistogram();
  // Values are first counted here, by bucket. That happens for every packet, and costs a small part of
  // recording in the histogram.
  #recent: Uint32Array | undefined;
  #hasRecent = false;

  /** Throws RangeError on NaN; a negative latency (clocks read out of order) counts as zero. */
  recordMs(ms: number): void {
    if (Number.isNaN(ms)) throw new RangeError("a latency is not a number");
    const microseconds = Math.round(ms * MICROSECONDS_PER_MS);
    this.#recent ??= new Uint32Array(BUCKETS);
    this.#recent[bucketOf(Math.min(Math.max(microseconds, 0), MICROSECONDS_MAX))]! += 1;
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
    const decoded = decode(text);
    // Values beyond the last bucket would be counted, but missing from every percentile.
    if (decoded.maxValue > MICROSECONDS_REPORTED_MAX) {
      throw new RangeError(
        `a histogram of latencies up to ${decoded.maxValue} µs is not one of ours`,
      );
    }
    const histogram = new LatencyHistogram();
    histogram.#histogram.add(decoded);
    return histogram;
  }

  /** The histogram including everything recorded so far. */
  #whole(): Histogram {
    if (!this.#hasRecent) return this.#histogram;
    const recent = this.#recent!;
    for (let bucket = 0; bucket < recent.length; bucket += 1) {
      const count = recent[bucket]!;
      if (count > 0) this.#histogram.recordValueWithCount(lowestIn(bucket), count);
    }
    recent.fill(0);
    this.#hasRecent = false;
    return this.#histogram;
  }
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
