import type { Host, SharedNetwork } from "../../config/model/model.ts";
import type { EngineParts } from "./engine-parts.ts";
import { type Place, placeOfHost } from "./place.ts";

/** Host declarations that name a client: by client identifier, hardware and `host-identifier`. */
export interface DeclaredHosts {
  byClientId: readonly Host[];
  byHardware: readonly Host[];
  byOption: readonly Host[];
}

export const noHosts: readonly Host[] = [];

/**
 * The fixed address of this client on this network (PRE-6): of the hosts with its client identifier,
 * or where there are none of those with its hardware address. With several addresses on the network,
 * `wanted` is taken if it is one of them.
 */
export function fixedPlaceFor(
  parts: EngineParts,
  { byClientId, byHardware, byOption }: DeclaredHosts,
  network: SharedNetwork,
  wanted: number,
): Place | undefined {
  const byAddress = byHardware.length > 0 ? byHardware : byOption;
  const hosts = byClientId.length > 0 ? byClientId : byAddress;
  let first: Place | undefined;
  for (let index = 0; index < hosts.length; index += 1) {
    const host = hosts[index];
    const addresses = addressesOf(host, parts);
    for (let at = 0; at < addresses.length; at += 1) {
      const address = addresses[at];
      if (parts.config.subnetOf(address)?.sharedNetwork !== network) continue;
      if (address === wanted) return placeOfHost(parts, host, address);
      first ??= placeOfHost(parts, host, address);
    }
  }
  return first;
}

/** Names that cannot be resolved are left out, as in dhcpd. */
function addressesOf(host: Host, { resolve }: EngineParts): readonly number[] {
  if (host.fixedNames.length === 0) return host.fixedAddresses;
  return [...host.fixedAddresses, ...host.fixedNames.flatMap((name) => resolve?.(name) ?? [])];
}

/** The host that gives the client this very address, if one does. */
export function hostWithAddress(
  parts: EngineParts,
  { byClientId, byHardware, byOption }: DeclaredHosts,
  address: number,
): Host | undefined {
  const hosts = [...byClientId, ...byHardware, ...byOption];
  return hosts.find((host) => addressesOf(host, parts).includes(address));
}

/** The host that gives a dynamic client its settings (PRE-5): the first one without fixed address. */
export function dynamicHostFor(hosts: DeclaredHosts): Host | undefined {
  return (
    withoutAddress(hosts.byClientId) ??
    withoutAddress(hosts.byHardware) ??
    withoutAddress(hosts.byOption)
  );
}

function withoutAddress(hosts: readonly Host[]): Host | undefined {
  for (const host of hosts) {
    if (host.fixedAddresses.length === 0 && host.fixedNames.length === 0) return host;
  }
  return undefined;
}
