import type { TimeSeriesRow } from "../../../reports/result/run-result.ts";
import type { StreamExchange } from "../../../simulator/device/exchange.ts";
import type { SimulatedSecond } from "../../../simulator/measure/time-series.ts";

type ExchangeColumns = Pick<
  TimeSeriesRow,
  | "rebindSent"
  | "rebindCompleted"
  | "rebootSent"
  | "rebootCompleted"
  | "releaseSent"
  | "bootsSent"
  | "downloadsSent"
>;

const columns: readonly (readonly [
  field: keyof ExchangeColumns,
  exchange: StreamExchange,
  counter: "sent" | "completed",
])[] = [
  ["rebindSent", "rebind", "sent"],
  ["rebindCompleted", "rebind", "completed"],
  ["rebootSent", "reboot", "sent"],
  ["rebootCompleted", "reboot", "completed"],
  // Nobody answers a release: it is complete once it is sent.
  ["releaseSent", "release", "sent"],
  ["bootsSent", "boot", "sent"],
  ["downloadsSent", "download", "sent"],
];

/** Of each second what only some runs have: the exchanges that occur in one of its seconds at least. */
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
