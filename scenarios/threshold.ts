/**
 * A threshold is one line, `METRIC OPERATOR NUMBER`, where METRIC is a dotted path into the result:
 * `connect.discover.latencyMs.p99 < 10`, `timeToBoundMs.all.p99 < 60000`, `safety.nakUnexpected == 0`.
 */
export interface Threshold {
  readonly text: string;
  readonly metric: readonly string[];
  readonly operator: ThresholdOperator;
  readonly bound: number;
}

export type ThresholdOperator = "<" | "<=" | ">" | ">=" | "==";

const compare: Readonly<Record<ThresholdOperator, (actual: number, bound: number) => boolean>> = {
  "<": (actual, bound) => actual < bound,
  "<=": (actual, bound) => actual <= bound,
  ">": (actual, bound) => actual > bound,
  ">=": (actual, bound) => actual >= bound,
  "==": (actual, bound) => actual === bound,
};

const percentiles = ["p50", "p90", "p99", "p999", "max", "mean"];
const counts = ["offered", "sent", "completed", "timeouts", "retransmissions", "naks"];
const streamMetrics = [
  ...counts,
  "notEligible",
  "offeredPerSecond",
  "achievedPerSecond",
  "achievedRatio",
];
const distributions = ["latencyMs", "serviceMs", "slipMs"];
const deviceKinds = ["all", "cable-modem", "mta", "cpe", "smart-meter"];

/** The parsed threshold, or undefined when the line is not `METRIC OPERATOR NUMBER`. */
export function parseThreshold(text: string): Threshold | undefined {
  const match = /^([\w.-]+)\s*(<=|>=|==|<|>)\s*(-?\d+(?:\.\d+)?)$/.exec(text.trim());
  if (match === null) return undefined;
  const operator = match[2] as ThresholdOperator;
  return { text: text.trim(), metric: match[1]!.split("."), operator, bound: Number(match[3]) };
}

export function thresholdHolds(threshold: Threshold, actual: number): boolean {
  return compare[threshold.operator](actual, threshold.bound);
}

/**
 * What is wrong with the metric of a threshold, in a sentence that lists what there is; undefined if
 * nothing is. `streams` has the exchanges of each phase by the phase's name.
 */
export function metricProblem(
  metric: readonly string[],
  streams: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const [first = "", second = "", third = "", fourth] = metric;
  if (first === "timeToBoundMs") {
    if (!deviceKinds.includes(second)) return `"${second}" is none of ${list(deviceKinds)}`;
    return percentiles.includes(third) && fourth === undefined
      ? undefined
      : `"${third}" is none of ${list(percentiles)}`;
  }
  const exchanges = streams.get(first);
  if (exchanges === undefined) {
    return `"${first}" is none of ${list([...streams.keys(), "timeToBoundMs"])}`;
  }
  if (!exchanges.includes(second)) {
    return `phase ${first} has no ${second || "exchange"} stream, only ${list(exchanges)}`;
  }
  if (streamMetrics.includes(third) && fourth === undefined) return undefined;
  if (!distributions.includes(third)) {
    return `"${third}" is none of ${list([...streamMetrics, ...distributions])}`;
  }
  return fourth !== undefined && percentiles.includes(fourth) && metric.length === 4
    ? undefined
    : `${third} needs one of ${list(percentiles)}`;
}

function list(names: readonly string[]): string {
  return names.join(", ");
}
