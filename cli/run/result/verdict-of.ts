import type { RunResult, SafetyResult, Target } from "../../../reports/result/run-result.ts";
import { violationsOf } from "../../../reports/result/safety.ts";
import { formatCount } from "../../../reports/text/format.ts";
import type { Scenario } from "../../../scenarios/language/scenario.ts";
import type { Threshold } from "../../../scenarios/language/threshold.ts";
import {
  type GeneratorProblem,
  onlyWorsens,
  problemSentence,
} from "../../../simulator/measure/generator-health.ts";
import type { PhaseOutcome, SimulationOutcome } from "../../../simulator/run/outcome.ts";
import type { RunPaceSummary } from "../../../simulator/run/run-pace.ts";
import { mayHaveFailed, mayHaveHelped } from "./generator-doubt.ts";

export interface Judged {
  readonly verdict: RunResult["verdict"];
  readonly reasons: readonly string[];
  /** The problems of the generator that a reader should know. */
  readonly problems: readonly GeneratorProblem[];
}

interface JudgedRun {
  readonly scenario: Scenario;
  readonly outcome: SimulationOutcome;
  readonly target: Target;
}

/** What the run did not do as asked, in a sentence, and the phase; undefined: the whole run. */
interface Failure {
  readonly reason: string;
  readonly phase: string | undefined;
}

/**
 * Judges a run, strongest first: what was unsafe; silence; a run that somebody stopped or paused; a failure
 * that the generator cannot have caused; a generator that may have decided; any other failure. `thresholds`
 * are in the order of the scenario's.
 */
export function verdictOf(
  run: JudgedRun,
  thresholds: RunResult["thresholds"],
  safety: SafetyResult,
): Judged {
  const { outcome } = run;
  const { problems } = outcome.health;
  // A closed loop beside other programs is nothing unusual, unless it decides something.
  const told = problems.filter(({ kind }) => kind !== "starved");
  const judged = (verdict: Judged["verdict"], reasons: readonly string[]): Judged => ({
    ...{ verdict, reasons, problems: told },
  });
  const unsafe = violationsOf(safety)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `Unsafe: ${count} ${what}.`);
  if (unsafe.length > 0) return judged("fail", unsafe);
  const failures = failuresOf(run, thresholds);
  const silence = silenceOf(run);
  if (silence !== undefined) return judged("fail", [silence, ...reasonsOf(failures)]);
  const byHand = [
    ...(outcome.aborted ? ["The run was stopped early."] : []),
    ...(outcome.pace === undefined ? [] : [paceReason(outcome.pace)]),
  ];
  if (byHand.length > 0) return judged("invalid", byHand);
  const ofServer = failures.filter(
    ({ phase }) => !problems.some((each) => mayHaveFailed(each, phase)),
  );
  const doubts = ofServer.length > 0 ? [] : doubtsOf(run, thresholds, failures);
  if (doubts.length > 0) return { verdict: "invalid", reasons: reasonsOf(doubts), problems };
  if (failures.length === 0) return judged("pass", []);
  return judged("fail", [...reasonsOf(failures), ...hintOf(run.target, safety)]);
}

const reasonsOf = (failures: readonly Pick<Failure, "reason">[]): string[] =>
  failures.map(({ reason }) => reason);

function failuresOf(
  { outcome, scenario }: JudgedRun,
  thresholds: RunResult["thresholds"],
): readonly Failure[] {
  const { phases } = outcome;
  const missing = scenario.phases.length - phases.length;
  return [
    ...phases.flatMap(({ name, endedWhy }) =>
      endedWhy === undefined
        ? []
        : [{ reason: `Phase ${name} was ended by its threshold ${endedWhy}.`, phase: name }],
    ),
    ...phases.flatMap((phase) => {
      const reason = missedGoal(scenario, phase);
      return reason === undefined ? [] : [{ reason, phase: phase.name }];
    }),
    ...scenario.thresholds.flatMap(({ metric }, index) => {
      const { holds, text, actual } = thresholds[index];
      if (holds) return [];
      const phase = scenario.phases.find(({ name }) => name === metric[0])?.name;
      const reason = `Threshold failed: ${text}, but it was ${actual ?? "not measured"}.`;
      return [{ reason, phase }];
    }),
    ...(missing > 0 ? [{ reason: `${missing} phases did not run.`, phase: undefined }] : []),
  ];
}

