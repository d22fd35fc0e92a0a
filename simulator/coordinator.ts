import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { systemClock } from "../base/clock.ts";
import { openUdpSocket } from "../base/net/udp-socket.ts";
import type { PersonaRoll } from "../scenarios/personas.ts";
import { Population } from "../scenarios/population.ts";
import { sumOfAnswers } from "./answer-counts.ts";
import { withBreakage } from "./breakage.ts";
import { sumPersonas } from "./device/persona/personas.ts";
import { judgeHealth } from "./generator-health.ts";
import { ScheduleClock } from "./load/schedule-clock.ts";
import { sumCounters } from "./network/network-counters.ts";
import type {
  AcknowledgedLeases,
  PersonaOutcome,
  PhaseOutcome,
  SimulationOutcome,
  SimulationProgress,
} from "./outcome.ts";
import { type Measured, type PhaseSoFar, type PhaseStop, PhaseWatch } from "./phase-watch.ts";
import {
  type BoundKind,
  mergeBound,
  outcomeOf,
  PhaseRecord,
  type TimeToBound,
} from "./recorder.ts";
import { RunPace } from "./run-pace.ts";
import {
  goalOf,
  type PhaseGoal,
  type PhasePlan,
  personasOf,
  phaseMsMax,
  type RunPlan,
} from "./run-plan.ts";
import { SafetyChecker } from "./safety-checker.ts";
import { TimeSeries, type TimeSeriesRow } from "./time-series.ts";
import type { FromWorker, PhaseDone, Stopped, ToWorker, WorkerStart } from "./worker-messages.ts";

export type {
  AcknowledgedLeases,
  PhaseOutcome,
  PhaseOutcomeEnd,
  SimulationOutcome,
  SimulationProgress,
} from "./outcome.ts";

/** The run could not be carried through: the message says what failed, where, and what to do. */
export class SimulationError extends Error {
  override readonly name = "SimulationError";
}

/**
 * Runs the plan on worker threads and puts their results together. Rejects with SimulationError
 * when a worker fails or does not answer in time; an abort ends the run early and resolves. `judge`
 * is asked once a second about a phase that is watched: a reason that it gives ends the run. `pace` may be
 * changed meanwhile.
 */
export async function runSimulation(
  plan: RunPlan,
  onProgress: (progress: SimulationProgress) => void,
  signal?: AbortSignal,
  judge: (soFar: PhaseSoFar) => string | undefined = () => undefined,
  pace = new RunPace(),
): Promise<SimulationOutcome> {
  const coordinator = new Coordinator(plan, onProgress, signal, judge, pace);
  try {
    return await coordinator.run();
  } finally {
    await coordinator.terminate();
  }
}

/** Of the process's own flags, threads take only the profiler's. */
const execArgv = process.execArgv.filter((flag) => flag.startsWith("--cpu-prof"));

const limits = {
  /** A worker reads its plan, builds its devices and opens its sockets. */
  readyMs: 60_000,
  answerMs: 60_000,
  /** Over and above what the phase itself may take. */
  phaseGraceMs: 30_000,
  /** Between "start" and the first arrival, so that all workers have heard of it. */
  startDelayMs: 50,
  /** A deadline that moves is looked at so often. */
  lookMs: 60_000,
};

function after(ms: number): () => number {
  const deadlineMs = systemClock.monotonicMs() + ms;
  return () => deadlineMs;
}

class Coordinator {
  readonly #plan: RunPlan;
  readonly #onProgress: (progress: SimulationProgress) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #judge: (soFar: PhaseSoFar) => string | undefined;
  readonly #pace: RunPace;
  readonly #population: Population;
  readonly #personas: PersonaRoll | undefined;
  readonly #checker: SafetyChecker;
  readonly #workers: WorkerHandle[] = [];
  readonly #watermarksMs: number[] = [];
  #series = new TimeSeries(1);
  #backend: "batch" | "dgram" = "batch";
  #runStartMs = 0;
  #phaseIndex = 0;
  #phaseStartMs = 0;
  #schedule = new ScheduleClock(0);
  #goalReached: boolean[] = [];
  /** Tells the running phase that a worker's devices have reached its goal, or not any more. */
  #onGoalNews: () => void = () => {};
  /** Tells the running phase what a worker has measured of it so far. */
  #onMeasured: (workerIndex: number, measured: Measured) => void = () => {};

