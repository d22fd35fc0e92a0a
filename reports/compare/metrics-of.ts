import type { Distribution } from "../result/distribution.ts";
import type { PhaseResult, RunResult, StreamResult } from "../result/run-result.ts";
import { percentileName } from "../text/format.ts";
import type { Metric, MetricRuns } from "./judge.ts";

/** The least effects that count: a smaller one is never called improved or regressed. */
export const effectMins = {
  rate: 0.05,
  cpu: 0.05,
  memory: 0.1,
  timeouts: 0.001,
  p50: 0.1,
  p90: 0.1,
  p99: 0.2,
  p999: 0.3,
} as const;

/** With fewer values above a percentile, chance decides where it lies. */
const VALUES_BEYOND_MIN = 10;
const shareBeyond = { p50: 0.5, p90: 0.1, p99: 0.01, p999: 0.001 } as const;

type Measured = readonly [Metric, number];

/**
 * Every metric that all runs of both sides measured. Some runs lack some: with somebody else's server
 * there is no CPU time, for example.
 */
export function metricRuns(
  base: readonly RunResult[],
  current: readonly RunResult[],
): readonly MetricRuns[] {
  const foundIn = (runs: readonly RunResult[]): readonly Found[] =>
    runs.map((run) => new Map(metricsOf(run).map((measured) => [measured[0].name, measured])));
  const [baseRuns, currentRuns] = [foundIn(base), foundIn(current)];
  const all = [...baseRuns, ...currentRuns];
  const [first] = all;
  if (first === undefined) return [];
  return [...first.values()].flatMap(([metric]) => {
    if (!all.every((found) => found.has(metric.name))) return [];
    const valuesOf = (runs: readonly Found[]): number[] =>
      runs.map((found) => found.get(metric.name)![1]);
    return [{ metric, base: valuesOf(baseRuns), current: valuesOf(currentRuns) }];
  });
}

type Found = ReadonlyMap<string, Measured>;

function metricsOf(result: RunResult): readonly Measured[] {
  const { phases, timeToBoundMs, timeToOnlineMs, generator, server } = result;
  const completed = phases
    .flatMap(({ streams }) => streams)
    .reduce((sum, stream) => sum + stream.completed, 0);
  const cpuMicros = server === undefined ? 0 : (1e6 * server.cpuSeconds) / completed;
  return [
    ...phases.flatMap(phaseMetrics),
    ...percentiles("time to bound", timeToBoundMs["all"]),
    ...percentiles("time to online", timeToOnlineMs?.["all"]),
    ...ratio("server CPU a transaction", "µs", "less", effectMins.cpu, cpuMicros),
    ...ratio("server memory", "MiB", "less", effectMins.memory, server?.residentMiBMax),
    ...ratio("simulator memory", "MiB", "less", effectMins.memory, generator.memoryMiB),
  ];
}

function phaseMetrics({ name, streams }: PhaseResult): readonly Measured[] {
  return streams.flatMap((stream) => streamMetrics(`${name}.${stream.exchange}`, stream));
}

function streamMetrics(name: string, stream: StreamResult): readonly Measured[] {
  const { achievedPerSecond, timeouts, offered, latencyMs, serviceMs } = stream;
  const lost: Metric = {
    ...{ name: `${name} time-outs`, unit: "%", better: "less", scale: "share" },
    effectMin: effectMins.timeouts,
  };
  return [
    ...ratio(`${name} throughput`, "/s", "more", effectMins.rate, achievedPerSecond),
    ...percentiles(`${name} latency`, latencyMs),
    ...percentiles(`${name} service`, serviceMs),
    ...(offered === 0 ? [] : [[lost, timeouts / offered] as const]),
  ];
}

function percentiles(name: string, distribution: Distribution | undefined): readonly Measured[] {
  if (distribution === undefined) return [];
  return (["p50", "p90", "p99", "p999"] as const)
    .filter((p) => distribution.count * shareBeyond[p] >= VALUES_BEYOND_MIN)
    .flatMap((p) =>
      ratio(`${name} ${percentileName(p)}`, "ms", "less", effectMins[p], distribution[p]),
    );
}

/** None if it was not measured or is zero, because there is no ratio to zero. */
function ratio(
  name: string,
  unit: string,
  better: Metric["better"],
  effectMin: number,
  value: number | undefined,
): readonly Measured[] {
  if (value === undefined || !(value > 0 && Number.isFinite(value))) return [];
  return [[{ name, unit, better, scale: "ratio", effectMin }, value]];
}
