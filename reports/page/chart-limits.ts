import { parseThreshold } from "../../scenarios/language/threshold.ts";
import type { ThresholdResult } from "../result/run-result.ts";
import { type ChartLimit, ninesOf } from "./chart.ts";

const percentileOf: Readonly<Record<string, number>> = { p50: 50, p90: 90, p99: 99, p999: 99.9 };

/**
 * The thresholds that bound a percentile from above, as marks for a chart over percentiles in units of
 * so many milliseconds. `isDrawn` says whether a metric, without its percentile, is on the chart.
 */
export function limitsOf(
  thresholds: readonly ThresholdResult[],
  unitMs: number,
  isDrawn: (metric: readonly string[]) => boolean,
): ChartLimit[] {
  return thresholds.flatMap(({ text, holds }) => {
    const threshold = parseThreshold(text);
    if (threshold === undefined || !threshold.operator.startsWith("<")) return [];
    const percentile = percentileOf[threshold.metric.at(-1)!];
    if (percentile === undefined || threshold.bound <= 0) return [];
    if (!isDrawn(threshold.metric.slice(0, -1))) return [];
    return [{ x: ninesOf(percentile), y: threshold.bound / unitMs, holds }];
  });
}
