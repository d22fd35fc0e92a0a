import { LatencyHistogram } from "../base/histogram.ts";
import type { RunResult } from "./run-result.ts";

/** A line chart, as data: what the page's script draws. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly x: "time" | "percentile";
  /** Logarithmic y axis: zeros become gaps. */
  readonly log: boolean;
  readonly xs: readonly number[];
  readonly series: readonly {
    readonly label: string;
    readonly values: readonly (number | null)[];
  }[];
}

const percentiles = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999];

/** The charts of a run: rates, latency and device states over time, then latency by percentile. */
export function chartsOf(result: RunResult): Chart[] {
  return [
    ratesChart(result),
    latencyChart(result),
    statesChart(result),
    percentileChart(result),
  ].filter((chart) => chart.series.length > 0 && chart.xs.length > 0);
}

function ratesChart({ timeSeries }: RunResult): Chart {
  const columns = [
    ["discovers sent", "discoverSent"],
    ["discovers acknowledged", "discoverCompleted"],
    ["renewals sent", "renewSent"],
    ["renewals acknowledged", "renewCompleted"],
    ["retransmissions", "retransmissions"],
    ["time-outs", "timeouts"],
  ] as const;
  const series = columns
    .map(([label, column]) => ({ label, values: timeSeries.map((row) => row[column]) }))
    .filter(({ values }) => values.some((value) => value > 0));
  return overTime("rates", "Transactions a second", false, timeSeries, series);
}

function latencyChart({ timeSeries }: RunResult): Chart {
  const columns = [
    ["p50", "latencyMsP50"],
    ["p99", "latencyMsP99"],
    ["max", "latencyMsMax"],
  ] as const;
  const series = columns.map(([label, column]) => ({
    label,
    values: timeSeries.map((row) => positive(row[column])),
  }));
  return overTime("latency", "Latency from the intended send time, ms", true, timeSeries, series);
}

function statesChart({ timeSeries }: RunResult): Chart {
  const states = Object.keys(timeSeries[0]?.devices ?? {});
  const series = states
    .map((label) => ({ label, values: timeSeries.map((row) => row.devices[label] ?? 0) }))
    .filter(({ values }) => values.some((value) => value > 0));
  return overTime("states", "Devices by state", false, timeSeries, series);
}

function percentileChart({ phases }: RunResult): Chart {
  const series = phases.flatMap((phase) =>
    phase.streams
      .filter((stream) => stream.latencyMs.count > 0)
      .map((stream) => {
        const histogram = LatencyHistogram.fromBase64(stream.latencyMs.histogram);
        return {
          label: `${phase.name} ${stream.exchange}`,
          values: percentiles.map((percentile) => positive(histogram.percentileMs(percentile))),
        };
      }),
  );
  // The axis counts nines (90 % is 1, 99 % is 2), which gives the tail the room it deserves.
  const xs = percentiles.map((percentile) => -Math.log10(1 - percentile / 100));
  const title = "Latency by percentile, ms";
  return { id: "percentiles", title, x: "percentile", log: true, xs, series };
}

function overTime(
  id: string,
  title: string,
  log: boolean,
  rows: RunResult["timeSeries"],
  series: Chart["series"],
): Chart {
  return { id, title, x: "time", log, xs: rows.map((row) => row.second), series };
}

function positive(value: number | null): number | null {
  return value !== null && value > 0 ? value : null;
}
