import type { RunResult } from "../result/run-result.ts";
import { formatRate } from "./format.ts";

/** Where a rate that rose until the server broke came to, in a sentence for each such stream. */
export function breakageLines({ phases }: Pick<RunResult, "phases">): string[] {
  return phases.flatMap((phase) =>
    phase.streams.flatMap(({ name, exchange, breakage }) => {
      if (breakage === undefined) return [];
      const { lastKeptPerSecond, firstMissedPerSecond, reason } = breakage;
      const found = `kept ${rate(lastKeptPerSecond)}, missed ${rate(firstMissedPerSecond)}`;
      return [`${phase.name} ${name ?? exchange} ${found}: ${reason}`];
    }),
  );
}

/** The step's own rate has many digits, because each is a multiple of the one before. */
function rate(perSecond: number | null): string {
  return perSecond === null ? "no rate" : `${formatRate(Math.round(perSecond))}/s`;
}
