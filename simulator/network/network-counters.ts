import { addFields } from "../../base/add-fields.ts";
import { networkDirections } from "../../scenarios/language/network-conditions.ts";

/** What the conditions did to the datagrams of one direction since the start. */
export interface DirectionCounters {
  lost: number;
  /** Arrived later than they set out: by the delay, the queue of a CMTS, or what is before them. */
  delayed: number;
  duplicated: number;
  /** Held back so that others pass. */
  reordered: number;
  /** Waited in the queue of a CMTS. */
  throttled: number;
  /** Found the queue of a CMTS full, or more under way than the simulator keeps. */
  dropped: number;
}

export interface NetworkCounters {
  readonly toServer: Readonly<DirectionCounters>;
  readonly toDevices: Readonly<DirectionCounters>;
}

export function newDirectionCounters(): DirectionCounters {
  return { lost: 0, delayed: 0, duplicated: 0, reordered: 0, throttled: 0, dropped: 0 };
}

/** The sum of what several sockets or workers counted. */
export function sumCounters(all: readonly NetworkCounters[]): NetworkCounters {
  const sum = { toServer: newDirectionCounters(), toDevices: newDirectionCounters() };
  for (const counters of all) {
    for (const direction of networkDirections) addFields(sum[direction], counters[direction]);
  }
  return sum;
}
