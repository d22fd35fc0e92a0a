import { LatencyHistogram } from "../../base/histogram.ts";
import { percentileOf } from "../../scenarios/language/statistic.ts";
import { parseThreshold } from "../../scenarios/language/threshold.ts";
import type { Distribution } from "../result/distribution.ts";
import type { ThresholdResult } from "../result/run-result.ts";

/** A line chart, as data for the page's script. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  /** The x axis: seconds, nines of a percentile (90 % is 1), transactions a second. */
  readonly x: "time" | "percentile" | "load";
  /** Logarithmic y axis: zeros become gaps. */
  readonly log: boolean;
  /** Areas on top of each other, the first series at the bottom. */
  readonly stacked?: true;
  readonly xs: readonly number[];
  readonly series: readonly ChartLine[];
  /** Thresholds, where a line must stay below. */
  readonly limits?: readonly ChartLimit[];
  /** Only over time: drawn under the axis, one below the other. */
  readonly lanes?: readonly ChartLane[];
}

/** What happened now and then. */
export interface ChartLane {
  readonly label: string;
  readonly spans: readonly { readonly second: number; readonly ms: number }[];
}

export interface ChartLine {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** A variable of the page's style. By default the page takes its next colour. */
  readonly colour?: string;
}

export interface ChartLimit {
  readonly x: number;
  readonly y: number;
  readonly holds: boolean;
}

/** A line with a value for each item: a second, a stage, a trial. */
export function lineOf<Item>(
  label: string,
  items: readonly Item[],
  value: (item: Item) => number | null,
): ChartLine {
  return { label, values: items.map(value) };
}

/** A logarithmic axis has no place for zero. */
export function positive(value: number | null): number | null {
  return value !== null && value > 0 ? value : null;
}

const percentiles = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999];

interface PercentileAxis {
  /** The unit of the y axis, in milliseconds. */
  readonly unitMs: number;
  readonly log: boolean;
  readonly limits: readonly ChartLimit[];
}

/** A line for each distribution that is not empty. */
export function percentileChart(
  id: string,
  title: string,
  distributions: readonly { readonly label: string; readonly spans: Distribution }[],
  { unitMs, log, limits }: PercentileAxis,
): Chart {
  const series = distributions
    .filter(({ spans }) => spans.count > 0)
    .map(({ label, spans }) => {
      const histogram = LatencyHistogram.fromBase64(spans.histogram);
      return lineOf(label, percentiles, (p) => positive(histogram.percentileMs(p) / unitMs));
    });
  const marks = limits.length === 0 ? {} : { limits };
  return { id, title, x: "percentile", log, xs: percentiles.map(ninesOf), series, ...marks };
}

/** The axis counts nines (90 % is 1, 99 % is 2), which gives the tail the room it deserves. */
function ninesOf(percentile: number): number {
  return -Math.log10(1 - percentile / 100);
}

/**
 * The thresholds that bound a percentile from above, as marks for a percentile chart. `isDrawn` says
 * whether a metric, without its percentile, is on the chart.
 */
export function limitsOf(
  thresholds: readonly ThresholdResult[],
  unitMs: number,
  isDrawn: (metric: readonly string[]) => boolean,
): ChartLimit[] {
  return thresholds.flatMap(({ text, holds }) => {
    const threshold = parseThreshold(text);
    if (threshold === undefined || !threshold.operator.startsWith("<")) return [];
    const percentile = percentileOf(threshold.metric.at(-1)!);
    if (percentile === undefined || threshold.bound <= 0) return [];
    if (!isDrawn(threshold.metric.slice(0, -1))) return [];
    return [{ x: ninesOf(percentile), y: threshold.bound / unitMs, holds }];
  });
}
