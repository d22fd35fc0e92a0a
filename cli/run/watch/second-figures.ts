import { addFields } from "../../../base/add-fields.ts";
import type { StreamCounters } from "../../../simulator/measure/recorder.ts";
import { emptyCounters } from "../../../simulator/measure/recorder.ts";
import type { SimulatedSecond } from "../../../simulator/measure/time-series.ts";

/** The sums of a second over all exchanges. The discovers of devices that boot are part of the boots. */
export function secondOf({
  exchanges,
  boots,
}: Pick<SimulatedSecond, "exchanges" | "boots">): StreamCounters {
  const all = emptyCounters();
  for (const [exchange, counters] of Object.entries(exchanges)) {
    if (boots === undefined || exchange !== "discover") addFields(all, counters);
  }
  return all;
}
