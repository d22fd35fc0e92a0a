import { addFields } from "../../base/add-fields.ts";
import { networkDirections } from "../../scenarios/language/network-conditions.ts";

/** What the conditions did to the datagrams of one direction since the start. */
type DirectionCounters = ReturnType<typeof newDirectionCounters>;

export function newDirectionCounters() {
  return {
    lost: 0,
    /** Arrived later than they set out: delayed, queued at a CMTS, or kept in order behind another. */
    delayed: 0,
    duplicated: 0,
    /** Held back so that others pass. */
    reordered: 0,
    /** Waited in the queue of a CMTS. */
    throttled: 0,
    /** Found the queue of a CMTS full, or more under way than the simulator keeps. */
    dropped: 0,
  };
}

export interface NetworkCounters {
  readonly toServer: Readonly<DirectionCounters>;
  readonly toDevices: Readonly<DirectionCounters>;
}

/** The sum over several sockets or workers. */
export function sumCounters(all: readonly NetworkCounters[]): NetworkCounters {
  const sum = { toServer: newDirectionCounters(), toDevices: newDirectionCounters() };
  for (const counters of all) {
    for (const direction of networkDirections) addFields(sum[direction], counters[direction]);
  }
  return sum;
}
