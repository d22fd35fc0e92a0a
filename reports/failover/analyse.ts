import type { TimeSeriesRow } from "../result/run-result.ts";
import { AckLine, type Gap } from "./ack-line.ts";
import { deviceOutagesOf, type Window } from "./device-outages.ts";
import type { ExecutedEvent, RoleChange } from "./events.ts";
import type { FailoverEventResult, FailoverResult } from "./failover-result.ts";
import { type AckHistory, type ActiveSpan, BIN_MS, type PairHistory } from "./history.ts";
import { dipOf, interruptionOf, rounded } from "./interruption.ts";
import { acknowledgedWithoutLeadership, type Claim, stretchesOf } from "./leadership.ts";
import { seenEvents } from "./seen-events.ts";
import { beforeOf, retransmissionsIn, steadyAfterMs } from "./steady-state.ts";

/** What a run measured, as far as the analysis reads it. */
export interface MeasuredRun {
  readonly history: AckHistory;
  readonly rows: readonly TimeSeriesRow[];
  readonly active: readonly ActiveSpan[];
  readonly pair: PairHistory;
  /** How a server identifier is written. */
  readonly nameOf: (server: number) => string;
}

/** The seconds before an event that say what is normal. */
const BEFORE_MS = 5000;
/** With less time since the last one was over, an event has no such seconds of its own. */
const CALM_MS_MIN = 1000;
/** A device whose wait began so long before the event may have asked the server that was hit. */
const IN_FLIGHT_MS = 1000;
/** Roles are polled, so a node may acknowledge before it is known to be active. */
const ROLE_EARLY_MS = 1000;
const CHART_BINS_MAX = 600;
/** A chart of finer bins shows the batches of the sockets. */
const CHART_BIN_MS_MIN = 100;

/** Undefined when nothing happened to the servers that could be reported. */
export function failoverResultOf(run: MeasuredRun): FailoverResult | undefined {
  const { history, pair, nameOf } = run;
  const executed = pair.events.toSorted((a, b) => a.startedAtMs - b.startedAtMs);
  const isSeen = executed.length === 0;
  const events = isSeen ? seenEvents(history.servers, nodeIn(pair), nameOf) : executed;
  if (events.length === 0 && pair.roles.length === 0) return undefined;
  const line = new AckLine(history.servers);
  return {
    nodes: pair.servers.map((server, index) => ({
      node: index === 0 ? "a" : "b",
      server: nameOf(server),
    })),
    source: isSeen ? "seen" : "executed",
    events: eventResultsOf(run, line, events),
    roles: pair.roles,
    acknowledged: chartOf(run, line),
    ...(!pair.isLoadBalanced &&
      !isSeen && {
        leaderChanges: Math.max(0, stretchesOf(ofPair(run)).length - 1),
      }),
    lost: history.lost,
  };
}

/**
 * ACKs by a node to requests that were sent after the first ACK of the other one, without a leadership
 * of a newer epoch in between; where epochs are not known, without the beginning or the end of an event in
 * between. ACKs by whoever is no node of the pair count as well. Undefined of a pair in which both may answer,
 * and where nobody knows what was done to it.
 */
export function unledAcksOf(run: MeasuredRun): number | undefined {
  const { pair } = run;
  if (pair.isLoadBalanced || (pair.events.length === 0 && pair.roles.length === 0)) {
    return undefined;
  }
  const byRoles = claimsOf(pair);
  const claims: readonly Claim[] =
    byRoles.length > 0
      ? byRoles
      : [
          { atMs: Number.NEGATIVE_INFINITY },
          ...pair.events
            .flatMap(({ startedAtMs, endedAtMs = startedAtMs }) => [startedAtMs, endedAtMs])
            .map((atMs) => ({ atMs }))
            .toSorted((a, b) => a.atMs - b.atMs),
        ];
  const earlyMs = byRoles.length > 0 ? ROLE_EARLY_MS : 0;
  return (
    strangersIn(run) + acknowledgedWithoutLeadership(stretchesOf(ofPair(run)), claims, earlyMs)
  );
}

