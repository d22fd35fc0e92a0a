import { LatencyHistogram } from "../../base/histogram.ts";
import {
  type FailoverCount,
  type FailoverValue,
  failoverCounts,
  failoverValues,
  isFailoverMetric,
} from "../../scenarios/language/failover-metrics.ts";
import { distributionOf } from "../result/distribution.ts";
import type { FailoverEventResult, FailoverResult } from "./failover-result.ts";

/**
 * What was measured of `failover.METRIC` (over all events) or `failover.EVENT.METRIC` (over those with
 * that name), given what follows `failover`. Null when it was not measured: no such event, a service that
 * did not come back, a role that nobody told.
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
  if (count !== undefined) return sumOf(events, count);
  const value = failoverValues.find((name) => name === metric);
  return value === undefined ? null : overEvents(events, value, statistic);
}

function sumOf(events: readonly FailoverEventResult[], count: FailoverCount): number {
  return events.reduce((sum, event) => sum + event[count], 0);
}

function overEvents(
  events: readonly FailoverEventResult[],
  value: FailoverValue,
  statistic: string,
): number | null {
  const values = events.map((event) => (value === "rtoMs" ? rtoOf(event) : event[value]));
  const known = values.filter((each) => each !== null).toSorted((a, b) => a - b);
  // One that is not known may have been the worst.
  if (known.length < values.length) return null;
  if (statistic === "max") return known.at(-1)!;
  return statistic === "p50" ? known[Math.ceil(known.length / 2) - 1]! : null;
}

/** 0 where the service went on. */
function rtoOf({ interruption }: FailoverEventResult): number | null {
  return interruption === null ? 0 : interruption.rtoMs;
}

/** 0 where nobody waited; null where somebody was still waiting in the end. */
function outageOf(events: readonly FailoverEventResult[], statistic: string): number | null {
  if (events.some(({ devicesUnserved }) => devicesUnserved > 0)) return null;
  const all = new LatencyHistogram();
  for (const { outageMs } of events) all.merge(LatencyHistogram.fromBase64(outageMs.histogram));
  const value: unknown = Reflect.get(distributionOf(all), statistic);
  return typeof value === "number" ? value : null;
}
