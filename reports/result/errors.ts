import { streamNameOf } from "../../scenarios/language/phase-plan.ts";
import { problemWords } from "./boot-problems.ts";
import { bootTotalsOf } from "./boot-totals.ts";
import type { RunResult, StreamResult } from "./run-result.ts";

/** How often something went wrong for one reason in one place. */
export interface ErrorCount {
  readonly reason: string;
  readonly where: string;
  readonly count: number;
}

const reasonsOfStreams = [
  ["timeouts", "time-out: nobody answered in time"],
  ["naks", "NAK: the server refused"],
  ["retransmissions", "sent again"],
  ["notEligible", "not sent: no device was in the right state"],
] as const satisfies readonly (readonly [keyof StreamResult, string])[];

/** The errors of a run by reason and place, the most frequent first. */
export function errorsOf(result: RunResult): ErrorCount[] {
  const { phases, generator } = result;
  const ofStreams = phases.flatMap((phase) =>
    phase.streams.flatMap((stream) =>
      reasonsOfStreams.map(([field, reason]) => ({
        reason,
        where: `${phase.name} ${streamNameOf(stream)}`,
        count: stream[field],
      })),
    ),
  );
  const totals = bootTotalsOf(result);
  const ofBoots = (totals?.failures ?? []).map(({ kind, step, problem, boots, devices }) => ({
    reason: `${problem}: ${problemWords(problem)}`.replace(/: $/, ""),
    where: `${kind} ${step}`,
    count: boots + devices,
  }));
  const ofDownloads = Object.entries(totals?.downloads.failedAttempts ?? {}).map(
    ([problem, count]) => ({ reason: `attempt failed, ${problem}`, where: "downloads", count }),
  );
  const ofGenerator = [
    ["reply lost by the generator's own sockets", generator.socketDrops],
    ["send refused by the kernel", generator.sendErrors],
    ["datagram lost on purpose", generator.simulatedLoss?.dropped ?? 0],
  ] as const;
  return [
    ...ofStreams,
    ...ofBoots,
    ...ofDownloads,
    ...ofGenerator.map(([reason, count]) => ({ reason, where: "generator", count })),
  ]
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count);
}
