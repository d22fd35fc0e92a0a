import type { RunResult, TimeSeriesRow } from "../result/run-result.ts";
import { bootChartsOf, bootChartsOverTime } from "./boot-charts.ts";
import { type Chart, overTime, percentileChart, positive } from "./chart.ts";
import { limitsOf } from "./chart-limits.ts";
import { loadChartsOf } from "./load-chart.ts";

/**
 * The charts of a run: where devices boot, how they came on line; then rates, latency and device
 * states over time, latency by percentile and over load, and what the server used.
 */
export function chartsOf(result: RunResult): Chart[] {
  return [
    ...bootChartsOf(result),
    ...loadChartsOverTime(result.timeSeries),
    latencyPercentileChart(result),
    ...loadChartsOf(result),
    ...serverCharts(result.timeSeries),
  ].filter(hasLines);
}

/** Of a run that goes on: the charts over its seconds so far. */
export function chartsOverTime(timeSeries: readonly TimeSeriesRow[]): Chart[] {
  return [
    ...loadChartsOverTime(timeSeries),
    ...bootChartsOverTime(timeSeries),
    ...serverCharts(timeSeries),
  ].filter(hasLines);
}

function loadChartsOverTime(timeSeries: readonly TimeSeriesRow[]): Chart[] {
  return [ratesChart(timeSeries), latencyChart(timeSeries), statesChart(timeSeries)];
}

function hasLines(chart: Chart): boolean {
  return chart.series.length > 0 && chart.xs.length > 0;
}

function ratesChart(timeSeries: readonly TimeSeriesRow[]): Chart {
  const columns = [
    ["discovers sent", "discoverSent"],
    ["discovers acknowledged", "discoverCompleted"],
    ["renewals sent", "renewSent"],
    ["renewals acknowledged", "renewCompleted"],
    ["rebinds sent", "rebindSent"],
    ["rebinds acknowledged", "rebindCompleted"],
    ["reboots sent", "rebootSent"],
    ["reboots acknowledged", "rebootCompleted"],
    ["releases sent", "releaseSent"],
    ["boots begun", "bootsSent"],
    ["boots completed", "bootsCompleted"],
    ["downloads begun", "downloadsSent"],
    ["downloads completed", "downloadsCompleted"],
    ["retransmissions", "retransmissions"],
    ["time-outs", "timeouts"],
  ] as const;
  const series = columns
    .map(([label, column]) => ({ label, values: timeSeries.map((row) => row[column] ?? 0) }))
    .filter(({ values }) => values.some((value) => value > 0));
  return overTime("rates", "Transactions a second", false, timeSeries, series);
}

function latencyChart(timeSeries: readonly TimeSeriesRow[]): Chart {
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

function statesChart(timeSeries: readonly TimeSeriesRow[]): Chart {
  const states = Object.keys(timeSeries[0]?.devices ?? {});
  const series = states
    .map((label) => ({ label, values: timeSeries.map((row) => row.devices[label] ?? 0) }))
    .filter(({ values }) => values.some((value) => value > 0));
  const boots = timeSeries.some(({ bootStates }) => bootStates !== undefined);
  const title = boots ? "Devices by DHCP state" : "Devices by state";
  return overTime("states", title, false, timeSeries, series);
}

/** Without boots, which have a chart of their own. */
function latencyPercentileChart({ phases, thresholds }: RunResult): Chart {
  const series = phases.flatMap(({ name, streams }) =>
    streams
      .filter(({ exchange }) => exchange !== "boot")
      .map((stream) => ({
        label: `${name} ${stream.name ?? stream.exchange}`,
        spans: stream.latencyMs,
      })),
  );
  const drawn = new Set(series.map(({ label }) => label));
  return percentileChart("percentiles", "Latency by percentile, ms", series, {
    unitMs: 1,
    log: true,
    limits: limitsOf(
      thresholds,
      1,
      ([phase, stream, spans]) => spans === "latencyMs" && drawn.has(`${phase} ${stream}`),
    ),
  });
}

function serverCharts(timeSeries: readonly TimeSeriesRow[]): Chart[] {
  const columns = [
    ["server-cpu", "CPU of the server, % of a core", "CPU", "serverCpuPercent"],
    ["server-memory", "Memory of the server, MiB", "resident", "serverResidentMiB"],
  ] as const;
  return columns
    .filter(([, , , column]) => timeSeries.some((row) => row[column] !== undefined))
    .map(([id, title, label, column]) => {
      const values = timeSeries.map((row) => row[column] ?? null);
      return overTime(id, title, false, timeSeries, [{ label, values }]);
    });
}
