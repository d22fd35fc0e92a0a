import { bytesEqual } from "../../../protocol/bytes.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import type { PermissionName } from "../../config/language/parameters.ts";
import type { Host } from "../../config/model/model.ts";
import { type LeaseExtras, VENDOR_CLASS_VARIABLE } from "../../lease/lease.ts";
import { hostnameOf, isLive, isOwner } from "../exchange/client.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { keptEvents } from "../exchange/lease-events.ts";
import { type BillingDecision, notBilled } from "../exchange/lease-limits.ts";
import { receivedLog } from "../exchange/log-lines.ts";
import type { DropReason, Outcome } from "../exchange/outcome.ts";
import { percentUsed, poolUse } from "../exchange/pool-thresholds.ts";
import {
  adaptedSeconds,
  grantedSeconds,
  INFINITE_SECONDS,
  isYoungEnough,
  untilClosing,
} from "../policy/lease-times.ts";
import type { Policy } from "../policy/policy.ts";
import { endLease, releaseEvent, storable } from "./lease-end.ts";

/** An address that one client may have, and all that its reply depends on. */
export interface Grant {
  readonly kind: "granted";
  readonly address: number;
  /** In the lease table; -1 for a fixed address outside all ranges, of which no lease is kept. */
  readonly index: number;
  readonly host: Host | undefined;
  readonly isStatic: boolean;
  readonly policy: Policy;
  readonly billing: BillingDecision;
}

const noBytes = new Uint8Array(0);

type DropOutcome = Extract<Outcome, { kind: "drop" }>;

/** Nothing is answered; the line for the log says what was found, as dhcpd does. */
export function drop(exchange: Exchange, reason: DropReason, note: string): DropOutcome {
  return { kind: "drop", reason, changes: exchange.changes, log: receivedLog(exchange, note) };
}

/** What `deny` keeps out, with its line in the log; `ignore` does it without one, as in dhcpd. */
export function refuse(
  exchange: Exchange,
  { settings }: Policy,
  subject: PermissionName,
  reason: DropReason,
  note: string,
): DropOutcome {
  if (settings.permission(subject) !== "ignore") return drop(exchange, reason, note);
  return { kind: "drop", reason, changes: exchange.changes };
}

/**
 * Looks up what applies at the address, and whether the client may boot at all; a drop otherwise.
 * Changes nothing.
 */
export function grant(
  exchange: Exchange,
  place: { address: number; index: number; host: Host | undefined; isStatic: boolean },
): Grant | DropOutcome {
  const { address, index, host, isStatic } = place;
  // Of a fixed address dhcpd keeps no lease: it has neither an end nor variables.
  const leaseIndex = isStatic ? -1 : index;
  exchange.turnTo(leaseIndex);
  const policy = exchange.policyAt(address, leaseIndex, host, isStatic);
  // A host declaration that gives no say here, with fixed addresses elsewhere, makes nobody known.
  if (host === undefined && !policy.unknownClients) {
    return refuse(exchange, policy, "unknown-clients", "unknown-client", "unknown client");
  }
  if (!policy.booting) {
    return refuse(exchange, policy, "booting", "booting-denied", "booting disallowed");
  }
  const { limits } = exchange.parts;
  const billing = index < 0 ? notBilled : limits.decide(index, exchange.members);
  if (billing.kind === "full") {
    const note = `no available billing: lease limit reached in all matching classes (last: '${billing.className}')`;
    return drop(exchange, "no-available-billing", note);
  }
  return { kind: "granted", address, index, host, isStatic, policy, billing };
}

/** The length of a new lease. */
export function newLeaseSeconds(exchange: Exchange, grant: Grant): number {
  const seconds = usualSeconds(exchange, grant);
  const { index, policy } = grant;
  const { leases, config } = exchange.parts;
  const until = index < 0 ? undefined : config.pools[leases.poolOf(index)].validUntilSeconds;
  if (until === undefined) return seconds;
  return untilClosing(seconds, policy.leaseTimes, until - exchange.nowSeconds);
}

