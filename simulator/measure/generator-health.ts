import { streamNameOf } from "../../scenarios/language/phase-plan.ts";
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

/** What kept the generator from doing its part, in values; `problemSentence` says it. */
export type GeneratorProblem =
  | LateStream
  | BusyWorker
  | StarvedWorker
  | { readonly kind: "replies-lost"; readonly count: number; readonly limit: number }
  /** Too many to keep until all segments of a run are merged. */
  | { readonly kind: "lease-events-lost"; readonly count: number };

/** A stream whose transactions did not leave at their intended times. */
interface LateStream {
  readonly kind: "late";
  readonly phase: string;
  readonly stream: string;
  readonly slipMsP99: number;
  readonly slipMsMax: number;
  readonly limitMs: number;
  /** Transactions that were due, and never left. */
  readonly unsent: number;
  /** The share of the time in which other programs had the processor of the worst worker. */
  readonly starvedPercent: number;
}

interface BusyWorker {
  readonly kind: "busy";
  readonly phase: string;
  readonly worker: number;
  readonly cpuPercent: number;
  readonly limitPercent: number;
}

/** A worker that played a closed loop, which other programs slow down without anything being late. */
interface StarvedWorker {
  readonly kind: "starved";
  readonly phase: string;
  readonly worker: number;
  readonly starvedPercent: number;
  readonly limitPercent: number;
}

/** A schedule is kept over each second if nothing leaves later than this after its intended time. */
const BEHIND_MS_MAX = 1000;

/** Whether all of the stream's transactions left, and its rate was kept over each second. */
export function isRateKept({ slipMsMax, unsent }: LateStream): boolean {
  return unsent === 0 && slipMsMax <= BEHIND_MS_MAX;
}

/**
 * Whether the problem can only make the server of an open load look worse: the load came about, and what is
 * measured counts from the intended times. A reply that was lost may be the one that was wrong.
 */
export function onlyWorsens(problem: GeneratorProblem): boolean {
  if (problem.kind === "late") return isRateKept(problem);
  return problem.kind === "busy" || problem.kind === "starved";
}

export interface GeneratorHealth {
  /** The worst stream with a schedule; 0 when there is none. */
  readonly slipMsP99: number;
  readonly socketDrops: number;
  readonly sendErrors: number;
  readonly lastSendError: string | undefined;
  /** The busiest worker's share of a core in the busiest phase. */
  readonly cpuPercentMax: number;
  /** Over the whole run, by worker. */
  readonly workers: readonly WorkerUsage[];
  /** Where the generator was beyond its limits. Whether that could change an answer is for the judge. */
  readonly problems: readonly GeneratorProblem[];
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
  const socketDrops = workers.reduce((sum, worker) => sum + worker.socketDrops, 0);
  const slips = phases
    .flatMap(({ streams }) => streams.filter(isJudgedBySlip))
    .map(({ slip }) => slip.percentileMs(99));
  const cpuShares = phases.flatMap((phase) =>
    phase.workers.map(({ cpuPercent = 0 }) => cpuPercent),
  );
  const problems = phases.flatMap((phase) => [
    ...lateStreams(limits, phase),
    ...busyWorkers(limits, phase),
    ...starvedWorkers(limits, phase),
  ]);
  const { socketDropsMax: limit } = limits;
  return {
    slipMsP99: Math.max(0, ...slips),
    socketDrops,
    sendErrors: workers.reduce((sum, worker) => sum + worker.sendErrors, 0),
    lastSendError: workers.findLast((worker) => worker.lastSendError !== undefined)?.lastSendError,
    cpuPercentMax: Math.max(0, ...cpuShares),
    workers,
    problems:
      socketDrops > limit
        ? [...problems, { kind: "replies-lost", count: socketDrops, limit }]
        : problems,
  };
}

/** Nobody can keep the schedule of many devices at one moment: there the burst itself is the test. */
function isJudgedBySlip({ load, slip }: StreamOutcome): boolean {
  return load === "open" && slip.count > 0;
}

