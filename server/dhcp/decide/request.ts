import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { isPermitted } from "../../config/model/evaluate.ts";
import type { SharedNetwork } from "../../config/model/model.ts";
import { dynamicHostFor, fixedAddressFor, isLive, isOwner } from "../exchange/client.ts";
import { commitEvent } from "../exchange/commit-event.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Outcome } from "../exchange/outcome.ts";
import { buildNak, buildReply } from "../reply/reply.ts";
import { isAvailable } from "./allocate.ts";
import {
  bindLease,
  drop,
  type Grant,
  grant,
  keepVariables,
  newLeaseSeconds,
  releaseLease,
  reusableSeconds,
} from "./grant.ts";
import { endLease } from "./lease-end.ts";

/**
 * REQUEST in all four states of a client (RFC 2131, section 4.3.2): selecting, init-reboot,
 * renewing and rebinding. As in dhcpd it is the address asked for that decides, not the state:
 * option 54 is not looked at, so that a lost database does not take a client off line.
 */
export function request(exchange: Exchange): Outcome {
  const { wanted, network, packet } = exchange;
  // Who asks for 0.0.0.0 by option 50 asks for an address, and for a wrong one.
  if (wanted === 0 && !packet.options.has(OptionCode.requestedAddress))
    return drop(exchange, "unknown-lease", "unknown lease 0.0.0.0.");
  if (network === undefined) return requestFromNowhere(exchange);
  const { config } = exchange.parts;
  if (config.subnetOf(wanted)?.sharedNetwork !== network) return wrongNetwork(exchange, network);
  const fixed = fixedAddressFor(config, exchange, network, wanted);
  if (fixed === undefined) return requestDynamic(exchange);
  if (fixed.address !== wanted) {
    return buildNak(exchange, wanted, "requested address is incorrect", "incorrect");
  }
  return requestFixed(exchange, fixed.address, fixed.host);
}

/** A relay that we do not know: what we do know is that the address is not of its network. */
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
 * A client that renews through a router looks like one on the wire, and a renewing client must not
 * be told NAK for the wrong reason: it will try again through its relay before its time is over.
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

/** `authoritative` may stand in the network, around it, or in the only subnet that it is made of. */
export function isAuthoritative(network: SharedNetwork): boolean {
  if (network.scope.authoritative) return true;
  return network.subnets.length === 1 && network.subnets[0].scope.authoritative;
}

function requestFixed(exchange: Exchange, address: number, host: Grant["host"]): Outcome {
  const { leases } = exchange.parts;
  const index = leases.indexOf(address);
  if (index >= 0 && !isOwner(leases, index, exchange) && !isAvailable(exchange, index)) {
    return drop(exchange, "fixed-address-in-use", "dynamic and static leases present");
  }
  return acknowledge(exchange, address, index, host, true);
}

function requestDynamic(exchange: Exchange): Outcome {
  const { leases, config } = exchange.parts;
  const { wanted, packet, nowSeconds } = exchange;
  const index = leases.indexOf(wanted);
  if (index < 0) return drop(exchange, "unknown-lease", `unknown lease ${formatIpv4(wanted)}.`);
  const isOwn = isOwner(leases, index, exchange);
  // An address that was given up on comes back early only for the client on whose lease it still stands.
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
  return acknowledge(exchange, wanted, index, dynamicHostFor(exchange), false);
}

function unavailable(exchange: Exchange): Outcome {
  const { wanted } = exchange;
  return buildNak(exchange, wanted, `lease ${formatIpv4(wanted)} unavailable.`);
}

function acknowledge(
  exchange: Exchange,
  address: number,
  index: number,
  host: Grant["host"],
  isStatic: boolean,
): Outcome {
  releaseForgotten(exchange, index);
  const granted = grant(exchange, { address, index, host, isStatic });
  if (granted.kind === "drop") return granted;
  const reused = reusableSeconds(exchange, granted);
  const leaseSeconds = reused ?? newLeaseSeconds(exchange, granted);
  noteThreshold(exchange, granted);
  endOverdue(exchange, index);
  const policy = commitEvent(exchange, granted.policy, leaseSeconds);
  const isBound = index >= 0 && reused === undefined;
  const isKept = reused !== undefined && !isStatic && exchange.variableChanges > 0;
  if (isBound) bindLease(exchange, granted, policy, leaseSeconds);
  else if (index >= 0) exchange.parts.leases.setCltt(index, exchange.nowSeconds);
  if (isKept) keepVariables(exchange, index);
  releaseOthers(exchange, granted);
  return buildReply(exchange, {
    kind: "ack",
    policy,
    address,
    place: address,
    leaseSeconds,
    host,
    leaseIndex: isBound || isKept ? index : -1,
    durable: isBound || isKept,
  });
}

/** A lease that is over but not yet swept up ends before it is given again. */
export function endOverdue(exchange: Exchange, index: number): void {
  const { leases } = exchange.parts;
  if (index < 0 || !leases.isActive(index) || isLive(leases, index, exchange.nowSeconds)) return;
  endLease(exchange.parts, index, leases.keptOf(index));
}

/** `log-threshold-high` and `-low`, as the pool is before this lease is bound. */
function noteThreshold(exchange: Exchange, { index, policy }: Grant): void {
  if (index < 0) return;
  const { leases, thresholds, config } = exchange.parts;
  const notice = thresholds.notice(policy, leases, index, config.pools);
  if (notice === undefined) return;
  exchange.say({ messages: [{ priority: "error", text: notice }], commands: [] });
}

/**
 * A client that starts anew (no ciaddr) has forgotten its other lease on this network. dhcpd goes by
 * the client identifier, and does so before it counts the leases of a class.
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
 * `one-lease-per-client`: whatever else the client holds, on any network, is taken back.
 * `deny duplicates`: the same for all leases of a hardware address that a host declaration names,
 * whatever client identifier they were made for.
 */
function releaseOthers(exchange: Exchange, granted: Grant): void {
  const { policy, index, host } = granted;
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