  constructor(
    plan: RunPlan,
    onProgress: (progress: SimulationProgress) => void,
    signal: AbortSignal | undefined,
    judge: (soFar: PhaseSoFar) => string | undefined,
    pace: RunPace,
  ) {
    if (plan.phases.length === 0) throw new SimulationError("the plan has no phase: give it one");
    this.#plan = plan;
    this.#onProgress = onProgress;
    this.#signal = signal;
    this.#judge = judge;
    this.#pace = pace;
    this.#population = new Population(plan.population);
    this.#personas = personasOf(plan, this.#population);
    this.#checker = new SafetyChecker(this.#population, this.#personas);
  }

  async run(): Promise<SimulationOutcome> {
    await this.#startWorkers();
    this.#pace.follow((nowMs) => this.#setPace(nowMs));
    if (this.#pace.pace !== 1) this.#setPace(systemClock.monotonicMs());
    const startedAtMs = systemClock.wallMs();
    const phases: PhaseOutcome[] = [];
    for (let index = 0; index < this.#plan.phases.length && !this.#isAborted; index += 1) {
      phases.push(await this.#runPhase(index));
      if (phases[index]!.endedBy === "threshold") break;
    }
    const last = phases.at(-1)?.endedBy;
    const endedAtMs = systemClock.wallMs();
    const stopped = await this.#askAll({ kind: "stop" }, "stopped");
    this.#checker.settle();
    this.#series.closeAll();
    const workers = stopped.map(({ usage }) => usage);
    return {
      startedAtMs,
      endedAtMs,
      devices: this.#population.size,
      workers: this.#workers.length,
      backend: this.#backend,
      aborted:
        last === "aborted" || (phases.length < this.#plan.phases.length && last !== "threshold"),
      pace: this.#pace.summary(systemClock.monotonicMs()),
      phases,
      timeToBound: timeToBoundOf(phases),
      timeSeries: this.#series.rows,
      safety: this.#checker.summary(),
      leases: this.#acknowledgedLeases(),
      health: judgeHealth(this.#plan.health, phases, workers),
      decodeErrors: stopped.reduce((sum, worker) => sum + worker.decodeErrors, 0),
      ignoredReplies: stopped.reduce((sum, worker) => sum + worker.ignoredReplies, 0),
      personas: personaOutcomes(this.#personas, stopped),
      network: sumCounters(stopped.map(({ network }) => network)),
      answers: sumOfAnswers(stopped.map(({ answers }) => answers)),
    };
  }

  async terminate(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** All workers change at one moment, so that they still have one schedule. */
  #setPace(atMs: number): void {
    const { pace } = this.#pace;
    this.#schedule.setPace(pace, Math.max(atMs, this.#phaseStartMs));
    for (const worker of this.#workers) worker.post({ kind: "pace", pace, atMs });
  }

  get #isAborted(): boolean {
    return this.#signal?.aborted === true;
  }

  /** One after the other: the kernel numbers the sockets of a group in the order of their opening. */
  async #startWorkers(): Promise<void> {
    const file = workerFile();
    const isPortable = await portableSocket();
    if (isPortable && this.#plan.boot !== undefined) {
      throw new SimulationError(
        "booting devices needs the batched socket (Linux, and the koffi package), because every " +
          "device fetches from its own address: install them, or leave out boot and download",
      );
    }
    const workerCount = isPortable ? 1 : this.#plan.workers;
    for (const stream of this.#plan.phases.flatMap(({ streams }) => streams)) {
      if (stream.kind === "outstanding" && stream.outstanding < workerCount) {
        throw new SimulationError(
          `${stream.outstanding} outstanding transactions are too few for ${workerCount} workers: ` +
            "each of them needs one, so take fewer workers or more transactions",
        );
      }
    }
    this.#series = new TimeSeries(workerCount);
    for (let workerIndex = 0; workerIndex < workerCount; workerIndex += 1) {
      const start: WorkerStart = { plan: this.#plan, workerIndex, workerCount };
      const worker = new WorkerHandle(file, start, (message) => this.#take(workerIndex, message));
      this.#workers.push(worker);
      this.#watermarksMs.push(0);
      const ready = await worker.next("ready", after(limits.readyMs));
      this.#backend = ready.backend;
    }
  }

  async #runPhase(index: number): Promise<PhaseOutcome> {
    const phase = this.#plan.phases[index]!;
    this.#phaseIndex = index;
    this.#goalReached = this.#workers.map(() => false);
    const surveys = await this.#askAll({ kind: "survey" }, "surveyed");
    const bound = union(surveys.map((survey) => survey.bound));
    await this.#askAll({ kind: "prepare", phase: index, bound }, "prepared");

    const startAtMs = systemClock.monotonicMs() + limits.startDelayMs;
    if (index === 0) this.#runStartMs = startAtMs;
    this.#phaseStartMs = startAtMs;
    this.#schedule = new ScheduleClock(startAtMs, this.#pace.pace);
    const deadlineMs = (): number =>
      this.#schedule.toMonotonic(phaseMsMax(phase)) + phase.drainMs + limits.phaseGraceMs;
    const watch = this.#watchForEnd(phase);
    try {
      const start: ToWorker = { kind: "start", startAtMs, runStartMs: this.#runStartMs };
      const done = await this.#askAll(start, "phase-done", deadlineMs);
      return this.#outcomeOf(phase, done, watch.ending());
    } finally {
      watch.stop();
    }
  }

  /** Ends the phase at its goal, at the signal, or as a watch says; workers know the time themselves. */
  #watchForEnd(phase: PhasePlan): {
    readonly ending: () => PhaseGoal | "aborted" | PhaseStop | undefined;
    readonly stop: () => void;
  } {
    const goal = goalOf(phase);
    let ending: PhaseGoal | "aborted" | PhaseStop | undefined;
    const end = (cause: PhaseGoal | "aborted" | PhaseStop, drainMs: number): void => {
      if (ending !== undefined) return;
      ending = cause;
      for (const worker of this.#workers) worker.post({ kind: "end", drainMs });
    };
    const abort = (): void => end("aborted", 0);
    this.#onGoalNews = () => {
      if (goal !== undefined && this.#goalReached.every(Boolean)) end(goal, phase.drainMs);
    };
    const watch = new PhaseWatch(phase, this.#phaseStartMs, this.#workers.length, this.#judge);
    this.#onMeasured = (workerIndex, measured) => {
      const stop = watch.take(workerIndex, measured);
      if (stop !== undefined) end(stop, stop.kind === "threshold" ? 0 : phase.drainMs);
    };
    this.#signal?.addEventListener("abort", abort);
    if (this.#isAborted) abort();
    return {
      ending: () => ending,
      stop: () => {
        this.#onMeasured = () => {};
        this.#onGoalNews = () => {};
        this.#signal?.removeEventListener("abort", abort);
      },
    };
  }

  #outcomeOf(
    phase: PhasePlan,
    done: readonly PhaseDone[],
    ending: PhaseGoal | "aborted" | PhaseStop | undefined,
  ): PhaseOutcome {
    const stop = typeof ending === "object" ? ending : undefined;
    const cause = typeof ending === "object" ? ending.kind : ending;
    const record = new PhaseRecord(phase.streams.length);
    for (const { report } of done) record.add(report);
    const own = done.find(({ endedBy }) => endedBy !== "coordinator")?.endedBy;
    const endedAtMs = Math.max(...done.map((worker) => worker.endedAtMs));
    const durationMs = Math.max(0, endedAtMs - this.#phaseStartMs);
    const devicesGivenUp = done.reduce((sum, worker) => sum + worker.devicesGivenUp, 0);
    const reached = cause === "all-online" && devicesGivenUp > 0 ? "given-up" : cause;
    const byItself = own === "duration" || own === "time-limit" ? own : undefined;
    return {
      name: phase.name,
      startedAtMs: this.#phaseStartMs - this.#runStartMs,
      durationMs,
      // A threshold that fails while the last answers come in ends the run all the same.
      endedBy: stop?.kind === "threshold" ? stop.kind : (byItself ?? reached ?? "aborted"),
      ...(stop?.kind === "threshold" ? { endedWhy: stop.why } : {}),
      devicesGivenUp,
      streams: phase.streams.map((stream, index) =>
        withBreakage(
          stream,
          outcomeOf(phase, stream, record.streams[index]!, durationMs),
          stop?.kind === "breakage" && stop.stream === index ? stop.stage : undefined,
        ),
      ),
      background: record.background,
      timeToBound: record.timeToBound,
      boot: record.boot,
      workers: done.map(({ usage }) => usage),
    };
  }

  /** News that no request waits for. */
  #take(workerIndex: number, message: FromWorker): void {
    switch (message.kind) {
      case "second":
        for (const row of this.#series.add(message.report)) this.#tell(row);
        return;
      case "leases":
        this.#checker.add(message.batch.events);
        this.#watermarksMs[workerIndex] = message.batch.watermarkMs;
        // With workers still to come nothing has happened yet.
        this.#checker.settle(Math.min(...this.#watermarksMs));
        return;
      case "goal":
        if (message.phase !== this.#phaseIndex) return;
        this.#goalReached[workerIndex] = message.isReached;
        this.#onGoalNews();
        return;
      case "measured":
        if (message.phase === this.#phaseIndex) this.#onMeasured(workerIndex, message.measured);
        return;
      case "modems":
        this.#workers.forEach((worker, index) => {
          if (index !== workerIndex) worker.post(message);
        });
        return;
      default:
    }
  }

  #tell(row: TimeSeriesRow): void {
    const phase = this.#plan.phases[this.#phaseIndex]!;
    const elapsedMs = this.#schedule.toSchedule(systemClock.monotonicMs());
    this.#onProgress({
      phase: phase.name,
      phaseIndex: this.#phaseIndex,
      phaseCount: this.#plan.phases.length,
      phaseElapsedMs: Math.max(0, elapsedMs),
      phaseMsMax: phaseMsMax(phase),
      devices: this.#population.size,
      pace: this.#pace.pace,
      row,
    });
  }

  /** Sends a request to every worker and waits for all the answers. */
  async #askAll<Kind extends FromWorker["kind"]>(
    request: ToWorker,
    answer: Kind,
    deadlineMs = after(limits.answerMs),
  ): Promise<Extract<FromWorker, { kind: Kind }>[]> {
    const answers = this.#workers.map((worker) => worker.next(answer, deadlineMs));
    for (const worker of this.#workers) worker.post(request);
    return Promise.all(answers);
  }

  #acknowledgedLeases(): AcknowledgedLeases {
    const size = this.#checker.leasesMax;
    const device = new Uint32Array(size);
    const address = new Uint32Array(size);
    const expiresAtSeconds = new Float64Array(size);
    const nowMs = systemClock.monotonicMs();
    const wallOffsetMs = systemClock.wallMs() - nowMs;
    let count = 0;
    this.#checker.forEachLease(nowMs, (holder, held, untilMs) => {
      device[count] = holder;
      address[count] = held;
      expiresAtSeconds[count] = (untilMs + wallOffsetMs) / 1000;
      count += 1;
    });
    return {
      count,
      device: device.slice(0, count),
      address: address.slice(0, count),
      expiresAtSeconds: expiresAtSeconds.slice(0, count),
    };
  }
}

/** One worker thread: what it says, whoever waits for it, and how it ends. */
class WorkerHandle {
  readonly #worker: Worker;
  readonly #name: string;
  readonly #onNews: (message: FromWorker) => void;
  #waiting: { kind: FromWorker["kind"]; resolve: (message: FromWorker) => void } | undefined;
  #reject: (error: SimulationError) => void = () => {};
  #failure: SimulationError | undefined;
  #hasExited = false;

