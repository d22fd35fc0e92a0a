import type { LatencyHistogram } from "../../base/histogram.ts";
import type { Distribution } from "./run-result.ts";

/** What a result says of a histogram, and the histogram itself for those who want more. */
export function distributionOf(histogram: LatencyHistogram): Distribution {
  return {
    count: histogram.count,
    p50: histogram.percentileMs(50),
    p90: histogram.percentileMs(90),
    p99: histogram.percentileMs(99),
    p999: histogram.percentileMs(99.9),
    max: histogram.maxMs(),
    mean: round(histogram.meanMs()),
    histogram: histogram.toBase64(),
  };
}

/** Microseconds are what a histogram resolves. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
