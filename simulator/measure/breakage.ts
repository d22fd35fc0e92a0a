import type { ProfileStream } from "../../scenarios/language/phase-plan.ts";
import { RateProfile } from "../../scenarios/language/rate-profile.ts";
import type { StreamPlan } from "../plan/run-plan.ts";
import { IN_TIME_MS, missedPercent, type StageCounts, type StageOutcome } from "./stage-record.ts";

/** The rate at which a rising load broke the server. */
export interface Breakage {
  /** The highest rate whose stage kept the limit; null when the first one missed it. */
  readonly lastKeptPerSecond: number | null;
  /** Null when none did. */
  readonly firstMissedPerSecond: number | null;
  /** In a sentence. */
  readonly reason: string;
}

/**
 * The first stage that has certainly missed its limit: each of its arrivals has had its second by `elapsedMs`
 * (since the stream began). Undefined without such a stage, and for a stream that does not look for one.
 */
export function brokenStage(
  stream: ProfileStream,
  counts: readonly (Readonly<StageCounts> | undefined)[],
  elapsedMs: number,
): number | undefined {
  const { missedPercentMax, stages } = stream;
  if (missedPercentMax === undefined) return undefined;
  const { stageEndsMs } = new RateProfile(stages);
  const broken = stageEndsMs.findIndex((endMs, index) => {
    const count = counts[index];
    return endMs + IN_TIME_MS <= elapsedMs && count && missedPercent(count) > missedPercentMax;
  });
  return broken < 0 ? undefined : broken;
}

/**
 * Where a rate that looks for breakage broke the server, in a phase that is over; undefined for other
 * streams. `seen`: the stage that ended the phase, if one did. Stages that were cut short do not count.
 */
export function breakageOf(
  stream: StreamPlan,
  outcomes: readonly StageOutcome[] | undefined,
  seen: number | undefined,
): Breakage | undefined {
  if (stream.kind !== "profile" || stream.missedPercentMax === undefined) return undefined;
  const { missedPercentMax } = stream;
  const stages = (outcomes ?? []).filter(
    ({ startMs, endMs }, index) => endMs - startMs >= stream.stages[index].durationMs - CUT_MS,
  );
  const counts = stages.map((stage) => stage.counts);
  const broken = seen ?? brokenStage(stream, counts, Number.POSITIVE_INFINITY);
  const firstMissed = broken === undefined ? undefined : stages[broken];
  const kept = firstMissed === undefined ? stages : stages.slice(0, broken);
  return {
    lastKeptPerSecond: kept.at(-1)?.toPerSecond ?? null,
    firstMissedPerSecond: firstMissed?.toPerSecond ?? null,
    reason:
      firstMissed === undefined
        ? `no stage missed more than ${missedPercentMax} %`
        : reasonOf(firstMissed, missedPercentMax),
  };
}

/** Workers see the end of a phase late or early by up to this much. */
const CUT_MS = 1;

function reasonOf({ toPerSecond, counts }: StageOutcome, missedPercentMax: number): string {
  const missed =
    `at ${rounded(toPerSecond)}/s ${rounded(missedPercent(counts))} % were not answered within ` +
    `${IN_TIME_MS / 1000} s (limit ${missedPercentMax} %)`;
  const allowed = (counts.offered * missedPercentMax) / 100;
  if (counts.notEligible > allowed) {
    return `${missed}; ${counts.notEligible} of them found no device free: take more devices`;
  }
  if (counts.late > allowed) return `${missed}; the generator sent ${counts.late} late`;
  return missed;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
