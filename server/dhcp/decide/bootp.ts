import { dynamicHostFor, fixedAddressFor, isOwner } from "../exchange/client.ts";
import { commitEvent } from "../exchange/commit-event.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Outcome } from "../exchange/outcome.ts";
import { INFINITE_SECONDS } from "../policy/lease-times.ts";
import type { Policy } from "../policy/policy.ts";
import { buildReply } from "../reply/reply.ts";
import { chooseLease, isAvailable } from "./allocate.ts";
import {
  bindLease,
  drop,
  type Grant,
  grant,
  keepVariables,
  refuse,
  reusableSeconds,
} from "./grant.ts";
import { endOverdue } from "./request.ts";

type Place = Pick<Grant, "address" | "index" | "host" | "isStatic">;

/**
 * BOOTP (RFC 951, with the options of RFC 1048): one request, one reply, and no lease time. A host's
 * fixed address, or a lease out of a pool that takes BOOTP clients.
 */
export function bootp(exchange: Exchange): Outcome {
  const { network } = exchange;
  if (network === undefined) return drop(exchange, "unknown-network-segment", "network unknown");
  const { config, leases } = exchange.parts;
  const fixed = fixedAddressFor(config, exchange, network, exchange.wanted);
  if (fixed !== undefined) {
    const { address, host } = fixed;
    const index = leases.indexOf(address);
    if (index >= 0 && !isOwner(leases, index, exchange) && !isAvailable(exchange, index)) {
      return drop(exchange, "fixed-address-in-use", "dynamic and static leases present");
    }
    return serve(exchange, { address, index, host, isStatic: true });
  }
  const choice = chooseLease(exchange, network);
  if (choice.kind === "none") {
    return drop(exchange, choice.reason, "BOOTP from dynamic client and no dynamic leases");
  }
  const { index } = choice;
  const address = leases.addressOf(index);
  return serve(exchange, { address, index, host: dynamicHostFor(exchange), isStatic: false });
}

function serve(exchange: Exchange, place: Place): Outcome {
  const granted = grant(exchange, place);
  if (granted.kind === "drop") return granted;
  const before = granted.policy;
  if (!before.bootp) return refuse(exchange, before, "bootp", "bootp", "bootp disallowed");
  const { address, index, host } = place;
  const { nowSeconds } = exchange;
  const reused = reusableSeconds(exchange, granted);
  const seconds = reused ?? leaseSeconds(before, nowSeconds);
  endOverdue(exchange, index);
  const policy = commitEvent(exchange, before, seconds);
  const isBound = index >= 0 && reused === undefined;
  // As for DHCP: what a statement set is stored although the lease goes on as it is.
  const isKept = reused !== undefined && !place.isStatic && exchange.variableChanges > 0;
  if (isBound) bindLease(exchange, granted, policy, seconds);
  else if (index >= 0) exchange.parts.leases.setCltt(index, nowSeconds);
  if (isKept) keepVariables(exchange, index);
  return buildReply(exchange, {
    kind: place.isStatic ? "bootp-static" : "bootp",
    policy,
    address,
    place: address,
    leaseSeconds: undefined,
    host,
    leaseIndex: isBound || isKept ? index : -1,
    durable: isBound || isKept,
  });
}

/** What the client does not hear: how long nobody else gets its address. */
function leaseSeconds(policy: Policy, nowSeconds: number): number {
  const { bootpCutoffSeconds: cutoff, bootpLeaseSeconds } = policy;
  if (cutoff !== undefined) return Math.max(0, cutoff - nowSeconds);
  return bootpLeaseSeconds ?? INFINITE_SECONDS;
}
