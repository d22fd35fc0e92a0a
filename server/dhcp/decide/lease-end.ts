import { Variables } from "../../config/language/variables.ts";
import type { EvaluationContext } from "../../config/model/evaluate.ts";
import type { Host } from "../../config/model/model.ts";
import { isVariableName, type LeaseValue } from "../../lease/lease.ts";
import { dynamicHostFor } from "../exchange/client.ts";
import type { EngineParts } from "../exchange/engine-parts.ts";
import type { Exchange } from "../exchange/exchange.ts";

const noHosts: readonly Host[] = [];

/**
 * `on expiry` of a lease whose time is over: no packet is there to look at. `kept` is what the lease
 * remembered; the variables that it sets stay with the lease.
 */
export function endLease(parts: EngineParts, index: number, kept: readonly string[]): void {
  if (kept.length === 0) return;
  const { leases, events } = parts;
  const variables = new Variables(undefined, () => leases.bindingsOf(index));
  if (!events.run(kept, "expiry", contextOf(parts, index, variables))) return;
  if (variables.changes > 0) leases.setBindings(index, storable(variables));
}

/** The same for a lease that is given up on while it runs: dhcpd has forgotten its variables by then. */
export function endAbandoned(parts: EngineParts, index: number): void {
  const { leases, events } = parts;
  if (!leases.isActive(index)) return;
  events.run(leases.keptOf(index), "expiry", contextOf(parts, index, new Variables()));
}

/** `on release`, while the packet that ends the lease is at hand; what it sets is forgotten. */
export function releaseEvent(exchange: Exchange, index: number): void {
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

/** The host that the client of the lease has its settings from. */
function hostNameOf({ config, leases, resolve }: EngineParts, index: number): string | undefined {
  const { hosts } = config;
  const clientId = leases.clientIdOf(index);
  const hardware = leases.hardwareOf(index);
  return dynamicHostFor({
    hostsByClientId: clientId.length === 0 ? noHosts : hosts.byClientId(clientId),
    hostsByHardware:
      hardware === undefined ? noHosts : hosts.byHardware(hardware.type, hardware.address),
    hostsByOption: noHosts,
    resolve,
  })?.name;
}

/** Those whose names a lease file can have. */
export function storable(variables: Variables): Map<string, LeaseValue> {
  return new Map(variables.entries().filter(([name]) => isVariableName(name)));
}