/** ACKs of nobody in the pair: whoever sent them, no leadership was theirs. */
function strangersIn({ history, pair }: MeasuredRun): number {
  return [...history.servers, ...history.ignored]
    .filter(({ server }) => !pair.servers.includes(server))
    .reduce((sum, { count }) => sum + count.reduce((total, each) => total + each, 0), 0);
}

/** An ACK that came too late for its device was sent all the same. */
function ofPair({ history, pair }: MeasuredRun): AckHistory["servers"] {
  return [...history.servers, ...history.ignored].filter(({ server }) =>
    pair.servers.includes(server),
  );
}

/**
 * One an epoch, of the node that was seen active in it. An epoch has one holder, so it was claimed by the time at
 * which either node first told of it: the holder itself may have been too busy to answer. The first
 * one may have been active before the run.
 */
function claimsOf({ roles, servers }: PairHistory): Claim[] {
  const claims: Claim[] = [];
  const inOrder = roles.toSorted((a, b) => a.atMs - b.atMs);
  let last = Number.NEGATIVE_INFINITY;
  for (const { role, epoch, node } of inOrder) {
    if (role !== "active" || epoch <= last) continue;
    const told = inOrder.find((other) => other.epoch >= epoch)!;
    const atMs = claims.length === 0 ? Number.NEGATIVE_INFINITY : told.atMs;
    claims.push({ atMs, server: servers[node === "a" ? 0 : 1] });
    last = epoch;
  }
  return claims;
}

function nodeIn({ servers }: PairHistory): (server: number) => ExecutedEvent["node"] {
  return (server) => (["a", "b"] as const)[servers.indexOf(server)];
}

/** Events in their order, each with the seconds before it that say what is normal. */
function eventResultsOf(
  run: MeasuredRun,
  line: AckLine,
  events: readonly ExecutedEvent[],
): FailoverEventResult[] {
  const gaps = line.gaps();
  const results: FailoverEventResult[] = [];
  let calm: Window = { fromMs: 0, toMs: 0 };
  let calmFromMs = 0;
  events.forEach(({ startedAtMs }, index) => {
    // While an earlier event is still felt, what was normal before that one says what is normal.
    if (index === 0 || startedAtMs - calmFromMs >= CALM_MS_MIN) {
      calm = { fromMs: Math.max(calmFromMs, startedAtMs - BEFORE_MS), toMs: startedAtMs };
    }
    const own = gaps.filter((gap) => ownerOf(gap, events) === index);
    const result = eventResultOf(run, line, own, calm, events, index);
    results.push(result);
    calmFromMs =
      result.steadyAfterMs === null ? Number.POSITIVE_INFINITY : startedAtMs + result.steadyAfterMs;
  });
  return results;
}

function eventResultOf(
  run: MeasuredRun,
  line: AckLine,
  gaps: readonly Gap[],
  calm: Window,
  events: readonly ExecutedEvent[],
  index: number,
): FailoverEventResult {
  const { history, rows, active } = run;
  const event = events[index]!;
  const { startedAtMs } = event;
  const previousMs = events[index - 1]?.startedAtMs ?? Number.NEGATIVE_INFINITY;
  const nextMs = events[index + 1]?.startedAtMs ?? Number.POSITIVE_INFINITY;
  const before = beforeOf(rows, calm.fromMs, calm.toMs);
  const devices = deviceOutagesOf(
    history.notes,
    {
      fromMs: Math.max(previousMs, startedAtMs - IN_FLIGHT_MS),
      toMs: Math.max(startedAtMs, nextMs - IN_FLIGHT_MS),
    },
    startedAtMs,
  );
  const endMs = Math.min(nextMs, Math.max(0, ...active.map((span) => span.endMs)));
  const steadyMs = before ? steadyAfterMs(rows, before, startedAtMs) : null;
  const felt = { fromMs: startedAtMs, toMs: endMs };
  const otherMs = otherServerMs(line, run, startedAtMs);
  return {
    ...event,
    startedAtMs: rounded(startedAtMs),
    ...rolesAfter(run.pair.roles, startedAtMs, nextMs),
    otherServerAfterMs:
      otherMs === undefined || otherMs >= nextMs ? null : rounded(otherMs - startedAtMs),
    interruption: interruptionOf(run, line, gaps, calm, before?.sentPerSecond ?? null),
    ...nodeInterruptionOf(run, calm, events, index),
    ...devices,
    retransmissions: retransmissionsIn(
      rows,
      startedAtMs,
      Math.min(endMs, startedAtMs + (steadyMs ?? Number.POSITIVE_INFINITY)),
    ),
    steadyAfterMs: steadyMs === null ? null : rounded(steadyMs),
    dipPercent: dipOf(line, active, calm, felt),
  };
}

