import { failoverProblem } from "./failover-metrics.ts";
import { type NamedStream, streamNameOf } from "./phase-plan.ts";
import { leafProblem, statisticProblem } from "./statistic.ts";

/**
 * A threshold is one line, `METRIC OPERATOR NUMBER`, where METRIC is a dotted path into the result:
 * `connect.discover.latencyMs.p99 < 10`, `timeToBoundMs.all.p99 < 60000`; where devices boot also
 * `timeToOnlineMs.mta.p99 < 120000`, `restore.onlineAfterMs.p999 < 600000` (from the start of the
 * phase) and `restore.bootFailures.devices == 0` (devices that gave up; `boots`: those tried again); of
 * servers that go and come `failover.rtoMs.max < 1000`, `failover.kill.outageMs.p99 < 5000`.
 */
export interface Threshold {
  readonly text: string;
  readonly metric: readonly string[];
  readonly operator: ThresholdOperator;
  readonly bound: number;
  /** The threshold ends the run if it fails after this time of its phase; undefined: it never does. */
  readonly graceMs?: number;
}

export type ThresholdOperator = "<" | "<=" | ">" | ">=" | "==";

const compare: Readonly<Record<ThresholdOperator, (actual: number, bound: number) => boolean>> = {
  "<": (actual, bound) => actual < bound,
  "<=": (actual, bound) => actual <= bound,
  ">": (actual, bound) => actual > bound,
  ">=": (actual, bound) => actual >= bound,
  "==": (actual, bound) => actual === bound,
};

const counts = ["offered", "sent", "completed", "timeouts", "retransmissions", "naks"];
const streamMetrics = [
  ...counts,
  "notEligible",
  "offeredPerSecond",
  "achievedPerSecond",
  "achievedRatio",
];
const distributions = ["latencyMs", "serviceMs", "slipMs"];
const failureCounts = ["devices", "boots"];
const deviceKinds = ["all", "cable-modem", "mta", "cpe", "smart-meter"];

/** The parsed threshold, or undefined when the line is not `METRIC OPERATOR NUMBER`. */
export function parseThreshold(text: string): Threshold | undefined {
  const match = /^([\w.-]+)\s*(<=|>=|==|<|>)\s*(-?\d+(?:\.\d+)?)$/.exec(text.trim());
  if (match === null) return undefined;
  const operator = match[2] as ThresholdOperator;
  return { text: text.trim(), metric: match[1].split("."), operator, bound: Number(match[3]) };
}

export function thresholdHolds(threshold: Threshold, actual: number): boolean {
  return compare[threshold.operator](actual, threshold.bound);
}

/**
 * What is wrong with the metric of a threshold, in a sentence that lists what there is; undefined if
 * nothing is. `streams` has the streams of each phase by the phase's name.
 */
export function metricProblem(
  metric: readonly string[],
  streams: ReadonlyMap<string, readonly NamedStream[]>,
): string | undefined {
  const [first = "", ...rest] = metric;
  // The servers of a run may be anybody's, so any scenario may judge how they fail over.
  if (first === "failover" && !streams.has(first)) return failoverProblem(rest);
  if (first === "safety" && !streams.has(first)) {
    return "a lost lease, a double allocation or a changed address fails every run, without a threshold: leave the line out";
  }
  const roots = metricRoots(streams);
  if (!roots.includes(first)) return `"${first}" is none of ${roots.join(", ")}`;
  const ofPhase = streams.get(first);
  return ofPhase === undefined ? spansProblem(rest) : phaseProblem(first, rest, ofPhase);
}

/** What a metric may begin with: the phases, and what is measured over the whole run. */
export function metricRoots(streams: ReadonlyMap<string, readonly NamedStream[]>): string[] {
  const boots = [...streams.values()].flat().some(({ exchange }) => exchange === "boot");
  return [...streams.keys(), "timeToBoundMs", ...(boots ? ["timeToOnlineMs"] : [])];
}

/** What is wrong with `KIND.pNN`. */
function spansProblem([kind = "", ...rest]: readonly string[]): string | undefined {
  if (!deviceKinds.includes(kind)) return `"${kind}" is none of ${deviceKinds.join(", ")}`;
  return statisticProblem(kind, rest);
}

/** What is wrong with the words after a phase: a stream and its metric, or what the phase's boots did. */
function phaseProblem(
  phase: string,
  [second = "", ...rest]: readonly string[],
  streams: readonly NamedStream[],
): string | undefined {
  const names = streams.map(streamNameOf);
  const exchanges = streams.map(({ exchange }) => exchange);
  const ofBoots = bootMetricsOf(exchanges);
  const problemOf = ofBoots.get(second);
  if (problemOf !== undefined) return problemOf(second, rest);
  if (!names.includes(second)) {
    const others = ofBoots.size === 0 ? "" : `, and ${[...ofBoots.keys()].join(", ")}`;
    return `phase ${phase} has no ${second || "exchange"} stream, only ${names.join(", ")}${others}`;
  }
  const [third = "", ...statistic] = rest;
  if (streamMetrics.includes(third) && statistic.length === 0) return undefined;
  if (!distributions.includes(third)) {
    return `"${third}" is none of ${[...streamMetrics, ...distributions].join(", ")}`;
  }
  return statisticProblem(third, statistic);
}

type ProblemOf = (name: string, rest: readonly string[]) => string | undefined;

/** The names of the metrics of boots, each with the check of what follows it. */
function bootMetricsOf(exchanges: readonly string[]): ReadonlyMap<string, ProblemOf> {
  const metrics = new Map<string, ProblemOf>();
  if (exchanges.includes("boot")) metrics.set("onlineAfterMs", statisticProblem);
  if (exchanges.includes("boot") || exchanges.includes("download")) {
    metrics.set("bootFailures", (name, rest) => leafProblem(name, rest, failureCounts));
  }
  return metrics;
}
