import { bytesEqual } from "../../../protocol/bytes.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { hostnameOf, isLive } from "../exchange/client.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { percentUsed, poolUse } from "../exchange/pool-thresholds.ts";
import {
  adaptedSeconds,
  grantedSeconds,
  INFINITE_SECONDS,
  isYoungEnough,
  untilClosing,
} from "../policy/lease-times.ts";
import type { Grant } from "./grant.ts";

const noBytes = new Uint8Array(0);

/** The length of a new lease, in seconds. */
export function newLeaseSeconds(exchange: Exchange, granted: Grant): number {
  const seconds = usualSeconds(exchange, granted);
  const { index } = granted.place;
  const { leases, config } = exchange.parts;
  const until = index < 0 ? undefined : config.pools[leases.poolOf(index)].validUntilSeconds;
  if (until === undefined) return seconds;
  return untilClosing(seconds, granted.policy.leaseTimes, until - exchange.nowSeconds);
}

function usualSeconds(exchange: Exchange, { place: { index }, policy }: Grant): number {
  const { leaseTimes, adaptiveThreshold } = policy;
  const seconds = grantedSeconds(requestedSeconds(exchange), leaseTimes);
  if (index < 0 || adaptiveThreshold === 0 || adaptiveThreshold >= 100) return seconds;
  const { leases } = exchange.parts;
  if (percentUsed(poolUse(leases, leases.poolOf(index))) < adaptiveThreshold) return seconds;
  const left = leases.endsAt(index) - exchange.nowSeconds;
  const adapted = adaptedSeconds(seconds, leaseTimes.minSeconds, left);
  if (adapted < seconds) {
    const address = formatIpv4(leases.addressOf(index));
    exchange.addNote(
      `Pool over threshold, time for ${address} reduced from ${seconds} to ${adapted}.`,
    );
  }
  return adapted;
}

/** Option 51 of the client, seconds. */
export function requestedSeconds({ packet }: Exchange): number | undefined {
  return packet.options.getUInt32(OptionCode.leaseTime);
}

/**
 * Seconds left of the client's present lease when it is answered as it stands, without a new record
 * (`dhcp-cache-threshold`); undefined when a new lease must be written. A lease whose record may not
 * be in the store is always written again: the batch with it may have failed.
 */
export function reusableSeconds(exchange: Exchange, granted: Grant): number | undefined {
  const { place, policy } = granted;
  const { index } = place;
  const { leases, recordsEveryAck } = exchange.parts;
  const { nowSeconds } = exchange;
  if (index < 0 || policy.cacheThreshold === 0 || recordsEveryAck === true) return undefined;
  if (!isLive(leases, index, nowSeconds) || !leases.isDurable(index)) return undefined;
  const endsAt = leases.endsAt(index);
  if (!isYoungEnough(leases.startsAt(index), endsAt, nowSeconds, policy.cacheThreshold)) {
    return undefined;
  }
  if (endsAt === nowSeconds || !isUnchanged(exchange, granted)) return undefined;
  return endsAt === Number.POSITIVE_INFINITY ? INFINITE_SECONDS : endsAt - nowSeconds;
}

function isUnchanged(exchange: Exchange, { place: { index }, policy, billing }: Grant): boolean {
  const { leases } = exchange.parts;
  const { hardware, clientId = noBytes } = exchange.leaseClient(policy);
  if (leases.isBootp(index) !== exchange.bootp) return false;
  if (!leases.hasHardware(index, hardware ?? exchange.hardware)) return false;
  if (!leases.hasClientId(index, clientId)) return false;
  // A client that no longer sends its name keeps it.
  const hostname = hostnameOf(exchange.packet);
  if (hostname.length > 0 && !bytesEqual(leases.hostnameOf(index), hostname)) return false;
  const relayAgent = exchange.receivedRelayAgent;
  if (relayAgent !== undefined && policy.stashAgentOptions) {
    if (!bytesEqual(leases.agentOptionsOf(index), relayAgent)) return false;
  }
  const billed = leases.billingOf(index);
  if (billing.kind !== "billed") return billed === undefined;
  const { clientClass, key = noBytes } = billing.member;
  return billed?.className === clientClass.name && bytesEqual(billed.hash ?? noBytes, key);
}
