import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import type { Host } from "../config/model.ts";
import { bytesEqual, type LeaseExtras } from "../lease/lease.ts";
import { hostnameOf, isLive } from "./client.ts";
import type { Exchange } from "./exchange.ts";
import { type BillingDecision, notBilled } from "./lease-limits.ts";
import { grantedSeconds, INFINITE_SECONDS, isYoungEnough } from "./lease-times.ts";
import { receivedLine } from "./log-lines.ts";
import type { DropReason, Outcome } from "./outcome.ts";
import type { Policy } from "./policy.ts";

/** An address that one client may have, and all that its reply depends on. */
export interface Grant {
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
  const { changes } = exchange;
  if (!exchange.parts.logLines) return { kind: "drop", reason, changes };
  return { kind: "drop", reason, changes, log: receivedLine(exchange, note) };
}

/**
 * Looks up what applies at the address, and whether the client may boot at all; a drop otherwise.
 * Changes nothing.
 */
export function grant(
  exchange: Exchange,
  place: { address: number; index: number; host: Host | undefined; isStatic: boolean },
): { kind: "granted"; grant: Grant } | DropOutcome {
  const { address, index, host, isStatic } = place;
  const policy = exchange.policyAt(address, isStatic ? -1 : index, host, isStatic);
  if (!exchange.known && !policy.unknownClients) {
    const { changes } = exchange;
    if (policy.ignoresUnknownQuietly) return { kind: "drop", reason: "unknown-client", changes };
    return drop(exchange, "unknown-client", "unknown client");
  }
  if (!policy.booting) return drop(exchange, "booting-denied", "booting disallowed");
  const { limits } = exchange.parts;
  const billing = index < 0 ? notBilled : limits.decide(index, exchange.members);
  if (billing.kind === "full") {
    const note = `no available billing: lease limit reached in all matching classes (last: '${billing.className}')`;
    return drop(exchange, "no-available-billing", note);
  }
  return { kind: "granted", grant: { address, index, host, isStatic, policy, billing } };
}

/** The length of a new lease. */
export function newLeaseSeconds(exchange: Exchange, policy: Policy): number {
  const requested = exchange.packet.options.getUInt32(OptionCode.leaseTime);
  return grantedSeconds(requested, policy.leaseTimes);
}

/**
 * Seconds left of the client's present lease when it is answered as it stands, without a new record
 * (`dhcp-cache-threshold`); undefined when a new lease must be written. A lease whose record is not
 * known to be in the store is always written again: the batch that held it may have failed.
 */
export function reusableSeconds(exchange: Exchange, grant: Grant): number | undefined {
  const { index, policy } = grant;
  const { leases } = exchange.parts;
  const { nowSeconds } = exchange;
  if (index < 0 || policy.cacheThreshold === 0) return undefined;
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
  if (!leases.hasHardware(index, hardware ?? exchange.hardware)) return false;
  if (!leases.hasClientId(index, clientId)) return false;
  if (!bytesEqual(leases.hostnameOf(index), hostnameOf(exchange.packet))) return false;
  const relayAgent = exchange.receivedRelayAgent;
  if (relayAgent !== undefined && policy.stashAgentOptions) {
    if (!bytesEqual(leases.agentOptionsOf(index), relayAgent)) return false;
  }
  const billed = leases.billingOf(index);
  if (billing.kind !== "billed") return billed === undefined;
  const { clientClass, key = noBytes } = billing.member;
  return billed?.className === clientClass.name && bytesEqual(billed.hash ?? noBytes, key);
}

/** Writes the lease into the table and its record into the exchange's changes. */
export function bindLease(exchange: Exchange, grant: Grant, leaseSeconds: number): void {
  const { index, policy, billing } = grant;
  const { leases, limits, pending } = exchange.parts;
  const { nowSeconds } = exchange;
  pending.cancel(index);
  const isEndless = leaseSeconds === INFINITE_SECONDS;
  const endsAt = isEndless ? Number.POSITIVE_INFINITY : nowSeconds + leaseSeconds;
  const extras = extrasOf(exchange, policy);
  const bill = limits.bill(index, billing);
  if (bill !== undefined) extras.billing = bill;
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

/** Takes an active lease back; its record goes to the exchange's changes. */
export function releaseLease(exchange: Exchange, index: number): void {
  const { leases, limits } = exchange.parts;
  limits.unbill(index);
  leases.release(index, exchange.nowSeconds);
  exchange.record(index);
}
