import { leafProblem, statisticProblem } from "./statistic.ts";

/** Sums over all events of a run, or over those with one name. */
export const failoverCounts = [
  "devicesAffected",
  "devicesUnserved",
  "devicesRebinding",
  "devicesGivenUp",
  "leasesExpired",
  "retransmissions",
] as const;

/** One value for each event; `p50` and `max` are over events. */
export const failoverValues = [
  "rtoMs",
  "detectedAfterMs",
  "activeAfterMs",
  "otherServerAfterMs",
  "steadyAfterMs",
  "dipPercent",
] as const;

export type FailoverValue = (typeof failoverValues)[number];

const overEvents = ["p50", "max"];
/** A distribution over devices. */
const OUTAGE = "outageMs";

/** The other metrics, each with what must follow it. */
const leavesOf: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...failoverCounts.map((name) => [name, []] as const),
  ...failoverValues.map((name) => [name, overEvents] as const),
]);

export function isFailoverMetric(name: string): boolean {
  return name === OUTAGE || leavesOf.has(name);
}

/**
 * What is wrong with `failover.METRIC` or `failover.EVENT.METRIC`, given what follows `failover`, in a
 * sentence; undefined if nothing is. Names of events are not checked: some only appear in the run.
 */
export function failoverProblem(path: readonly string[]): string | undefined {
  const [name = "", ...rest] = isFailoverMetric(path[0] ?? "") ? path : path.slice(1);
  if (name === OUTAGE) return statisticProblem(name, rest);
  const leaves = leavesOf.get(name);
  if (leaves === undefined) {
    const all = [...leavesOf.keys(), OUTAGE].join(", ");
    return `"${name}" is none of ${all}, after failover or failover.EVENT`;
  }
  if (leaves.length === 0) {
    return rest.length === 0 ? undefined : `${name} is a number, without "${rest.join(".")}"`;
  }
  return leafProblem(name, rest, leaves);
}
