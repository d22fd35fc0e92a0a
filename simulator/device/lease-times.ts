import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { INFINITE_LEASE } from "./device-table.ts";
import type { Reply } from "./reply.ts";

/** A lease's three times in seconds from its start; INFINITE_LEASE has no end. */
export interface LeaseTimes {
  readonly leaseSeconds: number;
  readonly renewalSeconds: number;
  readonly rebindingSeconds: number;
}

/**
 * Lease time, T1 and T2 of an ACK: options 51, 58 and 59. Where T1 and T2 are missing or out of order, they
 * are 0.5 and 0.875 of the lease (RFC 2131 section 4.4.5). Undefined without option 51, which an ACK must
 * have (RFC 2131 table 3).
 */
export function leaseTimesOf(packet: Reply): LeaseTimes | undefined {
  const leaseSeconds = packet.options.getUInt32(OptionCode.leaseTime);
  if (leaseSeconds === undefined || leaseSeconds === 0) return undefined;
  const isInfinite = leaseSeconds === INFINITE_LEASE;
  let rebindingSeconds = packet.options.getUInt32(OptionCode.rebindingTime);
  if (rebindingSeconds === undefined || rebindingSeconds > leaseSeconds) {
    rebindingSeconds = isInfinite ? INFINITE_LEASE : Math.floor(leaseSeconds * 0.875);
  }
  let renewalSeconds = packet.options.getUInt32(OptionCode.renewalTime);
  if (renewalSeconds === undefined || renewalSeconds > rebindingSeconds) {
    renewalSeconds = isInfinite ? INFINITE_LEASE : Math.floor(leaseSeconds * 0.5);
    renewalSeconds = Math.min(renewalSeconds, rebindingSeconds);
  }
  return { leaseSeconds, renewalSeconds, rebindingSeconds };
}