function usualSeconds(exchange: Exchange, { index, policy }: Grant): number {
  const { leaseTimes, adaptiveThreshold } = policy;
  const seconds = grantedSeconds(requestedSeconds(exchange), leaseTimes);
  if (index < 0 || adaptiveThreshold === 0 || adaptiveThreshold >= 100) return seconds;
  const { leases } = exchange.parts;
  const filled = percentUsed(poolUse(leases, leases.poolOf(index)));
  if (filled < adaptiveThreshold) return seconds;
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
function requestedSeconds({ packet }: Exchange): number | undefined {
  return packet.options.getUInt32(OptionCode.leaseTime);
}

/**
 * Seconds left of the client's present lease when it is answered as it stands, without a new record
 * (`dhcp-cache-threshold`); undefined when a new lease must be written. A lease whose record is not
 * known to be in the store is always written again: the batch that held it may have failed.
 */
export function reusableSeconds(exchange: Exchange, grant: Grant): number | undefined {
  const { index, policy } = grant;
  const { leases, recordsEveryAck } = exchange.parts;
  const { nowSeconds } = exchange;
  if (index < 0 || policy.cacheThreshold === 0 || recordsEveryAck) return undefined;
  if (!isLive(leases, index, nowSeconds) || !leases.isDurable(index)) return undefined;
  const endsAt = leases.endsAt(index);
  if (!isYoungEnough(leases.startsAt(index), endsAt, nowSeconds, policy.cacheThreshold)) {
    return undefined;
  }
  if (endsAt === nowSeconds || !isUnchanged(exchange, grant)) return undefined;
  return endsAt === Number.POSITIVE_INFINITY ? INFINITE_SECONDS : endsAt - nowSeconds;
}

function isUnchanged(exchange: Exchange, grant: Grant): boolean {
  const { index, policy, billing } = grant;
  const { leases } = exchange.parts;
  const { hardware, clientId = noBytes } = exchange.leaseClient(policy);
  if (leases.isBootp(index) !== exchange.bootp) return false;
  if (!leases.hasHardware(index, hardware ?? exchange.hardware)) return false;
  if (!leases.hasClientId(index, clientId)) return false;
  // A client that no longer says its name keeps it.
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

/**
 * Writes the lease into the table and its index into the exchange's changes. `policy` is what holds
 * after `on commit`.
 */
export function bindLease(
  exchange: Exchange,
  grant: Grant,
  policy: Policy,
  leaseSeconds: number,
): void {
  const { index, billing } = grant;
  const { leases, limits, pending } = exchange.parts;
  const { nowSeconds } = exchange;
  pending.cancel(index);
  const isEndless = leaseSeconds === INFINITE_SECONDS;
  const endsAt = isEndless ? Number.POSITIVE_INFINITY : nowSeconds + leaseSeconds;
  const extras = extrasOf(exchange, policy);
  if (!grant.isStatic) addVariables(extras, exchange, index, policy);
  const bill = limits.bill(index, billing);
  if (bill !== undefined) extras.billing = bill;
  // Said only where it changes: the flags of a lease decide which queue it waits in.
  if (exchange.bootp !== leases.isBootp(index)) extras.bootp = exchange.bootp;
  if (policy.infiniteIsReserved && requestedSeconds(exchange) === INFINITE_SECONDS) {
    extras.reserved = true;
    const address = formatIpv4(leases.addressOf(index));
    exchange.addNote(`Infinite-leasetime reservation made on ${address}.`);
  }
  leases.bind(index, exchange.leaseClient(policy), nowSeconds, endsAt, extras);
  exchange.record(index);
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

/** Variables that somebody has looked at or set, and what is to be done when the lease ends. */
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

/** The lease goes on as it is, with other variables: they are stored before the reply leaves. */
export function keepVariables(exchange: Exchange, index: number): void {
  exchange.parts.leases.setBindings(index, storable(exchange.variables));
  exchange.record(index);
}

/** Takes an active lease back, which is one of the exchange's changes. */
export function releaseLease(exchange: Exchange, index: number): void {
  const { leases, limits } = exchange.parts;
  limits.unbill(index);
  if (isLive(leases, index, exchange.nowSeconds)) releaseEvent(exchange, index);
  else endLease(exchange.parts, index, leases.keptOf(index));
  leases.release(index, exchange.nowSeconds);
  exchange.record(index);
}
