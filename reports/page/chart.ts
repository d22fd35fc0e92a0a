import { LatencyHistogram } from "../../base/histogram.ts";
import type { Distribution, RunResult } from "../result/run-result.ts";

/** A line chart, as data: what the page's script draws. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  /** What lies along the x axis: seconds, nines of a percentile (90 % is 1), transactions a second. */
  readonly x: "time" | "percentile" | "load";
  /** Logarithmic y axis: zeros become gaps. */
  readonly log: boolean;
  /** Areas upon each other, the first series at the bottom. */
  readonly stacked?: true;
  readonly xs: readonly number[];
  readonly series: readonly {
    readonly label: string;
    readonly values: readonly (number | null)[];
    /** A variable of the page's style; left out, the page takes the next of its own. */
    readonly colour?: string;
  }[];
  /** Thresholds, where a line must stay below. */
  readonly limits?: readonly ChartLimit[];
}

export interface ChartLimit {
  readonly x: number;
  readonly y: number;
  readonly holds: boolean;
}

const percentiles = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999];

interface PercentileAxis {
  readonly unitMs: number;
  readonly log: boolean;
  readonly limits: readonly ChartLimit[];
}

/** A line for each distribution that is not empty, in units of so many milliseconds. */
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
      const values = percentiles.map((p) => positive(histogram.percentileMs(p) / unitMs));
      return { label, values };
    });
  const marks = limits.length === 0 ? {} : { limits };
  return { id, title, x: "percentile", log, xs: percentiles.map(ninesOf), series, ...marks };
}

/** The axis counts nines (90 % is 1, 99 % is 2), which gives the tail the room it deserves. */
export function ninesOf(percentile: number): number {
  return -Math.log10(1 - percentile / 100);
}

/** Lines over the seconds of a run: each has a value a row. */
export function overTime(
  id: string,
  title: string,
  log: boolean,
  rows: RunResult["timeSeries"],
  series: Chart["series"],
): Chart {
  return { id, title, x: "time", log, xs: rows.map((row) => row.second), series };
}

/** A logarithmic axis has no place for zero. */
export function positive(value: number | null): number | null {
  return value !== null && value > 0 ? value : null;
}