/** Where both nodes serve, of the one that something was done to. */
function nodeInterruptionOf(
  run: MeasuredRun,
  calm: Window,
  events: readonly ExecutedEvent[],
  index: number,
): Pick<FailoverEventResult, "nodeInterruption"> {
  const { history, pair } = run;
  const { node } = events[index]!;
  if (!pair.isLoadBalanced || pair.events.length === 0 || node === undefined) return {};
  const own = pair.servers[node === "a" ? 0 : 1];
  const line = new AckLine(history.servers.filter(({ server }) => server === own));
  const gaps = line.gaps().filter((gap) => ownerOf(gap, events) === index);
  // What was asked for is known of the pair alone.
  return { nodeInterruption: interruptionOf(run, line, gaps, calm, null) };
}

/** A gap in which events happened is the first one's; else that of the last event before it. */
function ownerOf(gap: Gap, events: readonly ExecutedEvent[]): number {
  const within = events.findIndex(
    ({ startedAtMs }) => startedAtMs >= gap.fromMs && startedAtMs <= gap.toMs,
  );
  if (within >= 0) return within;
  return events.findLastIndex(({ startedAtMs }) => startedAtMs < gap.fromMs);
}

/** Of a server other than the one that acknowledged most in the seconds before. */
function otherServerMs(line: AckLine, { history }: MeasuredRun, atMs: number): number | undefined {
  const counts = history.servers.map(
    ({ server }) => [server, line.countIn(atMs - BEFORE_MS, atMs, server)] as const,
  );
  const most = counts.toSorted((a, b) => b[1] - a[1])[0];
  const silent = counts.filter(([, count]) => count === 0).map(([server]) => server);
  if (most === undefined || most[1] === 0) return undefined;
  return line.firstAfter(atMs, (server) => silent.includes(server));
}

function rolesAfter(
  roles: readonly RoleChange[],
  eventAtMs: number,
  nextMs: number,
): Pick<FailoverEventResult, "detectedAfterMs" | "activeAfterMs"> {
  const before = roles.filter(({ atMs }) => atMs < eventAtMs).map(({ epoch }) => epoch);
  const epochBefore = Math.max(0, ...before);
  const own = roles
    .filter(({ atMs }) => atMs >= eventAtMs && atMs < nextMs)
    .toSorted((a, b) => a.atMs - b.atMs);
  const active = own.find(({ role, epoch }) => role === "active" && epoch > epochBefore);
  // A paused node steps down when it goes on: by then the other one has long noticed, between two looks.
  const noticed = own.find(
    ({ role, atMs }) =>
      (role === "claiming" || role === "demoting") && (active === undefined || atMs <= active.atMs),
  );
  const after = (change: RoleChange | undefined): number | null =>
    change === undefined ? null : rounded(change.atMs - eventAtMs);
  return { detectedAfterMs: after(noticed), activeAfterMs: after(active) };
}

function chartOf({ history, nameOf }: MeasuredRun, line: AckLine): FailoverResult["acknowledged"] {
  const wide = Math.max(CHART_BIN_MS_MIN / BIN_MS, Math.ceil(line.bins / CHART_BINS_MAX));
  const length = Math.ceil(line.bins / wide);
  return {
    binMs: wide * BIN_MS,
    servers: history.servers
      .filter(({ count }) => count.some((acks) => acks > 0))
      .map(({ server, count }) => {
        const counts = new Array<number>(length).fill(0);
        count.forEach((acks, bin) => {
          counts[Math.floor(bin / wide)]! += acks;
        });
        return { server: server === 0 ? "others" : nameOf(server), counts };
      }),
  };
}
