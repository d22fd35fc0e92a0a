import { streamNameOf } from "../../../scenarios/language/phase-plan.ts";
import type { Threshold } from "../../../scenarios/language/threshold.ts";
import {
  type GeneratorProblem,
  type JudgedPhase,
  onlyWorsens,
} from "../../../simulator/measure/generator-health.ts";

// What a generator beyond its limits may have done to a threshold. docs/results.md has the same as a table,
// with the reasons.

/** How a slow generator moves what is measured of a server: only ever to this side, which is the worse one. */
interface Movement {
  readonly worse: "more" | "less";
  /** Whether that is so in a closed loop, too, where a slow generator gives the server less to do at a time. */
  readonly inClosedLoops: boolean;
}

const upwards: Movement = { worse: "more", inClosedLoops: true };
const downwards: Movement = { worse: "less", inClosedLoops: true };
const upwardsByTheSchedule: Movement = { worse: "more", inClosedLoops: false };

/**
 * `serviceMs` is not here: it counts from the moment a packet really left, so what the generator made wait
 * is not in it.
 */
const movements: ReadonlyMap<string, Movement> = new Map([
  ["latencyMs", upwardsByTheSchedule],
  ["timeToBoundMs", upwardsByTheSchedule],
  ["timeToOnlineMs", upwardsByTheSchedule],
  ["failover", upwardsByTheSchedule],
  ["onlineAfterMs", upwards],
  ["bootFailures", upwards],
  ["timeouts", upwards],
  ["retransmissions", upwards],
  ["naks", upwards],
  ["notEligible", upwards],
  ["completed", downwards],
  ["achievedPerSecond", downwards],
  ["achievedRatio", downwards],
]);

/** Measures of a phase that belong to none of its streams. */
const ofPhases: ReadonlySet<string> = new Set(["onlineAfterMs", "bootFailures"]);

/** What the generator did: such a threshold says the truth about it. */
const generatorsOwn: ReadonlySet<string> = new Set([
  ...["offered", "sent", "offeredPerSecond", "slipMs"],
]);

/** Whether the problem may have made something fail in a phase, or in the whole run (undefined). */
export function mayHaveFailed(problem: GeneratorProblem, phase: string | undefined): boolean {
  return !("phase" in problem) || phase === undefined || problem.phase === phase;
}

/** Whether the threshold, which holds, may hold only because of the problem. */
export function mayHaveHelped(
  problem: GeneratorProblem,
  { metric, operator, bound }: Threshold,
  phases: readonly JudgedPhase[],
): boolean {
  const phase = phases.find(({ name }) => name === metric[0]);
  if (!mayHaveFailed(problem, phase?.name)) return false;
  const measure = metric[phase === undefined ? 0 : ofPhases.has(metric[1]) ? 1 : 2];
  if (generatorsOwn.has(measure)) return false;
  const movement = movements.get(measure);
  if (movement === undefined || !onlyWorsens(problem)) return true;
  if (!movement.inClosedLoops && isOfClosedLoop(problem, phase, metric[1], phases)) return true;
  if (operator === "==") return movement.worse === "more" && bound !== 0;
  return operator.startsWith("<") !== (movement.worse === "more");
}

/** The stream of the metric; for a metric of the whole run, any stream of the problem's phase. */
function isOfClosedLoop(
  problem: GeneratorProblem,
  phase: JudgedPhase | undefined,
  stream: string,
  phases: readonly JudgedPhase[],
): boolean {
  const asked = phase ?? phases.find(({ name }) => "phase" in problem && problem.phase === name);
  const streams = asked?.streams ?? [];
  const named =
    phase === undefined ? streams : streams.filter((each) => streamNameOf(each) === stream);
  return named.some(({ load }) => load === "closed");
}
