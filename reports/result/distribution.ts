import { z } from "zod";
import { LatencyHistogram } from "../../base/histogram.ts";
import { percentileOf } from "../../scenarios/language/statistic.ts";
import { amount, type Contract, count, text } from "./contract.ts";

/** Milliseconds; `histogram` is HdrHistogram's V2 encoding in base64. */
export const distribution = z
  .object({
    count,
    p50: amount,
    p90: amount,
    p99: amount,
    p999: amount,
    max: amount,
    mean: amount,
    histogram: text,
  })
  .superRefine((spans, context) => {
    const message = histogramProblem(spans);
    if (message !== undefined) context.addIssue({ code: "custom", path: ["histogram"], message });
  });
export type Distribution = Contract<typeof distribution>;

/** By kind of device, and `all` of them. */
export const distributions = z.record(text, distribution);

function histogramProblem(spans: Pick<Distribution, "count" | "histogram">): string | undefined {
  try {
    const held = LatencyHistogram.fromBase64(spans.histogram).count;
    return held === spans.count ? undefined : `holds ${held} values, but count is ${spans.count}`;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

/** Percentiles of the histogram, and the histogram itself for readers who want more. */
export function distributionOf(histogram: LatencyHistogram): Distribution {
  return {
    count: histogram.count,
    p50: histogram.percentileMs(50),
    p90: histogram.percentileMs(90),
    p99: histogram.percentileMs(99),
    p999: histogram.percentileMs(99.9),
    max: histogram.maxMs(),
    // The histogram resolves microseconds.
    mean: Math.round(histogram.meanMs() * 1000) / 1000,
    histogram: histogram.toBase64(),
  };
}

const kept = ["p50", "p90", "p99", "p999", "max", "mean"] as const;

/** The statistic of a threshold, by its name: `p95`, `max`; null for a name that is none. */
export function statisticOf(spans: Distribution, name: string): number | null {
  const own = kept.find((each) => each === name);
  if (own !== undefined) return spans[own];
  const percentile = percentileOf(name);
  if (percentile === undefined) return null;
  return LatencyHistogram.fromBase64(spans.histogram).percentileMs(percentile);
}
