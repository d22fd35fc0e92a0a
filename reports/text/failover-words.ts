import type {
  FailoverEventResult,
  FailoverResult,
  Interruption,
} from "../result/failover-result.ts";
import { formatCount, formatMs, formatSpan } from "./format.ts";

/** The columns of the table of events, in every format. */
export const failoverHead = [
  "event",
  "at",
  "detected",
  "RTO",
  "affected",
  "outage p99",
  "steady after",
] as const;

/** An event's row: "-" where there is nothing to tell, "none" where the service went on. */
export function failoverCells(event: FailoverEventResult): string[] {
  const { interruption, outageMs } = event;
  return [
    event.name,
    span(event.startedAtMs),
    spanOr("-", event.detectedAfterMs),
    interruption === null ? "none" : spanOr("never", interruption.rtoMs),
    formatCount(event.devicesAffected),
    outageMs.count === 0 ? "-" : span(outageMs.p99),
    spanOr("not seen", event.steadyAfterMs),
  ];
}

/** Effects without a column in the table, as parts of a sentence; empty if there are none. */
export function failoverWords(event: FailoverEventResult): string[] {
  const { interruption: gap, nodeInterruption: nodeGap, outageMs, otherServerAfterMs } = event;
  const counted: readonly (readonly [number, string])[] = [
    [event.devicesUnserved, "still waiting at the end"],
    [event.devicesRebinding, "at T2 without an answer"],
    [event.devicesGivenUp, "gave up an exchange"],
    [event.leasesExpired, "lost their lease"],
  ];
  const words = [
    ...(gap === null ? [] : gapWords(gap)),
    nodeGap && nodeGapWords(nodeGap),
    otherServerAfterMs !== null && `another server after ${span(otherServerAfterMs)}`,
    roleWords(event),
    outageMs.count > 0 && `outage by device p50 ${span(outageMs.p50)}, max ${span(outageMs.max)}`,
    ...counted.map(
      ([count, what]) =>
        count > 0 && `${formatCount(count)} ${count === 1 ? "device" : "devices"} ${what}`,
    ),
    event.retransmissions > 0 && `${formatCount(event.retransmissions)} retransmissions`,
    event.dipPercent !== null &&
      event.dipPercent >= 1 &&
      `the worst second had ${Math.round(event.dipPercent)} % fewer ACKs`,
  ];
  return words.filter((each) => typeof each === "string");
}

function gapWords(gap: Interruption): string[] {
  const normal = `before, the longest gap was ${span(gap.normalGapMs)}`;
  if (gap.rtoMs === null) return [`no ACK after ${span(gap.fromMs)}`, normal];
  const who =
    gap.serverBefore === gap.serverAfter
      ? `${gap.serverAfter} again`
      : `${gap.serverBefore}, then ${gap.serverAfter}`;
  const asked =
    gap.offeredMeanwhile === null
      ? ""
      : `, in which ${formatCount(gap.offeredMeanwhile)} transactions were asked for`;
  return [`no ACK for ${span(gap.rtoMs)} (${who})${asked}`, normal];
}

/** For a node that shares the devices with another one. */
function nodeGapWords({ serverBefore, fromMs, rtoMs }: Interruption): string {
  const silence = rtoMs === null ? `after ${span(fromMs)}` : `for ${span(rtoMs)}`;
  return `${serverBefore} itself sent no ACK ${silence}`;
}

/** HA-8 has 18 s for the detection, 2 s and 10 s to stop and to start. */
function roleWords({ detectedAfterMs, activeAfterMs }: FailoverEventResult): string | undefined {
  if (activeAfterMs === null) return undefined;
  if (detectedAfterMs === null) return `a node active after ${span(activeAfterMs)}`;
  return `active ${span(activeAfterMs - detectedAfterMs)} after the detection`;
}

/** About the events as a whole; empty where there is nothing to note. */
export function failoverNotes({ source, lost, events }: FailoverResult): string[] {
  const isShared = events.some(({ nodeInterruption }) => nodeInterruption !== undefined);
  const notes = [
    isShared &&
      "Both nodes serve, each a share of the devices: RTO is that of the pair. Whoever had a node that is gone is in the outage by device.",
    source === "seen" &&
      events.length > 0 &&
      "Nobody told the run what was done: these events are what it saw of its servers.",
    lost > 0 && `${formatCount(lost)} ACKs or waits found no room: the figures are too low.`,
  ];
  return notes.filter((each) => each !== false);
}

function spanOr(otherwise: string, ms: number | null): string {
  return ms === null ? otherwise : span(ms);
}

function span(ms: number): string {
  return ms < 1000 ? `${ms < 10 ? formatMs(ms) : Math.round(ms)} ms` : formatSpan(ms);
}
