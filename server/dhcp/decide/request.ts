import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { isPermitted } from "../../config/model/evaluate.ts";
import type { SharedNetwork } from "../../config/model/model.ts";
import { isLive, isOwner } from "../exchange/client.ts";
import { dynamicHostFor, fixedPlaceFor } from "../exchange/declared-hosts.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Outcome } from "../exchange/outcome.ts";
import type { Place } from "../exchange/place.ts";
import { buildNak, buildReply } from "../reply/reply.ts";
import { isAvailable, isTaken } from "./allocate.ts";
import { bind } from "./bind.ts";
import { drop } from "./drop.ts";
import { type Grant, grant } from "./grant.ts";
import { releaseLease } from "./lease-end.ts";
import { newLeaseSeconds, reusableSeconds } from "./lease-length.ts";

/**
 * REQUEST in all four states of a client (RFC 2131, section 4.3.2): selecting, init-reboot,
 * renewing and rebinding. As in dhcpd the address asked for decides, not the state: option 54 is not
 * looked at, so that a lost database does not take a client off line.
 */
export function request(exchange: Exchange): Outcome {
  const place = placeAskedFor(exchange);
  if (place.kind !== "place") return place;
  releaseForgotten(exchange, place.index);
  const granted = grant(exchange, place);
  if (granted.kind === "drop") return granted;
  const reused = reusableSeconds(exchange, granted);
  const leaseSeconds = reused ?? newLeaseSeconds(exchange, granted);
  noteThreshold(exchange, granted);
  const ack = bind(exchange, granted, leaseSeconds, reused !== undefined);
  releaseOthers(exchange, granted);
  return buildReply(exchange, ack);
}

/** The place at the address that the client asks for, if the client may have it. */
function placeAskedFor(exchange: Exchange): Place | Outcome {
  const { wanted, network, packet, parts } = exchange;
  // A client that asks for 0.0.0.0 by option 50 asks for a wrong address.
  if (wanted === 0 && !packet.options.has(OptionCode.requestedAddress)) {
    return drop(exchange, "unknown-lease", "unknown lease 0.0.0.0.");
  }
  if (network === undefined) return requestFromNowhere(exchange);
  if (parts.config.subnetOf(wanted)?.sharedNetwork !== network) {
    return wrongNetwork(exchange, network);
  }
  const fixed = fixedPlaceFor(parts, exchange.hosts, network, wanted);
  if (fixed === undefined) return dynamicPlace(exchange);
  if (fixed.address !== wanted) {
    return buildNak(exchange, wanted, "requested address is incorrect", "incorrect");
  }
  if (isTaken(exchange, fixed)) {
    return drop(exchange, "fixed-address-in-use", "dynamic and static leases present");
  }
  return fixed;
}

/** The relay is unknown, so the address cannot be of its network. */
function requestFromNowhere(exchange: Exchange): Outcome {
  const subnet = exchange.parts.config.subnetOf(exchange.wanted);
  if (subnet === undefined) {
    return drop(exchange, "unknown-subnet", "ignored (unknown subnet).");
  }
  if (exchange.packet.giaddr === 0) {
    return drop(exchange, "not-on-this-network", "ignored (not on this network).");
  }
  if (!subnet.scope.authoritative) {
    return drop(exchange, "not-authoritative", "ignored (not authoritative).");
  }
  return buildNak(exchange, exchange.wanted, "wrong network.");
}

/**
 * A client that renews through a router looks like a client on the wire. It must not get a wrong NAK:
 * it tries again through its relay before its lease is over.
 */
function wrongNetwork(exchange: Exchange, network: SharedNetwork): Outcome {
  const { packet, wanted } = exchange;
  if (packet.ciaddr !== 0 && packet.giaddr === 0) {
    return drop(exchange, "not-on-this-network", `unknown lease ${formatIpv4(wanted)}.`);
  }
  if (!isAuthoritative(network)) {
    return drop(exchange, "not-authoritative", "ignored (not authoritative).");
  }
  return buildNak(exchange, wanted, "wrong network.");
}

