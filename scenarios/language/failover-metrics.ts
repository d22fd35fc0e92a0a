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
const overDevices = ["p50", "p90", "p99", "p999", "max", "mean"];

/** The metrics, each with what must follow it; `outageMs` is by device. */
const leavesOf: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...failoverCounts.map((name) => [name, []] as const),
  ...failoverValues.map((name) => [name, overEvents] as const),
  ["outageMs", overDevices] as const,
]);

export function isFailoverMetric(name: string): boolean {
  return leavesOf.has(name);
}

/**
 * What is wrong with `failover.METRIC` or `failover.EVENT.METRIC`, given what follows `failover`, in a
 * sentence; undefined if nothing is. Names of events are not checked: some only appear in the run.
 */
export function failoverProblem(path: readonly string[]): string | undefined {
  const [name = "", ...rest] = isFailoverMetric(path[0] ?? "") ? path : path.slice(1);
  const leaves = leavesOf.get(name);
  if (leaves === undefined) {
    return `"${name}" is none of ${[...leavesOf.keys()].join(", ")}, after failover or failover.EVENT`;
  }
  if (leaves.length === 0) {
    return rest.length === 0 ? undefined : `${name} is a number, without "${rest.join(".")}"`;
  }
  return leafProblem(name, rest, leaves);
}

/** What is wrong with what follows the name of a metric; undefined if nothing is. */
export function leafProblem(
  name: string,
  rest: readonly string[],
  leaves: readonly string[],
): string | undefined {
  if (rest.length === 1 && leaves.includes(rest[0])) return undefined;
  const found = rest.length === 0 ? "" : `, not "${rest.join(".")}"`;
  return `${name} needs one of ${leaves.join(", ")}${found}`;
}
