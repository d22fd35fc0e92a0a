import type { AckHistory, MeasuredRun, PairHistory, ServerAcks } from "./history.ts";
import { acknowledgedWithoutLeadership, type Claim, stretchesOf } from "./leadership.ts";

/** Roles are polled, so a node may acknowledge before it is known to be active. */
const ROLE_EARLY_MS = 1000;

/** How often another node of the pair began to acknowledge. */
export function leaderChangesOf(run: MeasuredRun): number {
  return Math.max(0, stretchesOf(sentByPair(run)).length - 1);
}

/**
 * ACKs without leadership. A node's ACK counts if its request was sent after the first ACK of the
 * other node, with no newer epoch in between (if epochs are unknown: with no beginning or end of an
 * event in between). ACKs of servers outside the pair count, too. Undefined if both nodes may answer
 * at all times, or if nothing is known of events and roles.
 */
export function unledAcksOf(run: MeasuredRun): number | undefined {
  const { pair } = run;
  if (pair.isLoadBalanced || (pair.events.length === 0 && pair.roles.length === 0)) {
    return undefined;
  }
  const byRoles = claimsByRole(pair);
  const [claims, earlyMs] =
    byRoles.length > 0 ? [byRoles, ROLE_EARLY_MS] : [claimsByEvent(pair), 0];
  const own = acknowledgedWithoutLeadership(stretchesOf(sentByPair(run)), claims, earlyMs);
  return own + sentByStrangers(run);
}

function sentByPair({ history, pair }: MeasuredRun): ServerAcks[] {
  return sentIn(history).filter(({ server }) => pair.servers.includes(server));
}

/** The number of ACKs by servers outside the pair, which never lead. */
function sentByStrangers({ history, pair }: MeasuredRun): number {
  return sentIn(history)
    .filter(({ server }) => !pair.servers.includes(server))
    .reduce((sum, { count }) => sum + count.reduce((total, each) => total + each, 0), 0);
}

/** With the ACKs that came too late for their devices: they were sent all the same. */
function sentIn({ servers, ignored }: AckHistory): ServerAcks[] {
  return [...servers, ...ignored];
}

/**
 * A claim for each epoch, by the node that was seen active in it. The claim dates from the first time
 * that either node told of the epoch, because its holder may have been too busy to answer. The first
 * leader may have been active before the run.
 */
function claimsByRole({ roles, servers }: PairHistory): Claim[] {
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

/** A claim for either node at the start, and at the beginning and end of each event. */
function claimsByEvent({ events }: PairHistory): Claim[] {
  const times = events
    .flatMap(({ startedAtMs, endedAtMs = startedAtMs }) => [startedAtMs, endedAtMs])
    .toSorted((a, b) => a - b);
  return [Number.NEGATIVE_INFINITY, ...times].map((atMs) => ({ atMs }));
}
