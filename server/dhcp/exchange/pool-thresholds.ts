import { formatIpv4 } from "../../../protocol/ipv4.ts";
import type { Pool } from "../../config/model/model.ts";
import type { LeaseTable } from "../../lease/table/lease-table.ts";
import type { Policy } from "../policy/policy.ts";

/** Addresses of a pool that no new client can get now, and all its addresses. */
export interface PoolUse {
  readonly used: number;
  readonly total: number;
}

/** As dhcpd counts: abandoned addresses are in use, a failover partner's are not. */
export function poolUse(leases: LeaseTable, pool: number): PoolUse {
  const { total, free, backup } = leases.counts(pool);
  return { used: total - free - backup, total };
}

/** In whole percents, rounded down, as dhcpd compares with `adaptive-lease-time-threshold`. */
export function percentUsed({ used, total }: PoolUse): number {
  return total === 0 ? 0 : Math.floor((used * 100) / total);
}

function share(total: number, percent: number): number {
  return Math.floor((total * percent) / 100);
}

/**
 * `log-threshold-high` and `log-threshold-low`: reports once that a pool has become full, and once
 * that it is no longer.
 */
export class PoolThresholds {
  /** Low-water mark of each pool reported full. */
  readonly #low = new Map<number, number>();

  /** The line for the log, if one is due, in dhcpd's words; to be asked before the lease is bound. */
  notice(
    policy: Pick<Policy, "logThresholdHigh" | "logThresholdLow">,
    leases: LeaseTable,
    index: number,
    pools: readonly Pool[],
  ): string | undefined {
    const { logThresholdHigh: high, logThresholdLow: low } = policy;
    if (this.#low.size === 0 && !isPercent(high)) return undefined;
    const pool = leases.poolOf(index);
    const { used, total } = poolUse(leases, pool);
    const place = `shared subnet: ${pools[pool].sharedNetwork.name}; address: ${formatIpv4(leases.addressOf(index))}`;
    const lowUse = this.#low.get(pool);
    if (lowUse !== undefined) {
      if (used > lowUse) return undefined;
      this.#low.delete(pool);
      return `Pool threshold reset - ${place}; low threshold ${used}/${total}.`;
    }
    if (!isPercent(high) || used < share(total, high)) return undefined;
    const lowPercent = low > 100 ? 0 : low;
    // Otherwise every lease is reported.
    if (lowPercent < high) this.#low.set(pool, share(total, lowPercent));
    return `Pool threshold exceeded - ${place}; high threshold ${high}% ${used}/${total}.`;
  }
}

function isPercent(value: number): boolean {
  return value > 0 && value <= 100;
}
