import { Variables } from "../../config/language/variables.ts";
import type { EvaluationContext } from "../../config/model/evaluate.ts";
import { isVariableName, type LeaseValue } from "../../lease/lease.ts";
import { isLive } from "../exchange/client.ts";
import { dynamicHostFor, noHosts } from "../exchange/declared-hosts.ts";
import type { EngineParts } from "../exchange/engine-parts.ts";
import type { Exchange } from "../exchange/exchange.ts";

/**
 * Runs `on expiry` of a lease whose time is over, without a packet. `kept` are the events that the
 * lease was given with; variables that they set stay with the lease.
 */
export function endLease(parts: EngineParts, index: number, kept: readonly string[]): void {
  if (kept.length === 0) return;
  const { leases, events } = parts;
  const variables = new Variables(undefined, () => leases.bindingsOf(index));
  if (!events.run(kept, "expiry", contextOf(parts, index, variables))) return;
  if (variables.changes > 0) leases.setBindings(index, storable(variables));
}

/** The same for a lease that is over but not yet swept up, before it is given again. */
export function endOverdue({ parts, nowSeconds }: Exchange, index: number): void {
  const { leases } = parts;
  if (index < 0 || !leases.isActive(index) || isLive(leases, index, nowSeconds)) return;
  endLease(parts, index, leases.keptOf(index));
}

/** The same for a running lease whose address is abandoned: dhcpd has forgotten its variables by then. */
export function endAbandoned(parts: EngineParts, index: number): void {
  const { leases, events } = parts;
  if (!leases.isActive(index)) return;
  events.run(leases.keptOf(index), "expiry", contextOf(parts, index, new Variables()));
}

/** Takes an active lease back and records that. */
export function releaseLease(exchange: Exchange, index: number): void {
  const { leases, limits } = exchange.parts;
  exchange.record(index);
  limits.unbill(index);
  if (isLive(leases, index, exchange.nowSeconds)) releaseEvent(exchange, index);
  else endLease(exchange.parts, index, leases.keptOf(index));
  leases.release(index, exchange.nowSeconds);
}

/** `on release`, with the packet that ends the lease; variables that it sets are discarded. */
function releaseEvent(exchange: Exchange, index: number): void {
  const { leases, events } = exchange.parts;
  const kept = leases.keptOf(index);
  if (kept.length === 0) return;
  const variables = new Variables(undefined, () => leases.bindingsOf(index));
  const { packet, known, raw, relayAgent, isClassified, nowSeconds } = exchange;
  events.run(kept, "release", {
    ...contextOf(exchange.parts, index, variables),
    ...{ packet, known, raw, relayAgent, isClassified },
    leaseSeconds: Math.max(0, leases.endsAt(index) - nowSeconds),
  });
}

function contextOf(parts: EngineParts, index: number, variables: Variables): EvaluationContext {
  const { leases, serverHostName, resolve } = parts;
  const leaseAddress = leases.addressOf(index);
  const hostName = hostNameOf(parts, index);
  const seen = { packet: undefined, known: false, leaseAddress, hostName };
  return { ...seen, serverHostName, variables, resolve };
}

/** The host declaration that the lease's client gets its settings from. */
function hostNameOf({ config, leases }: EngineParts, index: number): string | undefined {
  const { hosts } = config;
  const clientId = leases.clientIdOf(index);
  const hardware = leases.hardwareOf(index);
  return dynamicHostFor({
    byClientId: clientId.length === 0 ? noHosts : hosts.byClientId(clientId),
    byHardware:
      hardware === undefined ? noHosts : hosts.byHardware(hardware.type, hardware.address),
    byOption: noHosts,
  })?.name;
}

/** Variables with a name that a lease file can hold. */
export function storable(variables: Variables): Map<string, LeaseValue> {
  return new Map(variables.entries().filter(([name]) => isVariableName(name)));
}