/** `authoritative` may stand in the network, around it, or in its only subnet. */
export function isAuthoritative(network: SharedNetwork): boolean {
  if (network.scope.authoritative) return true;
  return network.subnets.length === 1 && network.subnets[0].scope.authoritative;
}

function dynamicPlace(exchange: Exchange): Place | Outcome {
  const { leases, config } = exchange.parts;
  const { wanted, packet, nowSeconds } = exchange;
  const index = leases.indexOf(wanted);
  if (index < 0) return drop(exchange, "unknown-lease", `unknown lease ${formatIpv4(wanted)}.`);
  const isOwn = isOwner(leases, index, exchange);
  // Only the client of its last lease may have an abandoned address back early.
  if (!isOwn && leases.isAbandoned(index)) {
    return drop(exchange, "unknown-lease", `unknown lease ${formatIpv4(wanted)}.`);
  }
  if (!isPermitted(config.pools[leases.poolOf(index)], exchange)) {
    if (isOwn && packet.ciaddr === 0 && isLive(leases, index, nowSeconds)) {
      releaseLease(exchange, index);
    }
    return unavailable(exchange);
  }
  if (!isOwn && !isAvailable(exchange, index)) return unavailable(exchange);
  const host = dynamicHostFor(exchange.hosts);
  return { kind: "place", address: wanted, index, host, isStatic: false };
}

function unavailable(exchange: Exchange): Outcome {
  const { wanted } = exchange;
  return buildNak(exchange, wanted, `lease ${formatIpv4(wanted)} unavailable.`);
}

/** `log-threshold-high` and `-low`, by the use of the pool before this lease is bound. */
function noteThreshold(exchange: Exchange, { place: { index }, policy }: Grant): void {
  if (index < 0) return;
  const { leases, thresholds, config } = exchange.parts;
  const notice = thresholds.notice(policy, leases, index, config.pools);
  if (notice === undefined) return;
  exchange.say({ messages: [{ priority: "error", text: notice }], commands: [] });
}

/**
 * A client that starts anew (no ciaddr) has forgotten its other lease on this network. As in dhcpd
 * the client identifier decides, before the leases of a class are counted.
 */
function releaseForgotten(exchange: Exchange, kept: number): void {
  const { clientId, packet, network, parts } = exchange;
  if (clientId === undefined || packet.ciaddr !== 0) return;
  const { leases, config } = parts;
  for (const index of leases.byClientId(clientId)) {
    if (index === kept || !leases.isActive(index)) continue;
    if (config.pools[leases.poolOf(index)].sharedNetwork === network) releaseLease(exchange, index);
  }
}

/**
 * `one-lease-per-client`: all other leases of the client, on any network, are taken back.
 * `deny duplicates`: the same for all leases of a hardware address that a host declaration names,
 * under any client identifier.
 */
function releaseOthers(exchange: Exchange, granted: Grant): void {
  const { policy } = granted;
  const { index, host } = granted.place;
  const { leases } = exchange.parts;
  const { clientId, hardware } = exchange;
  const byHardwareToo = !policy.duplicates && host !== undefined && host.hardware !== undefined;
  if (policy.oneLeasePerClient && clientId !== undefined && !policy.ignoreClientIds) {
    releaseAllBut(exchange, index, leases.byClientId(clientId));
  } else if (policy.oneLeasePerClient) {
    releaseAllBut(exchange, index, leases.byHardware(hardware.type, hardware.address));
  }
  if (byHardwareToo) {
    releaseAllBut(exchange, index, leases.byHardware(hardware.type, hardware.address));
  }
}

function releaseAllBut(exchange: Exchange, kept: number, found: readonly number[]): void {
  for (const index of found) {
    if (index !== kept && exchange.parts.leases.isActive(index)) releaseLease(exchange, index);
  }
}