  constructor(file: URL, start: WorkerStart, onNews: (message: FromWorker) => void) {
    this.#name = `simulator worker ${start.workerIndex} of ${start.workerCount}`;
    this.#onNews = onNews;
    this.#worker = new Worker(file, { workerData: start, name: this.#name, execArgv });
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("messageerror", (error: Error) =>
      this.#fail("sent an unreadable message", error),
    );
    this.#worker.on("error", (error: Error) => this.#fail(`failed: ${error.message}`, error));
    this.#worker.on("exit", (code: number) => {
      this.#hasExited = true;
      this.#fail(`ended before it was told to (exit code ${code})`);
    });
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  /**
   * The worker's next message of this kind; one caller at a time. The deadline is looked at again and
   * again: that of a run that is held moves on.
   */
  next<Kind extends FromWorker["kind"]>(
    kind: Kind,
    deadlineMs: () => number,
  ): Promise<Extract<FromWorker, { kind: Kind }>> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      const sinceMs = systemClock.monotonicMs();
      let timer: NodeJS.Timeout | undefined;
      const wait = (): void => {
        const nowMs = systemClock.monotonicMs();
        const leftMs = deadlineMs() - nowMs;
        if (leftMs > 0) {
          timer = setTimeout(wait, Math.min(leftMs, limits.lookMs));
          return;
        }
        const seconds = Math.round((nowMs - sinceMs) / 1000);
        this.#fail(`did not say "${kind}" within ${seconds} s: the machine may be overloaded`);
      };
      this.#reject = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      this.#waiting = {
        kind,
        resolve: (message) => {
          clearTimeout(timer);
          resolve(message as Extract<FromWorker, { kind: Kind }>);
        },
      };
      wait();
    });
  }

  async terminate(): Promise<void> {
    if (!this.#hasExited) await this.#worker.terminate();
  }

  #receive(message: FromWorker): void {
    const waiting = this.#waiting;
    if (waiting?.kind !== message.kind) {
      this.#onNews(message);
      return;
    }
    this.#waiting = undefined;
    this.#reject = () => {};
    waiting.resolve(message);
  }

  #fail(what: string, cause?: Error): void {
    this.#failure ??= new SimulationError(`${this.#name} ${what}`, { cause });
    this.#waiting = undefined;
    this.#reject(this.#failure);
    this.#reject = () => {};
  }
}