function lateStreams(limits: GeneratorLimits, phase: JudgedPhase): readonly LateStream[] {
  const starvedPercent = Math.max(0, ...phase.workers.map((worker) => worker.starvedPercent ?? 0));
  return phase.streams.flatMap((stream) => {
    const { slip, counters } = stream;
    const slipMsP99 = isJudgedBySlip(stream) ? slip.percentileMs(99) : 0;
    const { unsent } = counters;
    if (slipMsP99 <= limits.slipMsP99Max && unsent === 0) return [];
    return {
      ...{ kind: "late", phase: phase.name, stream: streamNameOf(stream) },
      ...{ slipMsP99, slipMsMax: slip.maxMs(), limitMs: limits.slipMsP99Max },
      ...{ unsent, starvedPercent },
    };
  });
}

function busyWorkers(limits: GeneratorLimits, phase: JudgedPhase): readonly BusyWorker[] {
  const { cpuPercentMax: limitPercent } = limits;
  return phase.workers.flatMap(({ cpuPercent = 0 }, worker) =>
    cpuPercent > limitPercent
      ? [{ kind: "busy", phase: phase.name, worker, cpuPercent, limitPercent }]
      : [],
  );
}

function starvedWorkers(limits: GeneratorLimits, phase: JudgedPhase): readonly StarvedWorker[] {
  const { starvedPercentMax: limitPercent } = limits;
  if (!phase.streams.some(({ load }) => load === "closed")) return [];
  return phase.workers.flatMap(({ starvedPercent = 0 }, worker) =>
    starvedPercent > limitPercent
      ? [{ kind: "starved", phase: phase.name, worker, starvedPercent, limitPercent }]
      : [],
  );
}

/** What was wrong, and what to do about it. */
export function problemSentence(problem: GeneratorProblem): string {
  switch (problem.kind) {
    case "late":
      return lateSentence(problem);
    case "busy":
      return (
        `phase ${problem.phase}: worker ${problem.worker} used ${problem.cpuPercent.toFixed(0)} % of a core ` +
        `(limit ${problem.limitPercent} %): use more workers or a lower rate`
      );
    case "starved":
      return (
        `phase ${problem.phase}: for ${problem.starvedPercent.toFixed(0)} % of the time other programs had the core ` +
        `that worker ${problem.worker} needed for its closed loop (limit ${problem.limitPercent} %): ` +
        "stop them or take a machine with more cores"
      );
    case "replies-lost":
      return (
        `the generator's own sockets lost ${problem.count} replies (limit ${problem.limit}): ` +
        "use more workers or raise net.core.rmem_max"
      );
    case "lease-events-lost":
      return (
        `${problem.count} lease events were too many to keep, so safety is not known: ` +
        "use fewer devices or a shorter run"
      );
  }
}

function lateSentence(problem: LateStream): string {
  const { phase, stream, slipMsP99, slipMsMax, limitMs, unsent, starvedPercent } = problem;
  const late =
    `1 % of the ${stream} transactions were sent ${slipMsP99.toFixed(1)} ms late or more ` +
    `(generator.slipMsP99Max: ${limitMs} ms)`;
  const behind = isRateKept(problem) ? "" : `, one of them ${(slipMsMax / 1000).toFixed(1)} s late`;
  const what =
    unsent > 0
      ? `${unsent} of the ${stream} transactions were due and never sent`
      : `${late}${behind}`;
  return `phase ${phase}: ${what}: ${adviceFor(starvedPercent)}`;
}

/** Above this, other programs and not the load make a worker late. */
const STARVED_PERCENT_NOTICED = 2;

function adviceFor(starvedPercent: number): string {
  if (starvedPercent < STARVED_PERCENT_NOTICED) return "lower the rate or use more workers";
  return (
    `for ${starvedPercent.toFixed(0)} % of the time other programs had the cores it needed, ` +
    "so stop them, lower the rate or take a machine with more cores"
  );
}
