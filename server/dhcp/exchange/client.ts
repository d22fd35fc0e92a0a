import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { DhcpPacket } from "../../../protocol/dhcp/packet.ts";
import { withoutTrailingNuls } from "../../../protocol/latin1.ts";
import type { Host, ServerConfig, SharedNetwork } from "../../config/model/model.ts";
import type { HardwareAddress } from "../../lease/lease.ts";
import type { LeaseTable } from "../../lease/table/lease-table.ts";

/** Who sent a packet: the client identifier goes before the hardware address (RFC 2131, 4.2). */
export interface Identity {
  readonly hardware: HardwareAddress;
  readonly clientId: Uint8Array | undefined;
}

/** Host declarations that name the sender: by client identifier, hardware and `host-identifier`. */
export interface Declared {
  readonly hostsByClientId: readonly Host[];
  readonly hostsByHardware: readonly Host[];
  readonly hostsByOption: readonly Host[];
  /** Addresses of a host name that stands in `fixed-address`; from a cache. */
  readonly resolve: ((name: string) => readonly number[] | undefined) | undefined;
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

/** A free address that waits for the answer to an offer. */
export function isHeld(leases: LeaseTable, index: number, nowSeconds: number): boolean {
  if (leases.isActive(index) || leases.isAbandoned(index)) return false;
  return leases.endsAt(index) > nowSeconds;
}

/** A fixed address on the client's network (PRE-6), with the host that declares it. */
export interface FixedAddress {
  readonly host: Host;
  readonly address: number;
}

/**
 * The fixed address for this client on this network: of the hosts with its client identifier, or
 * where there are none of those with its hardware address. With several addresses on the network,
 * `wanted` is taken if it is one of them.
 */
export function fixedAddressFor(
  config: ServerConfig,
  declared: Declared,
  network: SharedNetwork,
  wanted: number,
): FixedAddress | undefined {
  const { hostsByClientId, hostsByHardware, hostsByOption } = declared;
  if (hostsByClientId.length > 0) {
    return fixedAmong(config, declared, hostsByClientId, network, wanted);
  }
  const hosts = hostsByHardware.length > 0 ? hostsByHardware : hostsByOption;
  return fixedAmong(config, declared, hosts, network, wanted);
}

function fixedAmong(
  config: ServerConfig,
  { resolve }: Declared,
  hosts: readonly Host[],
  network: SharedNetwork,
  wanted: number,
): FixedAddress | undefined {
  let first: FixedAddress | undefined;
  for (let index = 0; index < hosts.length; index += 1) {
    const host = hosts[index];
    const addresses = addressesOf(host, resolve);
    for (let at = 0; at < addresses.length; at += 1) {
      const address = addresses[at];
      if (config.subnetOf(address)?.sharedNetwork !== network) continue;
      if (address === wanted) return { host, address };
      first ??= { host, address };
    }
  }
  return first;
}

/** Names that cannot be resolved are left out, as in dhcpd. */
function addressesOf(host: Host, resolve: Declared["resolve"]): readonly number[] {
  if (host.fixedNames.length === 0) return host.fixedAddresses;
  return [...host.fixedAddresses, ...host.fixedNames.flatMap((name) => resolve?.(name) ?? [])];
}

/** The host that gives the client this very address, if one does. */
export function hostWithAddress(declared: Declared, address: number): Host | undefined {
  const { hostsByClientId, hostsByHardware, hostsByOption, resolve } = declared;
  return (
    withAddress(hostsByClientId, address, resolve) ??
    withAddress(hostsByHardware, address, resolve) ??
    withAddress(hostsByOption, address, resolve)
  );
}

function withAddress(
  hosts: readonly Host[],
  address: number,
  resolve: Declared["resolve"],
): Host | undefined {
  for (let index = 0; index < hosts.length; index += 1) {
    if (addressesOf(hosts[index], resolve).includes(address)) return hosts[index];
  }
  return undefined;
}

/** The host that gives a dynamic client its settings (PRE-5): the first one without fixed address. */
export function dynamicHostFor(declared: Declared): Host | undefined {
  return (
    withoutAddress(declared.hostsByClientId) ??
    withoutAddress(declared.hostsByHardware) ??
    withoutAddress(declared.hostsByOption)
  );
}

function withoutAddress(hosts: readonly Host[]): Host | undefined {
  for (const host of hosts) {
    if (host.fixedAddresses.length === 0 && host.fixedNames.length === 0) return host;
  }
  return undefined;
}
