import { systemClock } from "../../../base/clock.ts";
import { openUdpSocket } from "../../../base/net/udp-socket.ts";
import type { PersonaRoll } from "../../../scenarios/population/personas.ts";
import { Population } from "../../../scenarios/population/population.ts";
import { ScheduleClock } from "../../load/schedule-clock.ts";
import type { Measured } from "../../measure/recorder.ts";
import { SafetyChecker } from "../../measure/safety-checker.ts";
import { type SecondReport, type SimulatedSecond, TimeSeries } from "../../measure/time-series.ts";
import {
  goalOf,
  type PhasePlan,
  personasOf,
  phaseMsMax,
  type RunPlan,
} from "../../plan/run-plan.ts";
import { placeOf, segmentProblem } from "../../plan/segment.ts";
import type { FromWorker, Stopped, ToWorker, WorkerStart } from "../../worker/worker-messages.ts";
import type { SimulationOutcome, SimulationProgress } from "../outcome.ts";
import { type PhaseSoFar, PhaseWatch } from "../phase-watch.ts";
import type { Rendezvous } from "../rendezvous.ts";
import {
  acknowledgedLeases,
  phaseOfSegment,
  phaseOutcomeOf,
  runOutcomeOf,
} from "../run-outcome.ts";
import { RunPace } from "../run-pace.ts";
import {
  EventCollector,
  type PhaseEnding,
  type PhasePart,
  type SegmentRecord,
} from "../segment-record.ts";
import { SilenceWatch } from "../silence-watch.ts";
import { SimulationError, WorkerHandle } from "./worker-handle.ts";

export type {
  AcknowledgedLeases,
  PhaseOutcome,
  PhaseOutcomeEnd,
  SimulationOutcome,
  SimulationProgress,
} from "../outcome.ts";
export { SimulationError } from "./worker-handle.ts";

/** Options of a run besides its plan. */
interface RunOptions {
  readonly onProgress: (progress: SimulationProgress) => void;
  readonly signal?: AbortSignal | undefined;
  readonly judge?: ((soFar: PhaseSoFar) => string | undefined) | undefined;
  readonly pace?: RunPace | undefined;
  readonly onPhase?: ((start: PhaseStart) => void) | undefined;
  readonly rendezvous?: Rendezvous;
}

/**
 * Runs the plan on worker threads and joins their results. Rejects with SimulationError when a worker fails
 * or does not answer in time. An abort ends the run early and resolves. Once a second `judge` looks at a
 * watched phase; if it returns a reason, the run ends. `pace` may change meanwhile. `onPhase` is called
 * shortly before each phase starts.
 */
export async function runSimulation(
  plan: RunPlan,
  onProgress: RunOptions["onProgress"],
  signal?: AbortSignal,
  judge?: RunOptions["judge"],
  pace?: RunPace,
  onPhase?: RunOptions["onPhase"],
): Promise<SimulationOutcome> {
  const coordinator = new Coordinator(plan, { onProgress, signal, judge, pace, onPhase });
  return play(coordinator, () => coordinator.outcome());
}

/** On the monotonic clock, in ms. */
export interface PhaseStart {
  readonly name: string;
  readonly startAtMs: number;
  /** When the first phase started. */
  readonly runStartMs: number;
}

/** The outcome of one segment of a run, and its raw record for a merge with the others. */
export interface PlayedSegment {
  readonly outcome: SimulationOutcome;
  readonly record: SegmentRecord;
}

/** Plays the plan's segment, together with the processes at the rendezvous; else as `runSimulation`. */
export async function runSegment(
  plan: RunPlan,
  onProgress: RunOptions["onProgress"],
  signal: AbortSignal,
  rendezvous: Rendezvous,
): Promise<PlayedSegment> {
  const coordinator = new Coordinator(plan, { onProgress, signal, rendezvous });
  return play(coordinator, () => ({
    outcome: coordinator.outcome(),
    record: coordinator.record(),
  }));
}

async function play<Result>(coordinator: Coordinator, resultOf: () => Result): Promise<Result> {
  try {
    await coordinator.run();
    return resultOf();
  } finally {
    await coordinator.terminate();
  }
}

