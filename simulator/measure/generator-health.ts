import type { GeneratorLimits } from "../plan/run-plan.ts";
import type { StreamOutcome } from "./recorder.ts";

/** The work of one worker's sockets and thread, over the whole run or over one phase. */
export interface WorkerUsage {
  readonly received: number;
  readonly sent: number;
  readonly truncated: number;
  readonly socketDrops: number;
  readonly sendErrors: number;
  /** The kernel's name for the latest refused send. */
  readonly lastSendError: string | undefined;
  /** This thread's share of one core; undefined where the kernel does not say. */
  readonly cpuPercent: number | undefined;
  /** Part of the time in which the thread could have run, but other programs had the cores. */
  readonly starvedPercent: number | undefined;
}

/** A worker's counters at one moment; `usageBetween` compares two of them. */
export interface UsageMark extends Omit<WorkerUsage, "cpuPercent" | "starvedPercent"> {
  readonly atMs: number;
  readonly cpuMs: number | undefined;
  readonly starvedMs: number | undefined;
}

export function usageBetween(from: UsageMark, to: UsageMark): WorkerUsage {
  const elapsedMs = to.atMs - from.atMs;
  return {
    received: to.received - from.received,
    sent: to.sent - from.sent,
    truncated: to.truncated - from.truncated,
    socketDrops: to.socketDrops - from.socketDrops,
    sendErrors: to.sendErrors - from.sendErrors,
    lastSendError: to.lastSendError,
    cpuPercent: percentOf(from.cpuMs, to.cpuMs, elapsedMs),
    starvedPercent: percentOf(from.starvedMs, to.starvedMs, elapsedMs),
  };
}

function percentOf(
  fromMs: number | undefined,
  toMs: number | undefined,
  elapsedMs: number,
): number | undefined {
  if (fromMs === undefined || toMs === undefined || elapsedMs <= 0) return undefined;
  return (100 * (toMs - fromMs)) / elapsedMs;
}

/**
 * CPU time and time spent waiting for a CPU, in ms, from Linux' `schedstat` of a thread: nanoseconds
 * on a CPU, nanoseconds ready but not running, time slices. Undefined for another text.
 */
export function parseSchedstat(text: string): { cpuMs: number; starvedMs: number } | undefined {
  const match = /^(\d+) (\d+) \d+\s*$/.exec(text);
  if (match === null) return undefined;
  return { cpuMs: Number(match[1]) / 1e6, starvedMs: Number(match[2]) / 1e6 };
}

export interface GeneratorHealth {
  /** The worst stream of a rate; 0 when there is none. */
  readonly slipMsP99: number;
  readonly socketDrops: number;
  readonly sendErrors: number;
  readonly lastSendError: string | undefined;
  /** The busiest worker's share of a core in the busiest phase. */
  readonly cpuPercentMax: number;
  /** Over the whole run, by worker. */
  readonly workers: readonly WorkerUsage[];
  /** Whether the generator was the limit, so that the run says nothing about the server. */
  readonly invalid: boolean;
  /** Why, one sentence each. */
  readonly problems: readonly string[];
}

/** The generator's part in a phase. */
export interface JudgedPhase {
  readonly name: string;
  readonly streams: readonly StreamOutcome[];
  /** By worker, from the start of the phase to the end of its drain. */
  readonly workers: readonly WorkerUsage[];
}

/** Judges the generator itself: we never publish a figure that the generator limited. */
export function judgeHealth(
  limits: GeneratorLimits,
  phases: readonly JudgedPhase[],
  workers: readonly WorkerUsage[],
): GeneratorHealth {
  const problems: string[] = [];
  const socketDrops = workers.reduce((sum, worker) => sum + worker.socketDrops, 0);
  const sendErrors = workers.reduce((sum, worker) => sum + worker.sendErrors, 0);
  let slipMsP99 = 0;
  let cpuPercentMax = 0;
  for (const phase of phases) {
    for (const stream of phase.streams) {
      // Nobody can keep the schedule of all devices at once: the burst itself is the test.
      if (stream.ratePerSecond === undefined || stream.slip.count === 0) continue;
      const slipMs = stream.slip.percentileMs(99);
      slipMsP99 = Math.max(slipMsP99, slipMs);
      if (slipMs > limits.slipMsP99Max) {
        problems.push(
          `phase ${phase.name}: 1 % of the ${stream.name ?? stream.exchange} transactions were sent ` +
            `${slipMs.toFixed(1)} ms late or more (limit ${limits.slipMsP99Max} ms): ` +
            `${adviceFor(phase.workers)}`,
        );
      }
    }
    phase.workers.forEach(({ cpuPercent }, index) => {
      if (cpuPercent === undefined) return;
      cpuPercentMax = Math.max(cpuPercentMax, cpuPercent);
      if (cpuPercent > limits.cpuPercentMax) {
        problems.push(
          `phase ${phase.name}: worker ${index} used ${cpuPercent.toFixed(0)} % of a core ` +
            `(limit ${limits.cpuPercentMax} %): use more workers or a lower rate`,
        );
      }
    });
  }
  if (socketDrops > limits.socketDropsMax) {
    problems.push(
      `the generator's own sockets lost ${socketDrops} replies (limit ${limits.socketDropsMax}): ` +
        "use more workers or raise net.core.rmem_max",
    );
  }
  const lastSendError = workers.findLast((worker) => worker.lastSendError !== undefined);
  return {
    slipMsP99,
    socketDrops,
    sendErrors,
    lastSendError: lastSendError?.lastSendError,
    cpuPercentMax,
    workers,
    invalid: problems.length > 0,
    problems,
  };
}

/** Above this, other programs and not the load make a worker late. */
const STARVED_PERCENT_NOTICED = 2;

function adviceFor(workers: readonly WorkerUsage[]): string {
  const starvedPercent = Math.max(0, ...workers.map((worker) => worker.starvedPercent ?? 0));
  if (starvedPercent < STARVED_PERCENT_NOTICED) return "lower the rate or use more workers";
  return (
    `for ${starvedPercent.toFixed(0)} % of the time other programs had the cores it needed, ` +
    "so stop them, lower the rate or take a machine with more cores"
  );
}
