import { formatRate } from "./format.ts";
import type { RunResult } from "./run-result.ts";

/** What a rising rate found, in a sentence for each stream that rose until the server broke. */
export function breakageLines({ phases }: Pick<RunResult, "phases">): string[] {
  return phases.flatMap((phase) =>
    phase.streams.flatMap(({ name, exchange, breakage }) => {
      if (breakage === undefined) return [];
      const { lastKeptPerSecond, firstMissedPerSecond, reason } = breakage;
      const kept = `${phase.name} ${name ?? exchange} kept ${rate(lastKeptPerSecond)}`;
      return [`${kept}, missed ${rate(firstMissedPerSecond)}: ${reason}`];
    }),
  );
}

function rate(perSecond: number | null): string {
  return perSecond === null ? "no rate" : `${formatRate(perSecond)}/s`;
}
