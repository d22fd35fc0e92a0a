import { median } from "../../base/median.ts";
import type { Environment } from "../../reports/result/run-result.ts";
import type { LoadResult, LoadTimes } from "../generators/download-load.ts";
import type { Cell } from "./tftp-bench-plan.ts";

export const TFTP_BENCH_SCHEMA = "provlab/tftp-bench@1";

/** What `npm run bench:tftp` writes. Rates are a second, times milliseconds. */
export interface TftpBenchResult {
  readonly schema: typeof TFTP_BENCH_SCHEMA;
  readonly startedAt: string;
  readonly durationMs: number;
  /** Why not everything was measured; undefined when it was. */
  readonly cutShort?: string;
  readonly environment: Environment;
  readonly method: TftpBenchMethod;
  readonly contenders: readonly TftpContenderResult[];
}

export interface TftpBenchMethod {
  readonly seed: number;
  readonly network: string;
  /** Processors of the server and of the generator; undefined: wherever the system put them. */
  readonly processors?: { readonly server: number; readonly generator: number };
  readonly roundsPlanned: number;
  readonly filesPerSize: number;
  readonly times: LoadTimes;
}

export interface TftpContenderResult {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly settings: string;
  /** Why there are no figures; undefined when there are. */
  readonly missing?: string;
  readonly cells: readonly CellResult[];
}

export interface CellResult {
  readonly cell: Cell;
  /** One load a round. */
  readonly loads: readonly LoadResult[];
  /** What the server said when it died under this load, once for each time. */
  readonly deaths: readonly string[];
}

/** A cell over its rounds. */
export interface CellSummary {
  readonly rounds: number;
  /** Files a second: the median of the rounds, and their spread. */
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  /** Medians of the rounds. */
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  /** The most of the rounds. */
  readonly generatorCpuPercent: number;
  readonly generatorQueueShare: number;
  /** Sums over the rounds. */
  readonly started: number;
  readonly lost: number;
  readonly retransmissions: number;
  readonly deaths: number;
  /** Some round was limited by the generator, so the rate is a lower bound. */
  readonly isLowerBound: boolean;
}

/**
 * The generator was the limit when it had no processor time left and what the server sent lay
 * waiting for it; a busy generator alone only means that it looks for packets as often as it can.
 */
const generatorLimits = { cpuPercentMax: 95, queueShareMax: 0.25 } as const;

function isGeneratorLimited({ generatorCpuPercent, generatorQueueShare }: LoadResult): boolean {
  const { cpuPercentMax, queueShareMax } = generatorLimits;
  return generatorCpuPercent > cpuPercentMax && generatorQueueShare > queueShareMax;
}

/** Undefined when no load of the cell was put on. */
export function cellSummaryOf({ loads, deaths }: CellResult): CellSummary | undefined {
  const rates = loads.map(({ filesPerSecond }) => filesPerSecond);
  const middle = median(rates);
  if (middle === undefined) return undefined;
  const sumOf = (value: (load: LoadResult) => number): number =>
    loads.reduce((sum, load) => sum + value(load), 0);
  return {
    rounds: loads.length,
    median: middle,
    lowest: Math.min(...rates),
    highest: Math.max(...rates),
    latencyMsP50: median(loads.map(({ latencyMs }) => latencyMs.p50))!,
    latencyMsP99: median(loads.map(({ latencyMs }) => latencyMs.p99))!,
    generatorCpuPercent: Math.max(...loads.map((load) => load.generatorCpuPercent)),
    generatorQueueShare: Math.max(...loads.map((load) => load.generatorQueueShare)),
    started: sumOf(({ started }) => started),
    lost: sumOf(({ started, verified }) => started - verified),
    retransmissions: sumOf(({ retransmissions }) => retransmissions),
    deaths: deaths.length,
    isLowerBound: loads.some(isGeneratorLimited),
  };
}
