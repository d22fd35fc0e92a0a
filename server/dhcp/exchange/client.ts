import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { DhcpPacket } from "../../../protocol/dhcp/packet.ts";
import { withoutTrailingNuls } from "../../../protocol/latin1.ts";
import type { HardwareAddress } from "../../lease/lease.ts";
import type { LeaseTable } from "../../lease/table/lease-table.ts";

/** The sender of a packet: the client identifier comes before the hardware address (RFC 2131, 4.2). */
export interface Identity {
  readonly hardware: HardwareAddress;
  readonly clientId: Uint8Array | undefined;
}

const noBytes = new Uint8Array(0);

/**
 * Is this the client that the lease was made for, or is held for? A stored client identifier
 * decides alone; a lease without one is known by its hardware address.
 */
export function isOwner(leases: LeaseTable, index: number, client: Identity): boolean {
  return leases.isOf(index, client.hardware, client.clientId);
}

/** Option 12 without the NULs that some clients end it with; empty when there is none. */
export function hostnameOf({ options }: DhcpPacket): Uint8Array {
  const hostname = options.get(OptionCode.hostName);
  return hostname === undefined ? noBytes : withoutTrailingNuls(hostname);
}

/** An active lease whose time is not over. One that ends in this very second still counts. */
export function isLive(leases: LeaseTable, index: number, nowSeconds: number): boolean {
  return leases.isActive(index) && leases.endsAt(index) >= nowSeconds;
}

/** A free address that is held for the answer to an offer. */
export function isHeld(leases: LeaseTable, index: number, nowSeconds: number): boolean {
  if (leases.isActive(index) || leases.isAbandoned(index)) return false;
  return leases.endsAt(index) > nowSeconds;
}
