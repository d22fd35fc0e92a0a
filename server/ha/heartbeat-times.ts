/** The times of ha.cf (HA-27, HA-28) in milliseconds, with the meaning that Heartbeat gives them. */
export interface HeartbeatTimes {
  /** `keepalive`: interval of heartbeats, and of pings of the gateway. */
  readonly keepaliveMs: number;
  /** `warntime`: silence of one link that causes a warning. */
  readonly warnMs: number;
  /** `deadtime`: silence of all links after which the peer is dead. */
  readonly deadMs: number;
  /** `initdead`: the same as deadtime before anything was heard since the start. */
  readonly initialDeadMs: number;
  /** `deadping`: silence of the gateway after which it counts as lost. */
  readonly gatewayDeadMs: number;
}

/**
 * `guide`: table 2.2.2 and ha.cf of the guide. `fast`: leaves more than half a second for the claim and
 * the first answer, and tolerates three lost heartbeats in a row.
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

/** HA-8 (2) and HA-15 (1): the time within which an active node must stop answering. */
export const stopMsMax = 2000;

/** Mistakes in the combination of times: the field and the reason. */
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
