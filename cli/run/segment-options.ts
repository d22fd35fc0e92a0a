import type { Scenario } from "../../scenarios/language/scenario.ts";
import { SEGMENTS_MAX } from "../../simulator/plan/segment.ts";
import { UsageError } from "../options/usage-error.ts";

/** A segment waits for its start no longer than this. */
const START_AHEAD_MS_MAX = 3_600_000;

/** `2/8`: the second of eight; counted from 0 in what it returns. */
export function parseSegment(text: string): { readonly index: number; readonly count: number } {
  const match = /^(\d{1,3})\/(\d{1,3})$/.exec(text);
  const [number, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && number >= 1 && number <= count && count <= SEGMENTS_MAX) {
    return { index: number - 1, count };
  }
  throw new UsageError(`--segment ${text}: write NUMBER/COUNT, such as 2/8, up to ${SEGMENTS_MAX}`);
}

/** ISO 8601 with its zone, on this machine's clock; ms since the epoch. */
export function parseStartAt(text: string): number {
  const atMs = /T.*(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  const aheadMs = atMs - Date.now();
  if (Number.isNaN(atMs)) {
    throw new UsageError(`--start-at ${text}: write ISO 8601 with a zone: 2026-01-31T18:00:00Z`);
  }
  if (aheadMs < 0 || aheadMs > START_AHEAD_MS_MAX) {
    throw new UsageError(`--start-at ${text}: is not within the hour that begins now`);
  }
  return atMs;
}

/** What only one process can do: to see, while it goes on, what all devices measure. */
export function refuseWatched({ phases }: Scenario): void {
  for (const { name, streams } of phases) {
    if (streams.some((each) => each.kind === "profile" && each.missedPercentMax !== undefined)) {
      throw new UsageError(
        `phase ${name} goes on until the server breaks, which takes all answers at once: ` +
          "run it in one process, or leave out untilBreakage",
      );
    }
  }
}

/** The scenario as a part of a run has it: its thresholds are about the whole. */
export function withoutThresholds(scenario: Scenario): Scenario {
  return { ...scenario, thresholds: [] };
}
