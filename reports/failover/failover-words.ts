import { formatCount, formatMs, formatSpan } from "../text/format.ts";
import type { FailoverEventResult, FailoverResult, Interruption } from "./failover-result.ts";

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
  const rto =
    interruption === null
      ? "none"
      : interruption.rtoMs === null
        ? "never"
        : span(interruption.rtoMs);
  return [
    event.name,
    span(event.startedAtMs),
    event.detectedAfterMs === null ? "-" : span(event.detectedAfterMs),
    rto,
    formatCount(event.devicesAffected),
    outageMs.count === 0 ? "-" : span(outageMs.p99),
    event.steadyAfterMs === null ? "not seen" : span(event.steadyAfterMs),
  ];
}

/** What the table has no column for, in parts of a sentence; empty for an event that did nothing. */
export function failoverWords(event: FailoverEventResult): string[] {
  const { interruption: gap, nodeInterruption: nodeGap, outageMs } = event;
  const counted: readonly (readonly [number, string])[] = [
    [event.devicesUnserved, "still waiting at the end"],
    [event.devicesRebinding, "at T2 without an answer"],
    [event.devicesGivenUp, "gave up an exchange"],
    [event.leasesExpired, "lost their lease"],
  ];
  return [
    ...(gap === null ? [] : gapWords(gap)),
    ...(nodeGap ? [nodeGapWords(nodeGap)] : []),
    ...(event.otherServerAfterMs === null
      ? []
      : [`another server after ${span(event.otherServerAfterMs)}`]),
    ...roleWords(event),
    ...(outageMs.count === 0
      ? []
      : [`outage by device p50 ${span(outageMs.p50)}, max ${span(outageMs.max)}`]),
    ...counted
      .filter(([count]) => count > 0)
      .map(
        ([count, what]) => `${formatCount(count)} ${count === 1 ? "device" : "devices"} ${what}`,
      ),
    ...(event.retransmissions === 0
      ? []
      : [`${formatCount(event.retransmissions)} retransmissions`]),
    ...(event.dipPercent === null || event.dipPercent < 1
      ? []
      : [`the worst second had ${Math.round(event.dipPercent)} % fewer ACKs`]),
  ];
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

/** Of a node that shares the devices with another one. */
function nodeGapWords({ serverBefore, fromMs, rtoMs }: Interruption): string {
  return rtoMs === null
    ? `${serverBefore} itself sent no ACK after ${span(fromMs)}`
    : `${serverBefore} itself sent no ACK for ${span(rtoMs)}`;
}

/** HA-8 has 18 s for the detection, 2 s and 10 s to stop and to start. */
function roleWords({ detectedAfterMs, activeAfterMs }: FailoverEventResult): string[] {
  if (activeAfterMs === null) return [];
  if (detectedAfterMs === null) return [`a node active after ${span(activeAfterMs)}`];
  return [`active ${span(activeAfterMs - detectedAfterMs)} after the detection`];
}

/** Of the events as a whole; empty for nothing. */
export function failoverNotes({ source, lost, events }: FailoverResult): string[] {
  const isShared = events.some(({ nodeInterruption }) => nodeInterruption !== undefined);
  return [
    ...(isShared
      ? [
          "Both nodes serve, each a share of the devices: RTO is that of the pair. Whoever had a node that is gone is in the outage by device.",
        ]
      : []),
    ...(source === "seen" && events.length > 0
      ? ["Nobody told the run what was done: these events are what it saw of its servers."]
      : []),
    ...(lost > 0
      ? [`${formatCount(lost)} ACKs or waits found no room: the figures are too low.`]
      : []),
  ];
}

function span(ms: number): string {
  return ms < 1000 ? `${ms < 10 ? formatMs(ms) : Math.round(ms)} ms` : formatSpan(ms);
}
