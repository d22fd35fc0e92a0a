import { isHeld, isLive, isOwner } from "../exchange/client.ts";
import { settled } from "../exchange/commit-event.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { receivedLog } from "../exchange/log-lines.ts";
import type { Outcome } from "../exchange/outcome.ts";
import { detached } from "../exchange/pending-offers.ts";
import { leaseIndexOf, type Place } from "../exchange/place.ts";
import { OFFER_HOLD_SECONDS } from "../policy/lease-times.ts";
import { buildReply } from "../reply/reply.ts";
import { choosePlace, isTaken } from "./allocate.ts";
import { drop } from "./drop.ts";
import { type Grant, grant } from "./grant.ts";
import { releaseLease, storable } from "./lease-end.ts";
import { newLeaseSeconds, reusableSeconds } from "./lease-length.ts";

/** DISCOVER: an OFFER, at once or after a probe, or silence (RFC 2131, section 4.3.1). */
export function discover(exchange: Exchange): Outcome {
  const place = choosePlace(exchange);
  if (place.kind === "drop") return place;
  const { pending } = exchange.parts;
  if (place.index >= 0 && pending.isPending(place.index, exchange.nowMs)) {
    return drop(exchange, "ping-in-progress", "the address is being probed");
  }
  if (isTaken(exchange, place)) {
    return drop(exchange, "fixed-address-in-use", "dynamic and static leases present");
  }
  const withoutHost = place.host === undefined ? undefined : minSecondsAt(exchange, place);
  const granted = grant(exchange, place);
  if (granted.kind === "drop") return granted;
  const { secs } = exchange.packet;
  const secondsMin = withoutHost ?? granted.policy.minSeconds;
  if (secs < secondsMin) {
    return drop(exchange, "too-few-seconds", `${secs} secs < ${secondsMin}`);
  }
  const isProbed = isDoubtful(exchange, granted);
  if (isProbed && pending.isFull(exchange.nowMs)) {
    return drop(exchange, "ping-queue-full", "too many addresses are being probed");
  }
  return offer(exchange, granted, isProbed);
}

/** `min-secs`, which a host declaration does not change: dhcpd looks at it before the host. */
function minSecondsAt(exchange: Exchange, place: Place): number {
  // The statements run again with the host: their settings and log lines of this run are discarded.
  exchange.turnTo(leaseIndexOf(place));
  return exchange.minSecondsAt({ ...place, host: undefined });
}

function offer(exchange: Exchange, granted: Grant, isProbed: boolean): Outcome {
  const { place } = granted;
  const leaseSeconds = reusableSeconds(exchange, granted) ?? newLeaseSeconds(exchange, granted);
  if (place.index >= 0) hold(exchange, granted);
  const policy = settled(exchange, granted.policy);
  const outcome = buildReply(exchange, {
    kind: "offer",
    policy,
    place,
    leaseSeconds,
    leaseIndex: -1,
  });
  if (!isProbed) return outcome;
  const { address, index } = place;
  const { pingTimeoutMs: timeoutMs, abandonSeconds } = policy;
  const ticket = exchange.parts.pending.add({
    index,
    abandonSeconds,
    offer: detached(outcome),
    dueAtMs: exchange.nowMs + timeoutMs,
  });
  const log = receivedLog(exchange);
  return { kind: "ping", ticket, address, timeoutMs, changes: exchange.changes, log };
}

/** The address is the client's until it has answered the offer, or has had the time to. */
function hold(exchange: Exchange, { place: { index, isStatic }, policy }: Grant): void {
  const { leases } = exchange.parts;
  const { nowSeconds } = exchange;
  // A lease that is over but not yet swept up could not be held for the answer.
  if (leases.isActive(index) && !isLive(leases, index, nowSeconds)) releaseLease(exchange, index);
  if (!leases.isActive(index) && !isHeld(leases, index, nowSeconds)) exchange.taken = index;
  leases.offer(index, exchange.leaseClient(policy), nowSeconds + OFFER_HOLD_SECONDS);
  leases.setCltt(index, nowSeconds);
  if (isStatic) return;
  exchange.leaseSeconds = Math.max(leases.endsAt(index) - nowSeconds, OFFER_HOLD_SECONDS);
  // Variables that statements have set are kept for the REQUEST; a running lease has its own.
  if (exchange.areVariablesUsed && !leases.isActive(index)) {
    leases.setBindings(index, storable(exchange.variables));
  }
}

/**
 * Is it worth a probe whether somebody uses the address (DHCP-14)? Not while the client's own lease
 * runs, nor shortly after the server last dealt with the same client about it.
 */
function isDoubtful(exchange: Exchange, { place: { index, isStatic }, policy }: Grant): boolean {
  if (isStatic || !policy.pingCheck) return false;
  const { leases } = exchange.parts;
  if (isLive(leases, index, exchange.nowSeconds)) return false;
  if (leases.isNeverUsed(index) || leases.isAbandoned(index)) return true;
  if (!isOwner(leases, index, exchange)) return true;
  return exchange.nowSeconds - leases.cltt(index) >= policy.pingClttSeconds;
}
