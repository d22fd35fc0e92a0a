import { LatencyHistogram } from "../../base/histogram.ts";
import {
  type FailoverValue,
  failoverCounts,
  failoverValues,
  isFailoverMetric,
} from "../../scenarios/language/failover-metrics.ts";
import { distributionOf, statisticOf } from "./distribution.ts";
import type { FailoverEventResult, FailoverResult } from "./failover-result.ts";

/**
 * The value of `failover.METRIC` (over all events) or `failover.EVENT.METRIC` (over events of that
 * name), given the path behind `failover`. Null if it was not measured: there was no such event, the
 * service did not come back, or no role was told.
 */
export function failoverMetric(
  result: FailoverResult | undefined,
  path: readonly string[],
): number | null {
  const isOverAll = isFailoverMetric(path[0] ?? "");
  const [metric = "", statistic = ""] = isOverAll ? path : path.slice(1);
  const events = (result?.events ?? []).filter(({ name }) => isOverAll || name === path[0]);
  if (events.length === 0) return null;
  if (metric === "outageMs") return outageOf(events, statistic);
  const count = failoverCounts.find((name) => name === metric);
  if (count !== undefined) {
    return events.reduce((sum, event) => sum + event[count], 0);
  }
  const value = failoverValues.find((name) => name === metric);
  return value === undefined ? null : overEvents(events, value, statistic);
}

function overEvents(
  events: readonly FailoverEventResult[],
  value: FailoverValue,
  statistic: string,
): number | null {
  const values = events.map((event) => (value === "rtoMs" ? rtoOf(event) : event[value]));
  const known = values.filter((each) => each !== null).toSorted((a, b) => a - b);
  // The unknown one may have been the worst.
  if (known.length < values.length) return null;
  if (statistic === "max") return known.at(-1)!;
  return statistic === "p50" ? known[Math.ceil(known.length / 2) - 1] : null;
}

/** 0 where the service went on. */
function rtoOf({ interruption }: FailoverEventResult): number | null {
  return interruption === null ? 0 : interruption.rtoMs;
}

/** 0 if no device waited; null if one was still waiting in the end. */
function outageOf(events: readonly FailoverEventResult[], statistic: string): number | null {
  if (events.some(({ devicesUnserved }) => devicesUnserved > 0)) return null;
  const all = new LatencyHistogram();
  for (const { outageMs } of events) all.merge(LatencyHistogram.fromBase64(outageMs.histogram));
  return statisticOf(distributionOf(all), statistic);
}