const limits = {
  /** A worker reads its plan, builds its devices and opens its sockets. */
  readyMs: 60_000,
  answerMs: 60_000,
  /** Over and above what the phase itself may take. */
  phaseGraceMs: 30_000,
  /** Between "start" and the first arrival, so that all workers have heard of it. */
  startDelayMs: 50,
};

function after(ms: number): () => number {
  const deadlineMs = systemClock.monotonicMs() + ms;
  return () => deadlineMs;
}

class Coordinator {
  readonly #plan: RunPlan;
  readonly #options: RunOptions;
  readonly #pace: RunPace;
  readonly #population: Population;
  readonly #personas: PersonaRoll | undefined;
  readonly #checker: SafetyChecker;
  readonly #workers: WorkerHandle[] = [];
  readonly #watermarksMs: number[] = [];
  #series = new TimeSeries(1);
  #silence = new SilenceWatch(1);
  #backend: "batch" | "dgram" = "batch";
  readonly #events: EventCollector;
  readonly #seconds: SecondReport[] = [];
  readonly #parts: PhasePart[] = [];
  #stopped: readonly Stopped[] = [];
  #startedAtMs = 0;
  #endedAtMs = 0;
  #runStartMs = 0;
  #phaseIndex = 0;
  #phaseStartMs = 0;
  #schedule = new ScheduleClock(0);
  #goalReached: boolean[] = [];
  /** Called when a worker's devices have reached the goal of the running phase, or no longer have. */
  #onGoalNews: () => void = () => {};
  /** Called when nobody has answered for too long. */
  #onSilence: () => void = () => {};
  /** Called with a worker's measurements of the running phase so far. */
  #onMeasured: (workerIndex: number, measured: Measured) => void = () => {};

  constructor(plan: RunPlan, options: RunOptions) {
    if (plan.phases.length === 0) throw new SimulationError("the plan has no phase: give it one");
    this.#plan = plan;
    this.#options = options;
    this.#pace = options.pace ?? new RunPace();
    this.#events = new EventCollector(plan.segment?.count ?? 1);
    this.#population = new Population(plan.population);
    this.#personas = personasOf(plan, this.#population);
    this.#checker = new SafetyChecker(this.#population, this.#personas);
  }

