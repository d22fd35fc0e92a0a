import { type StallReason, stallReasons } from "../../base/stall-reason.ts";
import { streamNameOf } from "../../scenarios/language/phase-plan.ts";
import { stackOrder, stateColour } from "../result/boot-states.ts";
import type { RunResult, StageResult, TimeSeriesRow } from "../result/run-result.ts";
import {
  type Chart,
  type ChartLane,
  type ChartLine,
  limitsOf,
  lineOf,
  percentileChart,
  positive,
} from "./chart.ts";

type Rows = readonly TimeSeriesRow[];

/**
 * The charts of a run: where devices boot, how they came on line; then rates, latency and device
 * states over time, latency by percentile and over load, and the server's use of the machine.
 */
export function chartsOf(result: RunResult): Chart[] {
  return [
    ...bootChartsOverTime(result.timeSeries),
    timeToOnlineChart(result),
    ...loadChartsOverTime(result.timeSeries, stallLanes(result)),
    latencyPercentileChart(result),
    ...loadCharts(result),
    ...serverCharts(result.timeSeries),
  ].filter(hasLines);
}

/** The charts of a run that goes on, over its seconds so far. */
export function chartsOverTime(timeSeries: Rows): Chart[] {
  return [
    ...loadChartsOverTime(timeSeries),
    ...bootChartsOverTime(timeSeries),
    ...serverCharts(timeSeries),
  ].filter(hasLines);
}

function hasLines({ series, xs }: Chart): boolean {
  return series.length > 0 && xs.length > 0;
}

function isUsed({ values }: ChartLine): boolean {
  return values.some((value) => value !== null && value > 0);
}

const exchangeColumns = [
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

const latencyColumns = [
  ["p50", "latencyMsP50"],
  ["p99", "latencyMsP99"],
  ["max", "latencyMsMax"],
] as const;

function loadChartsOverTime(rows: Rows, lanes: readonly ChartLane[] = []): Chart[] {
  const exchanges = exchangeColumns.map(([label, column]) =>
    lineOf(label, rows, (row) => row[column] ?? 0),
  );
  const latency = latencyColumns.map(([label, column]) =>
    lineOf(label, rows, (row) => positive(row[column])),
  );
  const states = Object.keys(rows[0]?.devices ?? {}).map((state) =>
    lineOf(state, rows, ({ devices }) => devices[state] ?? 0),
  );
  const hasBoots = rows.some(({ bootStates }) => bootStates !== undefined);
  const statesTitle = hasBoots ? "Devices by DHCP state" : "Devices by state";
  return [
    overTime("rates", "Transactions a second", rows, exchanges.filter(isUsed)),
    {
      ...overTime("latency", "Latency from the intended send time, ms", rows, latency),
      log: true,
      ...(lanes.length > 0 && { lanes }),
    },
    overTime("states", statesTitle, rows, states.filter(isUsed)),
  ];
}

/** When the bundled server's disk or loop stood still, by reason. */
function stallLanes({ phases }: RunResult): ChartLane[] {
  const stalls = phases.flatMap(({ server }) => server?.stalls ?? []);
  return stallReasons.flatMap((reason) => {
    const spans = stalls
      .filter((stall) => stall.reason === reason)
      .map(({ startMs, durationMs }) => ({ second: startMs / 1000, ms: durationMs }));
    return spans.length === 0 ? [] : [{ label: laneNames[reason], spans }];
  });
}

/** They stand left of the lanes, where there is room for eight letters. */
export const laneNames: Readonly<Record<StallReason, string>> = {
  sync: "sync",
  "garbage-collection": "garbage",
  processor: "no CPU",
  stopped: "stopped",
  "event-loop": "busy",
};

/** Devices on line and by boot state. */
function bootChartsOverTime(rows: Rows): Chart[] {
  const isBooting = rows.some(({ online }) => online !== undefined);
  // Devices between these two lines are on their way from a lease to on line.
  const online = [
    lineOf("hold a lease", rows, ({ bound }) => bound),
    {
      ...lineOf("on line", rows, (row) => row.online ?? null),
      colour: stateColour("online"),
    },
  ];
  const names = stackOrder(rows.flatMap(({ bootStates }) => Object.keys(bootStates ?? {})));
  const states = names.map((state) => ({
    ...lineOf(state, rows, ({ bootStates }) => bootStates?.[state] ?? 0),
    colour: stateColour(state),
  }));
  return [
    overTime("online", "Devices on line", rows, isBooting ? online : []),
    {
      ...overTime("boot-states", "Devices by boot state", rows, states.filter(isUsed)),
      stacked: true,
    },
  ];
}

const serverColumns = [
  ["server-cpu", "CPU of the server, % of a core", "CPU", "serverCpuPercent"],
  ["server-memory", "Memory of the server, MiB", "resident", "serverResidentMiB"],
] as const;

function serverCharts(rows: Rows): Chart[] {
  return serverColumns
    .filter(([, , , column]) => rows.some((row) => row[column] !== undefined))
    .map(([id, title, label, column]) =>
      overTime(id, title, rows, [lineOf(label, rows, (row) => row[column] ?? null)]),
    );
}

function overTime(id: string, title: string, rows: Rows, series: readonly ChartLine[]): Chart {
  return { id, title, x: "time", log: false, xs: rows.map(({ second }) => second), series };
}

function timeToOnlineChart({ timeToOnlineMs = {}, thresholds }: RunResult): Chart {
  const series = Object.entries(timeToOnlineMs).map(([label, spans]) => ({ label, spans }));
  const title = "Time to on line by percentile, s";
  return percentileChart("online-percentiles", title, series, {
    unitMs: 1000,
    log: false,
    limits: limitsOf(thresholds, 1000, ([root]) => root === "timeToOnlineMs"),
  });
}

/** Without boots, which have a chart of their own. */
function latencyPercentileChart({ phases, thresholds }: RunResult): Chart {
  const series = phases.flatMap(({ name, streams }) =>
    streams
      .filter(({ exchange }) => exchange !== "boot")
      .map((stream) => ({ label: `${name} ${streamNameOf(stream)}`, spans: stream.latencyMs })),
  );
  const drawn = new Set(series.map(({ label }) => label));
  const isDrawn = ([phase, stream, spans]: readonly string[]): boolean =>
    spans === "latencyMs" && drawn.has(`${phase} ${stream}`);
  return percentileChart("percentiles", "Latency by percentile, ms", series, {
    unitMs: 1,
    log: true,
    limits: limitsOf(thresholds, 1, isDrawn),
  });
}

/** Latency over load, for each stream whose rate went through stages. */
export function loadCharts({ phases }: Pick<RunResult, "phases">): Chart[] {
  return phases.flatMap((phase, phaseIndex) =>
    phase.streams.flatMap((stream, index) => {
      const stages = (stream.stages ?? [])
        .filter(({ latencyMs }) => latencyMs.count > 0)
        .toSorted((a, b) => a.offeredPerSecond - b.offeredPerSecond);
      if (stages.length < 2) return [];
      const line = (percentile: "p50" | "p99" | "max"): ChartLine =>
        lineOf<StageResult>(percentile, stages, ({ latencyMs }) => positive(latencyMs[percentile]));
      return [
        {
          id: `load-${phaseIndex}-${index}`,
          title: `${phase.name} ${streamNameOf(stream)}: latency in ms over transactions offered a second`,
          x: "load",
          log: true,
          xs: stages.map(({ offeredPerSecond }) => offeredPerSecond),
          series: [line("p50"), line("p99"), line("max")],
        } satisfies Chart,
      ];
    }),
  );
}
