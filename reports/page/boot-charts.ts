import { stackOrder, stateColour } from "../result/boot-states.ts";
import type { RunResult, TimeSeriesRow } from "../result/run-result.ts";
import { type Chart, overTime, percentileChart } from "./chart.ts";
import { limitsOf } from "./chart-limits.ts";

/** Devices on line and by boot state over time, then time to on line by percentile. */
export function bootChartsOf(result: RunResult): Chart[] {
  return [...bootChartsOverTime(result.timeSeries), timeToOnlineChart(result)];
}

/** Those of them that move while the run goes on. */
export function bootChartsOverTime(timeSeries: readonly TimeSeriesRow[]): Chart[] {
  return [onlineChart(timeSeries), statesChart(timeSeries)];
}

/** The distance between the two lines is the way from a lease to on line. */
function onlineChart(timeSeries: readonly TimeSeriesRow[]): Chart {
  const isBooting = timeSeries.some(({ online }) => online !== undefined);
  const series = isBooting
    ? [
        { label: "hold a lease", values: timeSeries.map(({ bound }) => bound) },
        {
          label: "on line",
          values: timeSeries.map(({ online }) => online ?? null),
          colour: stateColour("online"),
        },
      ]
    : [];
  return overTime("online", "Devices on line", false, timeSeries, series);
}

function statesChart(timeSeries: readonly TimeSeriesRow[]): Chart {
  const states = new Set(timeSeries.flatMap(({ bootStates }) => Object.keys(bootStates ?? {})));
  const series = stackOrder(states)
    .map((label) => ({
      label,
      values: timeSeries.map(({ bootStates }) => bootStates?.[label] ?? 0),
      colour: stateColour(label),
    }))
    .filter(({ values }) => values.some((value) => value > 0));
  return {
    ...overTime("boot-states", "Devices by boot state", false, timeSeries, series),
    stacked: true,
  };
}

function timeToOnlineChart({ timeToOnlineMs, thresholds }: RunResult): Chart {
  const series = Object.entries(timeToOnlineMs ?? {}).map(([label, spans]) => ({ label, spans }));
  const title = "Time to on line by percentile, s";
  return percentileChart("online-percentiles", title, series, {
    unitMs: 1000,
    log: false,
    limits: limitsOf(thresholds, 1000, ([root]) => root === "timeToOnlineMs"),
  });
}
