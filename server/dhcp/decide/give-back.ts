import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { isLive, isOwner } from "../exchange/client.ts";
import { dynamicHostFor } from "../exchange/declared-hosts.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { declinedLog, releasedLog } from "../exchange/log-lines.ts";
import type { Outcome } from "../exchange/outcome.ts";
import { drop, refuse } from "./drop.ts";
import { endAbandoned, releaseLease } from "./lease-end.ts";

/**
 * RELEASE (RFC 2131, section 4.3.4): the client gives its address back and may have it again later.
 * The hardware address must be the lease's, so that nobody can end other clients' leases by guessing.
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
 * it for `abandon-lease-time`. dhcpd believes every client. Here only the client that the address is
 * bound to, or held for, is believed: otherwise one device could take all others off line.
 */
export function decline(exchange: Exchange): Outcome {
  const { leases, limits, pending } = exchange.parts;
  const { nowSeconds } = exchange;
  const address = exchange.packet.options.getUInt32(OptionCode.requestedAddress) ?? 0;
  const index = leases.indexOf(address);
  if (index < 0 || leases.isAbandoned(index) || !isOwner(leases, index, exchange)) {
    return drop(exchange, "decline-unknown", "not found");
  }
  const host = dynamicHostFor(exchange.hosts);
  const policy = exchange.policyAt({ kind: "place", address, index, host, isStatic: false });
  if (!policy.declines) {
    return refuse(exchange, policy, "declines", "decline-denied", "ignored");
  }
  exchange.record(index);
  limits.unbill(index);
  pending.cancel(index);
  endAbandoned(exchange.parts, index);
  leases.abandon(index, nowSeconds, nowSeconds + policy.abandonSeconds);
  return { kind: "changed", changes: exchange.changes, log: declinedLog(exchange, address) };
}
