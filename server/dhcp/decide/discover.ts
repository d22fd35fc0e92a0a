import type { SharedNetwork } from "../../config/model/model.ts";
import { dynamicHostFor, fixedAddressFor, isLive, isOwner } from "../exchange/client.ts";
import { settled } from "../exchange/commit-event.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { receivedLog } from "../exchange/log-lines.ts";
import type { Outcome } from "../exchange/outcome.ts";
import { detached } from "../exchange/pending-offers.ts";
import { OFFER_HOLD_SECONDS } from "../policy/lease-times.ts";
import { buildReply } from "../reply/reply.ts";
import { chooseLease, isAvailable } from "./allocate.ts";
import {
  drop,
  type Grant,
  grant,
  newLeaseSeconds,
  releaseLease,
  reusableSeconds,
} from "./grant.ts";
import { storable } from "./lease-end.ts";

/** DISCOVER: an OFFER, at once or after a probe, or silence (RFC 2131, section 4.3.1). */
export function discover(exchange: Exchange): Outcome {
  const { network } = exchange;
  if (network === undefined) {
    return drop(exchange, "unknown-network-segment", "unknown network segment");
  }
  const fixed = fixedAddressFor(exchange.parts.config, exchange, network, exchange.wanted);
  if (fixed !== undefined) {
    const { address, host } = fixed;
    return discoverAt(exchange, address, exchange.parts.leases.indexOf(address), host, true);
  }
  return discoverDynamic(exchange, network);
}

function discoverDynamic(exchange: Exchange, network: SharedNetwork): Outcome {
  const choice = chooseLease(exchange, network);
  if (choice.kind === "none") {
    return drop(exchange, choice.reason, `network ${network.name}: no free leases`);
  }
  const { index } = choice;
  const address = exchange.parts.leases.addressOf(index);
  return discoverAt(exchange, address, index, dynamicHostFor(exchange), false);
}

function discoverAt(
  exchange: Exchange,
  address: number,
  index: number,
  host: Grant["host"],
  isStatic: boolean,
): Outcome {
  const { leases, pending } = exchange.parts;
  if (index >= 0 && pending.isPending(index, exchange.nowMs)) {
    return drop(exchange, "ping-in-progress", "the address is being probed");
  }
  if (isStatic && index >= 0 && isOthers(exchange, index)) {
    return drop(exchange, "fixed-address-in-use", "dynamic and static leases present");
  }
  const withoutHost =
    host === undefined ? undefined : minSecondsAt(exchange, address, index, isStatic);
  const granted = grant(exchange, { address, index, host, isStatic });
  if (granted.kind === "drop") return granted;
  const { policy } = granted;
  const secondsMin = withoutHost ?? policy.minSeconds;
  if (exchange.packet.secs < secondsMin) {
    const note = `${exchange.packet.secs} secs < ${secondsMin}`;
    return drop(exchange, "too-few-seconds", note);
  }
  const probe = !isStatic && policy.pingCheck && isDoubtful(exchange, granted);
  if (probe && pending.isFull(exchange.nowMs)) {
    return drop(exchange, "ping-queue-full", "too many addresses are being probed");
  }
  const leaseSeconds = reusableSeconds(exchange, granted) ?? newLeaseSeconds(exchange, granted);
  if (index >= 0) {
    // A lease that is over but not yet swept up could not be held for the answer.
    const isOver = leases.isActive(index) && !isLive(leases, index, exchange.nowSeconds);
    if (isOver) releaseLease(exchange, index);
    leases.offer(index, exchange.leaseClient(policy), exchange.nowSeconds + OFFER_HOLD_SECONDS);
    leases.setCltt(index, exchange.nowSeconds);
    keepOffered(exchange, granted);
  }
  return offer(exchange, granted, leaseSeconds, probe);
}

/** `min-secs`, of which a host declaration has no say: dhcpd looks at it before the host. */
function minSecondsAt(
  exchange: Exchange,
  address: number,
  index: number,
  isStatic: boolean,
): number {
  const leaseIndex = isStatic ? -1 : index;
  // The statements run again with the host: what they set now is forgotten, what they say unsaid.
  exchange.turnTo(leaseIndex);
  return exchange.minSecondsAt(address, leaseIndex, isStatic);
}

function offer(exchange: Exchange, granted: Grant, leaseSeconds: number, probe: boolean): Outcome {
  const { address, index } = granted;
  const { leases } = exchange.parts;
  if (index >= 0 && !granted.isStatic) {
    exchange.leaseSeconds = Math.max(
      leases.endsAt(index) - exchange.nowSeconds,
      OFFER_HOLD_SECONDS,
    );
  }
  const policy = settled(exchange, granted.policy);
  const outcome = buildReply(exchange, {
    kind: "offer",
    policy,
    address,
    place: address,
    leaseSeconds,
    host: granted.host,
    leaseIndex: -1,
    durable: false,
  });
  if (!probe) return outcome;
  const timeoutMs = policy.pingTimeoutMs;
  const ticket = exchange.parts.pending.add({
    index,
    abandonSeconds: policy.abandonSeconds,
    offer: detached(outcome),
    dueAtMs: exchange.nowMs + timeoutMs,
  });
  const log = receivedLog(exchange);
  return { kind: "ping", ticket, address, timeoutMs, changes: exchange.changes, log };
}

/** What statements have set is there when the client asks for the lease; a lease that runs has its own. */
function keepOffered(exchange: Exchange, { index, isStatic }: Grant): void {
  const { leases } = exchange.parts;
  if (isStatic || !exchange.areVariablesUsed || leases.isActive(index)) return;
  leases.setBindings(index, storable(exchange.variables));
}

/** A fixed address inside a range, which somebody else has got meanwhile. */
function isOthers(exchange: Exchange, index: number): boolean {
  return !isOwner(exchange.parts.leases, index, exchange) && !isAvailable(exchange, index);
}

/**
 * Is it worth a probe whether somebody uses the address (DHCP-14)? Not while the client's own lease
 * runs, nor shortly after the server last dealt with the same client about it.
 */
function isDoubtful(exchange: Exchange, granted: Grant): boolean {
  const { leases } = exchange.parts;
  const { index, policy } = granted;
  if (isLive(leases, index, exchange.nowSeconds)) return false;
  if (leases.isNeverUsed(index) || leases.isAbandoned(index)) return true;
  if (!isOwner(leases, index, exchange)) return true;
  return exchange.nowSeconds - leases.cltt(index) >= policy.pingClttSeconds;
}