/** What the generator may have decided, after the sentences about the generator; empty if nothing. */
function doubtsOf(
  { outcome, scenario }: JudgedRun,
  thresholds: RunResult["thresholds"],
  failures: readonly Failure[],
): readonly Pick<Failure, "reason">[] {
  const { phases, health } = outcome;
  const held = scenario.thresholds.filter((_, index) => thresholds[index].holds);
  const helped = new Set<Threshold>();
  const broken = phases.filter(({ streams }) =>
    streams.some(({ breakage }) => typeof breakage?.firstMissedPerSecond === "number"),
  );
  const deciding = health.problems.filter((problem) => {
    const eased = held.filter((threshold) => mayHaveHelped(problem, threshold, phases));
    for (const threshold of eased) helped.add(threshold);
    return (
      eased.length > 0 ||
      !onlyWorsens(problem) ||
      [...failures, ...broken.map(({ name }) => ({ phase: name }))].some(({ phase }) =>
        mayHaveFailed(problem, phase),
      )
    );
  });
  return [
    ...deciding.map((problem) => ({ reason: problemSentence(problem) })),
    ...(deciding.length === 0 ? [] : failures),
    ...[...helped].map(({ text }) => ({
      reason: `Threshold holds, but a slow generator makes it easier: ${text}.`,
    })),
  ];
}

/** Why nothing else matters: not one datagram came back. */
function silenceOf({ outcome, target }: JudgedRun): string | undefined {
  const { workers } = outcome.health;
  const sent = workers.reduce((sum, worker) => sum + worker.sent, 0);
  if (sent === 0 || workers.some(({ received }) => received > 0)) return undefined;
  return `Nobody answered: ${nameOf(target)} sent nothing in return for ${formatCount(sent)} datagrams. ${WHETHER_IT_SERVES}`;
}

const WHETHER_IT_SERVES = "Is it serving there, with what prov config prints for this scenario?";

function nameOf({ address, port, others = [] }: Target): string {
  return [address, ...others].map((each) => `${each}:${port}`).join(" or ");
}

function hintOf(target: Target, { acknowledged }: SafetyResult): readonly string[] {
  if (target.kind !== "external" || acknowledged > 0) return [];
  return [`No ACK came from ${nameOf(target)}. ${WHETHER_IT_SERVES}`];
}

/** A run that somebody paused, or whose rates somebody changed, is no measurement. */
function paceReason({ pausedMs, paces }: RunPaceSummary): string {
  const paused = pausedMs === 0 ? [] : [`was paused for ${(pausedMs / 1000).toFixed(1)} s`];
  const scaled = paces.length === 0 ? [] : [`went at ${paces.join(", ")} times its rates`];
  return `By hand, the run ${[...paused, ...scaled].join(" and ")}: its figures are no benchmark.`;
}

/** Why a phase did not reach its goal, as a sentence; undefined if it did. */
function missedGoal({ phases }: Scenario, phase: PhaseOutcome): string | undefined {
  const { name, endedBy, devicesGivenUp } = phase;
  if (endedBy === "given-up") {
    return `Phase ${name}: ${devicesGivenUp} devices gave up before they were on line.`;
  }
  if (endedBy !== "time-limit") return undefined;
  const goal = phases.find((planned) => planned.name === name)?.until;
  const state = goal === "all-online" ? "on line" : "bound";
  return `Phase ${name} reached its time limit before every device was ${state}.`;
}
