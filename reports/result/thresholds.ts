import { streamNameOf } from "../../scenarios/language/phase-plan.ts";
import { type Threshold, thresholdHolds } from "../../scenarios/language/threshold.ts";
import { type Distribution, statisticOf } from "./distribution.ts";
import { failoverMetric } from "./failover-metric.ts";
import type { BootResult, PhaseResult, RunResult, ThresholdResult } from "./run-result.ts";

type Measured = Pick<RunResult, "phases" | "timeToBoundMs" | "timeToOnlineMs" | "failover">;

/** Each threshold with the measured value. A metric that was never measured fails its threshold. */
export function evaluateThresholds(
  thresholds: readonly Threshold[],
  measured: Measured,
): ThresholdResult[] {
  return thresholds.map((threshold) => {
    const actual = metricOf(threshold.metric, measured);
    const holds = actual !== null && thresholdHolds(threshold, actual);
    return { text: threshold.text, actual, holds };
  });
}

/** The value of a metric; null if it was not measured. */
export function metricOf(metric: readonly string[], measured: Measured): number | null {
  const [first = "", second = "", third = "", fourth] = metric;
  if (first === "timeToBoundMs") return statistic(measured.timeToBoundMs[second], third);
  if (first === "timeToOnlineMs") return statistic(measured.timeToOnlineMs?.[second], third);
  const phase: PhaseResult | undefined = measured.phases.find(({ name }) => name === first);
  if (phase === undefined && first === "failover") {
    return failoverMetric(measured.failover, metric.slice(1));
  }
  if (second === "onlineAfterMs") return statistic(phase?.boot?.onlineAfterMs, third);
  if (second === "bootFailures") return failureCount(phase?.boot, third);
  const stream = phase?.streams.find((each) => streamNameOf(each) === second);
  if (stream === undefined) return null;
  const value: unknown = Reflect.get(stream, third);
  if (fourth === undefined) {
    const isMeasured = stream.sent > 0 || ofSchedule.has(third);
    return typeof value === "number" && isMeasured ? value : null;
  }
  return isDistribution(value) ? statistic(value, fourth) : null;
}

/** Known of a stream that sent nothing, too; its other counts say nothing then. */
const ofSchedule: ReadonlySet<string> = new Set([
  ...["offered", "offeredPerSecond", "sent", "notEligible"],
]);

function failureCount(boot: BootResult | undefined, what: string): number | null {
  if (boot === undefined || (what !== "devices" && what !== "boots")) return null;
  return boot.failures.reduce((sum, failure) => sum + failure[what], 0);
}

/** Null for an empty distribution, whose statistics are no measurement. */
function statistic(distribution: Distribution | undefined, name: string): number | null {
  return distribution === undefined || distribution.count === 0
    ? null
    : statisticOf(distribution, name);
}

function isDistribution(value: unknown): value is Distribution {
  return typeof value === "object" && value !== null && "histogram" in value;
}
