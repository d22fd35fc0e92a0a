/** The times of ha.cf (HA-27, HA-28), in milliseconds, with Heartbeat's meaning. */
export interface HeartbeatTimes {
  /** `keepalive`: from one heartbeat to the next, and from one ping of the gateway to the next. */
  readonly keepaliveMs: number;
  /** `warntime`: silence of one link that is worth a warning. */
  readonly warnMs: number;
  /** `deadtime`: silence of all links after which the peer is dead. */
  readonly deadMs: number;
  /** `initdead`: the same while nothing has been heard since the start. */
  readonly initialDeadMs: number;
  /** `deadping`: silence of the gateway after which it counts as lost. */
  readonly gatewayDeadMs: number;
}

/**
 * `guide`: table 2.2.2 and ha.cf of the guide. `fast`: what leaves more than half of a second for the
 * claim and the first answer, and lets three heartbeats in a row be lost.
 */
export const haProfiles = {
  guide: {
    keepaliveMs: 3000,
    warnMs: 9000,
    deadMs: 15_000,
    initialDeadMs: 120_000,
    gatewayDeadMs: 15_000,
  },
  fast: {
    keepaliveMs: 100,
    warnMs: 250,
    deadMs: 400,
    initialDeadMs: 3000,
    gatewayDeadMs: 500,
  },
} as const satisfies Record<string, HeartbeatTimes>;

export type HaProfile = keyof typeof haProfiles;

/** HA-8 (2) and HA-15 (1): what an active node may take to stop answering. */
export const stopMsMax = 2000;

/**
 * From a failure of the active node to the conclusion that it is dead, at most: HA-8 counts the same
 * way, 3 s of keepalive and 15 s of deadtime.
 */
export function detectionMsMax(times: HeartbeatTimes): number {
  return times.keepaliveMs + times.deadMs;
}

/** What is wrong with times taken together: the field and the reason. */
export function mistakesOfTimes(
  times: HeartbeatTimes,
): readonly { readonly field: keyof HeartbeatTimes; readonly message: string }[] {
  const order = [
    ["warnMs", "keepaliveMs", 1],
    ["deadMs", "warnMs", 1],
    ["deadMs", "keepaliveMs", 2],
    ["initialDeadMs", "deadMs", 2],
    ["gatewayDeadMs", "keepaliveMs", 2],
  ] as const;
  return order
    .filter(([longer, shorter, factor]) => times[longer] < times[shorter] * factor)
    .map(([longer, shorter, factor]) => {
      const least = times[shorter] * factor;
      const times_ = factor === 1 ? "" : `${factor} times `;
      const message = `must be at least ${times_}${shorter}, which is ${least} ms here`;
      return { field: longer, message };
    });
}
