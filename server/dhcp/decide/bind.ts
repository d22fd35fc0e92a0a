import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { type LeaseExtras, VENDOR_CLASS_VARIABLE } from "../../lease/lease.ts";
import { hostnameOf, isLive, isOwner } from "../exchange/client.ts";
import { commitEvent } from "../exchange/commit-event.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { keptEvents } from "../exchange/lease-events.ts";
import { INFINITE_SECONDS } from "../policy/lease-times.ts";
import type { Policy } from "../policy/policy.ts";
import type { LeaseReply } from "../reply/lease-options.ts";
import type { Grant } from "./grant.ts";
import { endOverdue, storable } from "./lease-end.ts";
import { requestedSeconds } from "./lease-length.ts";

const noBytes = new Uint8Array(0);

/**
 * Gives the client its lease: runs `on commit`, writes the table, and records the change. A lease that
 * is reused goes on as it is, but variables that statements have set are recorded. Returns the ACK, or
 * the reply to a BOOTP client, that promises the lease.
 */
export function bind(
  exchange: Exchange,
  granted: Grant,
  leaseSeconds: number,
  isReused: boolean,
): LeaseReply {
  const { place } = granted;
  const { index, isStatic } = place;
  const { leases } = exchange.parts;
  endOverdue(exchange, index);
  const policy = commitEvent(exchange, granted.policy, leaseSeconds);
  const isNew = index >= 0 && !isReused;
  const isChanged = isReused && !isStatic && exchange.variableChanges > 0;
  if (isNew) writeLease(exchange, granted, policy, leaseSeconds);
  else if (index >= 0) leases.setCltt(index, exchange.nowSeconds);
  if (isChanged) {
    exchange.record(index);
    leases.setBindings(index, storable(exchange.variables));
  }
  const leaseIndex = isNew || isChanged ? index : -1;
  if (!exchange.bootp) return { kind: "ack", policy, place, leaseSeconds, leaseIndex };
  const kind = isStatic ? "bootp-static" : "bootp";
  return { kind, policy, place, leaseSeconds: undefined, leaseIndex };
}

/** `policy` is the one after `on commit`. */
function writeLease(
  exchange: Exchange,
  { place, billing }: Grant,
  policy: Policy,
  leaseSeconds: number,
): void {
  const { index } = place;
  const { leases, limits, pending } = exchange.parts;
  const { nowSeconds } = exchange;
  exchange.record(index);
  if (!isLive(leases, index, nowSeconds)) exchange.taken = index;
  pending.cancel(index);
  const isEndless = leaseSeconds === INFINITE_SECONDS;
  const endsAt = isEndless ? Number.POSITIVE_INFINITY : nowSeconds + leaseSeconds;
  const extras = extrasOf(exchange, policy);
  if (!place.isStatic) addVariables(extras, exchange, index, policy);
  const bill = limits.bill(index, billing);
  if (bill !== undefined) extras.billing = bill;
  // Set only when it changes: the flags of a lease decide which queue it waits in.
  if (exchange.bootp !== leases.isBootp(index)) extras.bootp = exchange.bootp;
  if (policy.infiniteIsReserved && requestedSeconds(exchange) === INFINITE_SECONDS) {
    extras.reserved = true;
    exchange.addNote(`Infinite-leasetime reservation made on ${formatIpv4(place.address)}.`);
  }
  leases.bind(index, exchange.leaseClient(policy), nowSeconds, endsAt, extras);
}

type MutableExtras = { -readonly [Key in keyof LeaseExtras]: LeaseExtras[Key] };

function extrasOf(exchange: Exchange, policy: Policy): MutableExtras {
  const extras: MutableExtras = {};
  const hostname = hostnameOf(exchange.packet);
  if (hostname.length > 0) extras.hostname = hostname;
  const vendorClass = exchange.packet.options.get(OptionCode.vendorClassIdentifier);
  if (vendorClass !== undefined) extras.vendorClass = vendorClass;
  if (policy.stashAgentOptions) {
    const relayAgent = exchange.receivedRelayAgent ?? exchange.relayAgent;
    if (relayAgent !== undefined) extras.agentOptions = relayAgent;
  }
  return extras;
}

/** Variables that statements have read or set, and the events that run when the lease ends. */
function addVariables(
  extras: MutableExtras,
  exchange: Exchange,
  index: number,
  policy: Policy,
): void {
  const { nowSeconds } = exchange;
  const { leases } = exchange.parts;
  const isRenewed = isLive(leases, index, nowSeconds) && isOwner(leases, index, exchange);
  const kept = keptEvents(policy.settings, isRenewed ? leases.keptOf(index) : []);
  if (kept.length > 0) extras.kept = kept;
  if (!exchange.areVariablesUsed) return;
  const all = storable(exchange.variables);
  const vendorClass = all.get(VENDOR_CLASS_VARIABLE);
  extras.vendorClass = vendorClass instanceof Uint8Array ? vendorClass : noBytes;
  if (vendorClass instanceof Uint8Array) all.delete(VENDOR_CLASS_VARIABLE);
  extras.variables = [...all];
}
