/** Lease times in seconds as configured; absent ones take dhcpd's compiled-in value. */
export interface LeaseTimeLimits {
  readonly defaultSeconds: number | undefined;
  readonly maxSeconds: number | undefined;
  readonly minSeconds: number | undefined;
}

/** dhcpd 4.4.3's values where the configuration has none. */
export const compiledLeaseSeconds = { default: 43_200, max: 86_400, min: 300 } as const;

/** RFC 2131, section 3.3: this lease time means that the lease never ends. */
export const INFINITE_SECONDS = 0xffff_ffff;

/** An address that was offered stays with its client this long. */
export const OFFER_HOLD_SECONDS = 120;

/**
 * The length of a lease in seconds: as the client asked (option 51), else the default; first limited
 * to the maximum, then raised to the minimum. Without `min-lease-time` the minimum is 300 seconds, or
 * the maximum where that is shorter.
 */
export function grantedSeconds(requested: number | undefined, limits: LeaseTimeLimits): number {
  const wanted = requested ?? limits.defaultSeconds ?? compiledLeaseSeconds.default;
  return Math.max(Math.min(wanted, maxOf(limits)), minOf(limits));
}

function maxOf({ maxSeconds }: LeaseTimeLimits): number {
  return maxSeconds ?? compiledLeaseSeconds.max;
}

function minOf(limits: LeaseTimeLimits): number {
  return limits.minSeconds ?? Math.min(compiledLeaseSeconds.min, maxOf(limits));
}

/** `deny after DATE`: a lease ends when its pool closes, but is not shorter than the minimum. */
export function untilClosing(
  leaseSeconds: number,
  limits: LeaseTimeLimits,
  secondsOpen: number,
): number {
  return leaseSeconds <= secondsOpen ? leaseSeconds : Math.max(secondsOpen, minOf(limits));
}

/**
 * `adaptive-lease-time-threshold`: in a pool that is full to that percentage a client gets at most the
 * minimum (dhcpd's compiled-in one without a configured one), or the time that its lease has left.
 */
export function adaptedSeconds(
  leaseSeconds: number,
  minSeconds: number | undefined,
  secondsLeft: number,
): number {
  const least = minSeconds || compiledLeaseSeconds.min;
  return Math.min(leaseSeconds, Math.max(least, secondsLeft));
}

/**
 * T1 (58) and T2 (59) are sent only when configured, and only when T1 < T2 < lease time holds: a
 * client does better with its own defaults (RFC 2131, section 4.4.5) than with times out of order.
 * Undefined ones are left out of the reply.
 */
export function renewalTimes(
  leaseSeconds: number,
  renewalSeconds: number | undefined,
  rebindingSeconds: number | undefined,
) {
  const t2 = rebindingSeconds !== undefined && rebindingSeconds < leaseSeconds;
  const limit = t2 ? rebindingSeconds : leaseSeconds;
  const t1 = renewalSeconds !== undefined && renewalSeconds < limit;
  return {
    renewalSeconds: t1 ? renewalSeconds : undefined,
    rebindingSeconds: t2 ? rebindingSeconds : undefined,
  };
}

/**
 * May an active lease be answered as it is, without a new record (`dhcp-cache-threshold`)? Its age
 * must not exceed that percentage of its length. A threshold of 0 switches reuse off. A lease without
 * end does not age, so any other threshold reuses it.
 */
export function isYoungEnough(
  startsAt: number,
  endsAt: number | undefined,
  nowSeconds: number,
  thresholdPercent: number,
): boolean {
  if (thresholdPercent <= 0) return false;
  if (endsAt === undefined) return true;
  return (nowSeconds - startsAt) * 100 <= thresholdPercent * (endsAt - startsAt);
}
