import type { Scenario } from "../../scenarios/language/scenario.ts";
import { SEGMENTS_MAX } from "../../simulator/plan/segment.ts";
import type { OptionValue } from "../options/options.ts";
import { UsageError } from "../options/usage-error.ts";

/** A segment waits at most this long for its start. */
const START_AHEAD_MS_MAX = 3_600_000;

/** `2/8` is the second of eight; `index` counts from 0. */
export const segmentShare: OptionValue<{ readonly index: number; readonly count: number }> = {
  parse: (text) => {
    const [, number, count] = (/^(\d{1,3})\/(\d{1,3})$/.exec(text) ?? []).map(Number);
    const isShare = number >= 1 && number <= count && count <= SEGMENTS_MAX;
    return isShare ? { index: number - 1, count } : undefined;
  },
  how: `write NUMBER/COUNT, such as 2/8, up to ${SEGMENTS_MAX}`,
};

/** Parses ISO 8601 with a zone; returns ms since the epoch. Throws UsageError beyond an hour from now. */
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

/** Refuses streams that end by what all devices measure, which only a single process sees. */
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