  async run(): Promise<void> {
    await this.#startWorkers();
    this.#pace.follow((nowMs) => this.#setPace(nowMs));
    if (this.#pace.pace !== 1) this.#setPace(systemClock.monotonicMs());
    this.#startedAtMs = systemClock.wallMs();
    for (let index = 0; index < this.#plan.phases.length && !this.#isAborted; index += 1) {
      const part = await this.#runPhase(index);
      this.#parts.push(part);
      if (part.ending === "aborted") break;
      if (typeof part.ending === "object" && part.ending.kind !== "breakage") break;
    }
    this.#endedAtMs = systemClock.wallMs();
    if (!this.#isAborted) await this.#options.rendezvous?.mayClose?.();
    this.#stopped = await this.#askAll({ kind: "stop" }, "stopped");
    this.#checker.settle();
    this.#series.closeAll();
  }

  /** After `run`. */
  outcome(): SimulationOutcome {
    const nowMs = systemClock.monotonicMs();
    // Both clocks at once: the work that follows takes time, which would postpone the end of every lease.
    const toUnixMs = systemClock.wallMs() - nowMs;
    return runOutcomeOf(this.#plan, {
      startedAtMs: this.#startedAtMs,
      endedAtMs: this.#endedAtMs,
      devices: this.#population.size,
      backend: this.#backend,
      pace: this.#pace.summary(nowMs),
      phases: this.#parts.map((part, index) => {
        const phase = phaseOfSegment(this.#plan.phases[index], this.#plan.segment?.count ?? 1);
        return phaseOutcomeOf(phase, [part]);
      }),
      timeSeries: this.#series.rows,
      safety: this.#checker.summary(),
      leases: acknowledgedLeases(this.#checker, nowMs, toUnixMs),
      personas: this.#personas,
      stopped: this.#stopped,
      addressesMoved: this.#checker.addressesMoved,
    });
  }

  /** After `run`, for a plan with a segment. */
  record(): SegmentRecord {
    const { index, count } = this.#plan.segment!;
    const toWallMs = systemClock.wallMs() - systemClock.monotonicMs();
    return {
      index,
      count,
      workers: this.#workers.length,
      backend: this.#backend,
      startedAtMs: this.#runStartMs + toWallMs,
      endedAtMs: this.#endedAtMs,
      phases: this.#parts,
      seconds: this.#seconds,
      stopped: this.#stopped,
      events: this.#events.take(toWallMs),
      eventsLost: this.#events.lost,
    };
  }

  async terminate(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** All workers change at the same moment, so that they keep one schedule. */
  #setPace(atMs: number): void {
    const { pace } = this.#pace;
    this.#schedule.setPace(pace, Math.max(atMs, this.#phaseStartMs));
    for (const worker of this.#workers) worker.post({ kind: "pace", pace, atMs });
  }

  get #isAborted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  /** Starts them one by one: the kernel numbers the sockets of a group in the order of their opening. */
  async #startWorkers(): Promise<void> {
    const isPortable = await portableSocket();
    if (isPortable && this.#plan.boot !== undefined) {
      throw new SimulationError(
        "booting devices needs the batched socket (Linux, and the koffi package), because every " +
          "device fetches from its own address: install them, or leave out boot and download",
      );
    }
    const { segment } = this.#plan;
    if (segment !== undefined) this.#checkSegment(segment, isPortable);
    const workerCount = isPortable ? 1 : this.#plan.workers;
    const allWorkers = workerCount * (segment?.count ?? 1);
    for (const stream of this.#plan.phases.flatMap(({ streams }) => streams)) {
      if (stream.kind === "outstanding" && stream.outstanding < allWorkers) {
        throw new SimulationError(
          `${stream.outstanding} outstanding transactions are too few for ${allWorkers} workers: ` +
            "each of them needs one, so take fewer workers or more transactions",
        );
      }
    }
    this.#series = new TimeSeries(workerCount);
    this.#silence = new SilenceWatch(workerCount);
    await this.#options.rendezvous?.mayOpen?.();
    for (let own = 0; own < workerCount; own += 1) {
      const start: WorkerStart = { plan: this.#plan, ...placeOf(segment, own, workerCount) };
      const worker = new WorkerHandle(start, (message) => this.#take(own, message));
      this.#workers.push(worker);
      this.#watermarksMs.push(0);
      const ready = await worker.next("ready", after(limits.readyMs));
      this.#backend = ready.backend;
    }
    await this.#options.rendezvous?.opened?.();
  }

  #checkSegment(segment: NonNullable<RunPlan["segment"]>, isPortable: boolean): void {
    const problem = isPortable
      ? "a run in segments needs the batched socket (Linux, and the koffi package): install them"
      : segmentProblem(this.#population, segment, this.#plan.workers);
    if (problem !== undefined) throw new SimulationError(problem);
  }

  async #runPhase(index: number): Promise<PhasePart> {
    const phase = this.#plan.phases[index];
    this.#phaseIndex = index;
    this.#goalReached = this.#workers.map(() => false);
    const surveys = await this.#askAll({ kind: "survey" }, "surveyed");
    const own = union(surveys.map((survey) => survey.bound));
    const bound = (await this.#options.rendezvous?.boundBefore(index, own)) ?? own;
    await this.#askAll({ kind: "prepare", phase: index, bound }, "prepared");

    const startAtMs =
      (await this.#options.rendezvous?.startAtMs(index)) ??
      systemClock.monotonicMs() + limits.startDelayMs;
    if (index === 0) this.#runStartMs = startAtMs;
    this.#phaseStartMs = startAtMs;
    this.#options.onPhase?.({ name: phase.name, startAtMs, runStartMs: this.#runStartMs });
    this.#schedule = new ScheduleClock(startAtMs, this.#pace.pace);
    const deadlineMs = (): number =>
      this.#schedule.toMonotonic(phaseMsMax(phase)) + phase.drainMs + limits.phaseGraceMs;
    const watch = this.#watchForEnd(phase);
    try {
      const start: ToWorker = { kind: "start", startAtMs, runStartMs: this.#runStartMs };
      const done = await this.#askAll(start, "phase-done", deadlineMs);
      return {
        startedAtMs: startAtMs - this.#runStartMs,
        ending: watch.ending(),
        done: done.map((each) => ({ ...each, endedAtMs: each.endedAtMs - startAtMs })),
      };
    } finally {
      watch.stop();
    }
  }

  /** Ends the phase at its goal, at the signal, or when a watch says so. Workers know its length themselves. */
  #watchForEnd(phase: PhasePlan): {
    readonly ending: () => PhaseEnding | undefined;
    readonly stop: () => void;
  } {
    const goal = goalOf(phase);
    let ending: PhaseEnding | undefined;
    let isOver = false;
    const end = (cause: PhaseEnding, drainMs: number): void => {
      if (ending !== undefined || isOver) return;
      ending = cause;
      for (const worker of this.#workers) worker.post({ kind: "end", drainMs });
    };
    const abort = (): void => end("aborted", 0);
    const rendezvous = this.#options.rendezvous;
    const index = this.#phaseIndex;
    this.#onGoalNews = () => {
      const isReached = this.#goalReached.every(Boolean);
      if (goal !== undefined && rendezvous) rendezvous.reached(index, isReached);
      else if (goal !== undefined && isReached) end(goal, phase.drainMs);
    };
    // If the rendezvous breaks off, its signal aborts the run.
    rendezvous?.ended(index).then(
      (cause) => end(cause, cause === "aborted" ? 0 : phase.drainMs),
      () => undefined,
    );
    const watch = new PhaseWatch(
      phase,
      this.#phaseStartMs,
      this.#workers.length,
      this.#options.judge,
    );
    this.#onMeasured = (workerIndex, measured) => {
      const stop = watch.take(workerIndex, measured);
      if (stop !== undefined) end(stop, stop.kind === "threshold" ? 0 : phase.drainMs);
    };
    // Another process of the run may have an answer.
    if (rendezvous === undefined) this.#onSilence = () => end({ kind: "silence" }, 0);
    this.#options.signal?.addEventListener("abort", abort);
    if (this.#isAborted) abort();
    return {
      ending: () => ending,
      stop: () => {
        isOver = true;
        this.#onMeasured = () => {};
        this.#onGoalNews = () => {};
        this.#onSilence = () => {};
        this.#options.signal?.removeEventListener("abort", abort);
      },
    };
  }

  /** Takes a message that no request waits for. */
  #take(workerIndex: number, message: FromWorker): void {
    switch (message.kind) {
      case "second":
        if (this.#plan.segment !== undefined) this.#seconds.push(message.report);
        for (const row of this.#series.add(message.report)) this.#tell(row);
        if (this.#silence.take(workerIndex, message.traffic, systemClock.monotonicMs())) {
          this.#onSilence();
        }
        return;
      case "leases":
        this.#checker.add(message.batch.events);
        if (this.#plan.segment !== undefined) this.#events.add(message.batch.events);
        this.#watermarksMs[workerIndex] = message.batch.watermarkMs;
        // While workers are still starting, nothing has happened yet.
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

  #tell(row: SimulatedSecond): void {
    const phase = this.#plan.phases[this.#phaseIndex];
    const elapsedMs = this.#schedule.toSchedule(systemClock.monotonicMs());
    this.#options.onProgress({
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
}

/** Whether this machine has only the portable socket, which several workers cannot share. */
async function portableSocket(): Promise<boolean> {
  const socket = await openUdpSocket({ address: 0x7f00_0001, port: 0 });
  const { backend } = socket;
  socket.close();
  return backend === "dgram";
}

function union(bitmaps: readonly Uint8Array[]): Uint8Array {
  const [first = new Uint8Array(0), ...others] = bitmaps;
  const all = first.slice();
  for (const bitmap of others) for (let i = 0; i < all.length; i += 1) all[i] |= bitmap[i];
  return all;
}
