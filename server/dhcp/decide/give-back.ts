import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { dynamicHostFor, isLive, isOwner } from "../exchange/client.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { declinedLog, releasedLog } from "../exchange/log-lines.ts";
import type { Outcome } from "../exchange/outcome.ts";
import { drop, refuse, releaseLease } from "./grant.ts";
import { endAbandoned } from "./lease-end.ts";

/**
 * RELEASE (RFC 2131, section 4.3.4): the client gives its address back and may have it again later.
 * The hardware must be that of the lease, so that nobody can end the leases of others by guessing.
 */
export function release(exchange: Exchange): Outcome {
  const { leases } = exchange.parts;
  const { packet, hardware, nowSeconds } = exchange;
  const index = packet.ciaddr === 0 ? -1 : leases.indexOf(packet.ciaddr);
  const isFound =
    index >= 0 &&
    isLive(leases, index, nowSeconds) &&
    leases.hasHardware(index, hardware) &&
    isOwner(leases, index, exchange);
  if (!isFound) return drop(exchange, "release-unknown", "(not found)");
  releaseLease(exchange, index);
  return { kind: "changed", changes: exchange.changes, log: releasedLog(exchange) };
}

/**
 * DECLINE (RFC 2131, section 4.3.3): the client found somebody else at the address, so nobody gets
 * it for `abandon-lease-time`. dhcpd believes anybody; here only the client that the address is
 * bound to, or held for, is believed, or one device could take all others off line.
 */
export function decline(exchange: Exchange): Outcome {
  const { leases, limits, pending } = exchange.parts;
  const { nowSeconds } = exchange;
  const address = exchange.packet.options.getUInt32(OptionCode.requestedAddress) ?? 0;
  const index = leases.indexOf(address);
  if (index < 0 || leases.isAbandoned(index) || !isOwner(leases, index, exchange)) {
    return drop(exchange, "decline-unknown", "not found");
  }
  const policy = exchange.policyAt(address, index, dynamicHostFor(exchange), false);
  if (!policy.declines) {
    return refuse(exchange, policy, "declines", "decline-denied", "ignored");
  }
  limits.unbill(index);
  pending.cancel(index);
  endAbandoned(exchange.parts, index);
  leases.abandon(index, nowSeconds, nowSeconds + policy.abandonSeconds);
  exchange.record(index);
  return { kind: "changed", changes: exchange.changes, log: declinedLog(exchange, address) };
}
