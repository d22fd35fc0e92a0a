import type { RoleChange } from "../../reports/result/failover-result.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import type { PairSide } from "../../scenarios/language/pair-event.ts";
import { type Fault, orderVerbs } from "./fault-schedule.ts";
import { eventName, phaseNames } from "./nemesis-scenario.ts";

const sides = ["a", "b"] as const;

/** Every lease that a device was acknowledged, in all three places that a restart would read. */
const wholeAudit =
  /^all [\d,]+ leases in the lease file; the other node's: all [\d,]+ leases in the lease file; all [\d,]+ leases in etcd$/;

export interface RoundFindings {
  /** Findings that must never be, however slow the machine is, in sentences. */
  readonly unsafe: readonly string[];
  /** Things that came too late, in sentences. */
  readonly late: readonly string[];
}

/** Reasons of a run that are about time alone: a machine that stood still may be the cause. */
const ofTime = /^(Threshold |Phase )/;

/**
 * The findings of a round. Besides what fails every run (no address for two devices, no
 * acknowledged lease lost, addresses kept, no ACK without leadership, the thresholds): once all is healed one
 * node serves and nothing moves any more; no epoch has had two nodes; and the leases are in both lease files
 * and in the store.
 */
export function roundFindings(result: RunResult, faults: readonly Fault[]): RoundFindings {
  const { verdict, failover, safety, generator } = result;
  const orders = faults.flatMap((fault, index) =>
    orderVerbs.includes(fault.verb) ? [eventName(fault, index)] : [],
  );
  const isOfOrder = (reason: string): boolean =>
    orders.some((name) => reason.startsWith(`Event ${name} failed: `));
  const reasons = verdict === "pass" ? [] : result.reasons.filter((reason) => !isOfOrder(reason));
  const isOfTime = (reason: string): boolean =>
    ofTime.test(reason) || generator.problems.includes(reason);
  const isWhole = wholeAudit.test(safety.audit);
  const roles = failover?.roles ?? [];
  return {
    unsafe: [
      ...reasons.filter((reason) => !isOfTime(reason)),
      ...(failover === undefined ? ["The run has no history of a failover."] : []),
      ...epochsHeldTwice(roles),
      ...(isWhole ? [] : [`Not every lease is everywhere: ${safety.audit}.`]),
    ],
    late: [...reasons.filter(isOfTime), ...unrest(roles, result)],
  };
}

function epochsHeldTwice(roles: readonly RoleChange[]): string[] {
  const holders = new Map<number, Set<PairSide>>();
  for (const { role, epoch, node } of roles) {
    if (role !== "active") continue;
    holders.set(epoch, (holders.get(epoch) ?? new Set()).add(node));
  }
  return [...holders]
    .filter(([, nodes]) => nodes.size > 1)
    .map(([epoch]) => `Both nodes were active under epoch ${epoch}.`);
}

function unrest(roles: readonly RoleChange[], { phases }: RunResult): string[] {
  const calm = phases.find(({ name }) => name === phaseNames.calm);
  if (calm === undefined) return ["The run did not come to its calm phase."];
  const atCalm = sides.map(
    (side) => roles.findLast(({ node, atMs }) => node === side && atMs <= calm.startedAtMs)?.role,
  );
  const serving = atCalm.filter((role) => role === "active").length;
  const later = roles.filter(({ atMs }) => atMs > calm.startedAtMs);
  const moves = later.filter(({ node, role, atMs }) => {
    const before = roles.findLast((earlier) => earlier.node === node && earlier.atMs < atMs);
    return before?.role !== role;
  });
  return [
    ...(serving === 1
      ? []
      : [`${serving} nodes serve when all is healed: a is ${atCalm[0]}, b is ${atCalm[1]}.`]),
    ...moves.map(
      ({ node, role }) => `Node ${node} became ${role} although all had been healed for long.`,
    ),
  ];
}
