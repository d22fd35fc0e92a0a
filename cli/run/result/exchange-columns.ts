import type { TimeSeriesRow } from "../../../reports/result/run-result.ts";
import type { StreamExchange } from "../../../simulator/device/exchange.ts";
import type { StreamCounters } from "../../../simulator/measure/recorder.ts";
import type { SimulatedSecond } from "../../../simulator/measure/time-series.ts";

// A release has no answer: it is complete once it is sent.
const columns = [
  ["rebindSent", "rebind", "sent"],
  ["rebindCompleted", "rebind", "completed"],
  ["rebootSent", "reboot", "sent"],
  ["rebootCompleted", "reboot", "completed"],
  ["releaseSent", "release", "sent"],
  ["bootsSent", "boot", "sent"],
  ["downloadsSent", "download", "sent"],
] as const satisfies readonly (readonly [
  keyof TimeSeriesRow,
  StreamExchange,
  keyof StreamCounters,
])[];

type ExchangeColumns = Partial<Record<(typeof columns)[number][0], number>>;

/** The columns of each second that only some runs have: for every exchange that occurs in the run. */
export function exchangeColumnsOf(
  seconds: readonly Pick<SimulatedSecond, "exchanges">[],
): readonly ExchangeColumns[] {
  const occurring = new Set(seconds.flatMap(({ exchanges }) => Object.keys(exchanges)));
  const present = columns.filter(([, exchange]) => occurring.has(exchange));
  return seconds.map(({ exchanges }) =>
    Object.fromEntries(
      present.map(([field, exchange, counter]) => [field, exchanges[exchange]?.[counter] ?? 0]),
    ),
  );
}
