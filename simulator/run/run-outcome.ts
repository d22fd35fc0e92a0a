import { resized } from "../../base/columns.ts";
import type { PersonaRoll } from "../../scenarios/population/personas.ts";
import { addHistograms } from "../boot/kind-histograms.ts";
import { sumPersonas } from "../device/persona/personas.ts";
import { sumOfAnswers } from "../measure/answer-counts.ts";
import { breakageOf } from "../measure/breakage.ts";
import { judgeHealth } from "../measure/generator-health.ts";
import { mergeOutages } from "../measure/outage-log.ts";
import { outcomeOf, PhaseRecord, type TimeToBound } from "../measure/recorder.ts";
import type { SafetyChecker } from "../measure/safety-checker.ts";
import { sumCounters } from "../network/network-counters.ts";
import type { PhasePlan, RunPlan } from "../plan/run-plan.ts";
import type { Stopped } from "../worker/worker-messages.ts";
import type {
  AcknowledgedLeases,
  PersonaOutcome,
  PhaseOutcome,
  PhaseOutcomeEnd,
  SimulationOutcome,
} from "./outcome.ts";
import type { PhaseEnding, PhasePart } from "./segment-record.ts";

/** A phase of a run, from the reports of all its workers. */
export function phaseOutcomeOf(phase: PhasePlan, parts: readonly PhasePart[]): PhaseOutcome {
  const done = parts.flatMap((part) => part.done);
  const ending = endingOf(parts);
  const stop = typeof ending === "object" ? ending : undefined;
  const cause = typeof ending === "object" ? ending.kind : ending;
  const record = new PhaseRecord(phase.streams.length);
  for (const { report } of done) record.add(report);
  const own = done.find(({ endedBy }) => endedBy !== "coordinator")?.endedBy;
  const durationMs = Math.max(0, ...done.map(({ endedAtMs }) => endedAtMs));
  const devicesGivenUp = done.reduce((sum, worker) => sum + worker.devicesGivenUp, 0);
  const reached = cause === "all-online" && devicesGivenUp > 0 ? "given-up" : cause;
  const history = done.flatMap((worker) => worker.history ?? []);
  const byItself = own === "duration" || own === "time-limit" ? own : undefined;
  return {
    name: phase.name,
    startedAtMs: Math.min(...parts.map(({ startedAtMs }) => startedAtMs)),
    durationMs,
    // What ends the run does so all the same while the last answers come in.
    endedBy:
      stop !== undefined && stop.kind !== "breakage"
        ? stop.kind
        : (byItself ?? reached ?? "aborted"),
    ...(stop?.kind === "threshold" ? { endedWhy: stop.why } : {}),
    devicesGivenUp,
    streams: phase.streams.map((stream, index) => {
      const outcome = outcomeOf(phase, stream, record.streams[index], durationMs);
      const seen = stop?.kind === "breakage" && stop.stream === index ? stop.stage : undefined;
      const breakage = breakageOf(stream, outcome.stages, seen);
      return breakage === undefined ? outcome : { ...outcome, breakage };
    }),
    background: record.background,
    timeToBound: record.timeToBound,
    boot: record.boot,
    slowest: record.slowest.all,
    workers: done.map(({ usage }) => usage),
    ...(history.length === 0 ? {} : { history }),
  };
}

/** The phase of one of `count` segments: with its part of the rates. */
export function phaseOfSegment(phase: PhasePlan, count: number): PhasePlan {
  const streams = phase.streams.map((stream) =>
    stream.kind === "rate"
      ? { ...stream, ratePerSecond: stream.ratePerSecond / count }
      : stream.kind === "churn"
        ? { ...stream, perSecond: stream.perSecond / count }
        : stream,
  );
  return { ...phase, streams };
}

/** If one part was aborted, the whole was. */
function endingOf(parts: readonly PhasePart[]): PhaseEnding | undefined {
  const endings = parts.map(({ ending }) => ending);
  return endings.find((ending) => ending === "aborted") ?? endings.find(Boolean);
}

/** A run that is over, over all its workers. */
interface FinishedRun
  extends Pick<
    SimulationOutcome,
    "startedAtMs" | "endedAtMs" | "backend" | "pace" | "phases" | "timeSeries" | "safety" | "leases"
  > {
  readonly devices: number;
  readonly personas: PersonaRoll | undefined;
  readonly stopped: readonly Stopped[];
  readonly addressesMoved: number;
}

export function runOutcomeOf(plan: RunPlan, run: FinishedRun): SimulationOutcome {
  const { personas, stopped, addressesMoved, ...rest } = run;
  const outages = stopped.flatMap((worker) => worker.outages ?? []);
  const { phases } = run;
  const last = phases.at(-1)?.endedBy;
  const timeToBound: TimeToBound = {};
  for (const phase of phases) addHistograms(timeToBound, phase.timeToBound);
  const workers = stopped.map(({ usage }) => usage);
  return {
    ...rest,
    workers: workers.length,
    aborted: last === "aborted" || (phases.length < plan.phases.length && !endsRun(last)),
    timeToBound,
    health: judgeHealth(plan.generator, phases, workers),
    decodeErrors: stopped.reduce((sum, worker) => sum + worker.decodeErrors, 0),
    ignoredReplies: stopped.reduce((sum, worker) => sum + worker.ignoredReplies, 0),
    personas: personaOutcomes(personas, stopped),
    network: sumCounters(stopped.map(({ network }) => network)),
    answers: sumOfAnswers(stopped.map(({ answers }) => answers)),
    ...(outages.length > 0 && { outages: { ...mergeOutages(outages), addressesMoved } }),
  };
}

function endsRun(end: PhaseOutcomeEnd | undefined): boolean {
  return end === "threshold" || end === "silence";
}

/** The leases at `nowMs` on the checker's clock. `toUnixMs`: Unix time minus that clock. */
export function acknowledgedLeases(
  checker: SafetyChecker,
  nowMs: number,
  toUnixMs: number,
): AcknowledgedLeases {
  const size = checker.leasesMax;
  const device = new Uint32Array(size);
  const address = new Uint32Array(size);
  const expiresAtSeconds = new Float64Array(size);
  let count = 0;
  checker.forEachLease(nowMs, (holder, held, untilMs) => {
    device[count] = holder;
    address[count] = held;
    expiresAtSeconds[count] = (untilMs + toUnixMs) / 1000;
    count += 1;
  });
  return { count, ...resized({ device, address, expiresAtSeconds }, count) };
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
