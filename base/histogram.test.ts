import { deflateSync, inflateSync } from "node:zlib";
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from "hdr-histogram-js";
import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "./histogram.ts";
import { Prng } from "./prng.ts";

function histogramOf(...valuesMs: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const ms of valuesMs) histogram.recordMs(ms);
  return histogram;
}

/** With another 32-bit word at an offset of what is compressed. */
function changed(text: string, offset: number, word: number): string {
  const bytes = inflateSync(Buffer.from(text, "base64").subarray(8));
  bytes.writeUInt32BE(word, offset);
  const body = deflateSync(bytes);
  const header = Buffer.from(text, "base64").subarray(0, 8);
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]).toString("base64");
}

describe("LatencyHistogram", () => {
  test("is all zeros when empty", () => {
    const empty = new LatencyHistogram();
    const figures = [empty.count, empty.percentileMs(99), empty.maxMs(), empty.minMs()];
    expect([...figures, empty.meanMs()]).toEqual([0, 0, 0, 0, 0]);
  });

  test("gives percentiles, extremes and mean to 0.1 %", () => {
    const histogram = histogramOf(...Array.from({ length: 1000 }, (_, i) => (i + 1) / 10));
    const close = (actual: number, expected: number): void => {
      expect(Math.abs(actual / expected - 1)).toBeLessThan(0.001);
    };
    close(histogram.percentileMs(50), 50);
    close(histogram.percentileMs(99), 99);
    close(histogram.percentileMs(99.9), 99.9);
    close(histogram.maxMs(), 100);
    close(histogram.minMs(), 0.1);
    close(histogram.meanMs(), 50.05);
    expect(histogram.count).toBe(1000);
  });

  test("resolves a microsecond and reaches an hour", () => {
    expect(histogramOf(0.001).maxMs()).toBe(0.001);
    expect(histogramOf(0.001, 0.002).minMs()).toBe(0.001);
    expect(histogramOf(3_600_000).maxMs() / 3_600_000).toBeCloseTo(1, 3);
  });

  test("records what lies outside its range at the end of the range", () => {
    expect(histogramOf(-5).maxMs()).toBe(0);
    for (const ms of [7_200_000, Number.POSITIVE_INFINITY]) {
      expect(histogramOf(ms).maxMs() / 3_600_000).toBeCloseTo(1, 3);
    }
    expect(() => histogramOf(Number.NaN)).toThrow(RangeError);
  });

  test("is to the byte what HdrHistogram itself makes of the same values, read in between or not", () => {
    const seed = 20_261_126;
    const random = new Prng(seed, 0);
    const ours = new LatencyHistogram();
    const theirs = build({
      bitBucketSize: 32,
      lowestDiscernibleValue: 1,
      highestTrackableValue: 3_600_000_000,
      numberOfSignificantValueDigits: 3,
    });
    const edges = [0, 1, 2047, 2048, 2049, 4095, 4096, 2 ** 31 - 1, 2 ** 31, 3_600_000_000];
    const values = Array.from({ length: 20_000 }, () =>
      Math.floor(Math.min(2 ** (random.nextFloat() * 32), 3_600_000_000)),
    );
    for (const [i, microseconds] of [...edges, ...values].entries()) {
      ours.recordMs(microseconds / 1000);
      theirs.recordValue(microseconds);
      if (i % 5000 === 0) expect(ours.count, `seed ${seed}`).toBe(i + 1);
    }
    expect(ours.toBase64(), `seed ${seed}`).toBe(encodeIntoCompressedBase64(theirs));
    for (const p of [0, 1, 50, 99, 99.9, 100]) {
      expect(ours.percentileMs(p)).toBe(theirs.getValueAtPercentile(p) / 1000);
    }
  });

  test("merges: the sum is what one histogram would have recorded", () => {
    const sum = histogramOf(1, 2, 3);
    sum.merge(histogramOf(4, 500));
    sum.merge(new LatencyHistogram());
    expect(sum.toBase64()).toBe(histogramOf(1, 2, 3, 4, 500).toBase64());
  });

  test("survives its encoding, which other HdrHistograms read", () => {
    const histogram = histogramOf(0.5, 1, 1, 250);
    const text = histogram.toBase64();
    const copy = LatencyHistogram.fromBase64(text);
    expect(copy.toBase64()).toBe(text);
    expect([copy.count, copy.percentileMs(50)]).toEqual([4, histogram.percentileMs(50)]);
    const foreign = decodeFromCompressedBase64(text, 64, false);
    expect([foreign.totalCount, foreign.getValueAtPercentile(50)]).toEqual([4, 1000]);
    copy.recordMs(2);
    expect(copy.count).toBe(5);
  });

  test("refuses text that is no histogram", () => {
    const text = histogramOf(1, 20, 300).toBase64();
    const tooLong = build({ highestTrackableValue: 2e10, numberOfSignificantValueDigits: 3 });
    tooLong.recordValue(1e10);
    const beyondAnHour = encodeIntoCompressedBase64(tooLong);
    const broken = ["", "!", "AAAA", "HISTFAAAA", text.slice(0, -8), `AAAA${text}`, beyondAnHour];
    broken.push(text.padEnd(1_000_001, "A"));
    // Found by fuzzing: a length of 1.5 GB, which took seconds to read.
    broken.push(changed(text, 4, 0x5b00_0018), changed(text, 12, 5));
    for (const bad of broken) {
      expect(() => LatencyHistogram.fromBase64(bad)).toThrow(RangeError);
    }
  });

  test.each([-1, 101, Number.NaN])("refuses percentile %s", (p) => {
    expect(() => histogramOf(1).percentileMs(p)).toThrow(RangeError);
  });
});
