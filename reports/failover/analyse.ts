import type {
  ExecutedEvent,
  FailoverEventResult,
  FailoverResult,
  RoleChange,
} from "../result/failover-result.ts";
import { AckLine, type Gap } from "./ack-line.ts";
import { deviceOutagesOf } from "./device-outages.ts";
import { BIN_MS, type MeasuredRun, type PairHistory, type Window } from "./history.ts";
import { dipOf, interruptionOf, rounded } from "./interruption.ts";
import { leaderChangesOf } from "./leader-changes.ts";
import { seenEvents } from "./seen-events.ts";
import { beforeOf, retransmissionsIn, steadyAfterMs } from "./steady-state.ts";

/** The normal state is measured in this time before an event. */
const BEFORE_MS = 5000;
/** With less time since the end of the last event, an event has no normal state of its own. */
const CALM_MS_MIN = 1000;
/** A wait that began this long before the event may be due to the event. */
const IN_FLIGHT_MS = 1000;
const CHART_BINS_MAX = 600;
/** Finer bins would show the batches of the sockets. */
const CHART_BIN_MS_MIN = 100;

/** Undefined if nothing happened to the servers. */
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
    ...(!pair.isLoadBalanced && !isSeen && { leaderChanges: leaderChangesOf(run) }),
    lost: history.lost,
  };
}

function nodeIn({ servers }: PairHistory): (server: number) => ExecutedEvent["node"] {
  return (server) => (["a", "b"] as const)[servers.indexOf(server)];
}

/** Events in order, each compared with the normal state before it. */
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
    // While an earlier event is still felt, the normal state before that one is used.
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
  const event = events[index];
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
  const endMs = Math.min(nextMs, Math.max(0, ...active.map(({ toMs }) => toMs)));
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

/** Only where both nodes serve: the interruption of the node that the event hit. */
function nodeInterruptionOf(
  run: MeasuredRun,
  calm: Window,
  events: readonly ExecutedEvent[],
  index: number,
): Pick<FailoverEventResult, "nodeInterruption"> {
  const { history, pair } = run;
  const { node } = events[index];
  if (!pair.isLoadBalanced || pair.events.length === 0 || node === undefined) return {};
  const own = pair.servers[node === "a" ? 0 : 1];
  const line = new AckLine(history.servers.filter(({ server }) => server === own));
  const gaps = line.gaps().filter((gap) => ownerOf(gap, events) === index);
  // The offered rate is known for the pair only, not for one node.
  return { nodeInterruption: interruptionOf(run, line, gaps, calm, null) };
}

/** A gap belongs to the first event within it, else to the last event before it. */
function ownerOf(gap: Gap, events: readonly ExecutedEvent[]): number {
  const within = events.findIndex(
    ({ startedAtMs }) => startedAtMs >= gap.fromMs && startedAtMs <= gap.toMs,
  );
  if (within >= 0) return within;
  return events.findLastIndex(({ startedAtMs }) => startedAtMs < gap.fromMs);
}

/** The first ACK of a server that was silent while another one served, in the time before. */
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
  // A paused node steps down when it resumes. That is late: the other node has claimed long before.
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
          counts[Math.floor(bin / wide)] += acks;
        });
        return { server: server === 0 ? "others" : nameOf(server), counts };
      }),
  };
}