function personaOutcomes(
  roll: PersonaRoll | undefined,
  stopped: readonly Stopped[],
): readonly PersonaOutcome[] {
  const counts = sumPersonas(stopped.map(({ personas }) => personas));
  return (roll?.shares ?? []).map((share, index) => ({
    ...share,
    ...counts[index],
    devices: roll!.devicesOf[index],
  }));
}

/** Threads run compiled files: beside this one, or in `dist` when this one is the source. */
function workerFile(): URL {
  const isSource = import.meta.url.endsWith(".ts");
  const file = new URL(isSource ? "../dist/simulator/worker.js" : "./worker.js", import.meta.url);
  if (existsSync(file)) return file;
  throw new SimulationError(`${fileURLToPath(file)} does not exist: run \`npm run build\``);
}

/** Whether this machine only has the portable socket, which several workers cannot share. */
async function portableSocket(): Promise<boolean> {
  const socket = await openUdpSocket({ address: 0x7f00_0001, port: 0 });
  const { backend } = socket;
  socket.close();
  return backend === "dgram";
}

function union(bitmaps: readonly Uint8Array[]): Uint8Array {
  const [first = new Uint8Array(0), ...others] = bitmaps;
  const all = first.slice();
  for (const bitmap of others) for (let i = 0; i < all.length; i += 1) all[i]! |= bitmap[i]!;
  return all;
}

function timeToBoundOf(phases: readonly PhaseOutcome[]): TimeToBound {
  const all: TimeToBound = {};
  for (const phase of phases) {
    for (const [kind, histogram] of Object.entries(phase.timeToBound)) {
      mergeBound(all, kind as BoundKind, histogram);
    }
  }
  return all;
}
