import type { Exchange } from "../exchange/exchange.ts";
import type { Outcome } from "../exchange/outcome.ts";
import { INFINITE_SECONDS } from "../policy/lease-times.ts";
import type { Policy } from "../policy/policy.ts";
import { buildReply } from "../reply/reply.ts";
import { choosePlace, isTaken } from "./allocate.ts";
import { bind } from "./bind.ts";
import { drop, refuse } from "./drop.ts";
import { grant } from "./grant.ts";
import { reusableSeconds } from "./lease-length.ts";

/**
 * BOOTP (RFC 951, with the options of RFC 1048): one request, one reply, and no lease time. The client
 * gets a host's fixed address, or a lease out of a pool that takes BOOTP clients.
 */
export function bootp(exchange: Exchange): Outcome {
  const place = choosePlace(exchange);
  if (place.kind === "drop") return place;
  if (isTaken(exchange, place)) {
    return drop(exchange, "fixed-address-in-use", "dynamic and static leases present");
  }
  const granted = grant(exchange, place);
  if (granted.kind === "drop") return granted;
  const { policy } = granted;
  if (!policy.bootp) return refuse(exchange, policy, "bootp", "bootp", "bootp disallowed");
  const reused = reusableSeconds(exchange, granted);
  const leaseSeconds = reused ?? bootpSeconds(policy, exchange.nowSeconds);
  return buildReply(exchange, bind(exchange, granted, leaseSeconds, reused !== undefined));
}

/** How long the address stays the client's; the client is not told. */
function bootpSeconds(policy: Policy, nowSeconds: number): number {
  const { bootpCutoffSeconds: cutoff, bootpLeaseSeconds } = policy;
  if (cutoff !== undefined) return Math.max(0, cutoff - nowSeconds);
  return bootpLeaseSeconds ?? INFINITE_SECONDS;
}
