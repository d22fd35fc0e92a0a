import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { formatIpv4, parseIpv4 } from "../../../../protocol/ipv4.ts";
import { parseMac } from "../../../../protocol/mac.ts";
import type { LocalInterface } from "../../exchange/outcome.ts";

/** An interface that is up, whether or not this server serves it. */
export interface SystemInterface extends LocalInterface {
  readonly loopback: boolean;
}

/** The interfaces to serve, and the ones left out because no subnet is declared for them. */
export interface InterfaceChoice {
  readonly served: readonly LocalInterface[];
  readonly ignored: readonly { readonly name: string; readonly address?: number }[];
}

const multicastTable = "/proc/self/net/igmp";

/**
 * Names and indexes of the interfaces that are up and have IPv4, from the kernel's table of multicast
 * memberships: unlike `/sys`, it belongs to the network namespace of the process.
 */
export function parseInterfaceIndexes(table: string): ReadonlyMap<string, number> {
  const indexes = new Map<string, number>();
  for (const line of table.split("\n")) {
    const match = /^(\d+)\s+(\S+)\s*:/.exec(line);
    if (match !== null) indexes.set(match[2], Number(match[1]));
  }
  return indexes;
}

function readInterfaceIndexes(): ReadonlyMap<string, number> {
  try {
    return parseInterfaceIndexes(readFileSync(multicastTable, "utf8"));
  } catch {
    // Not Linux: packets arrive without an interface index as well.
    return new Map();
  }
}

/** Every interface that is up, with its IPv4 addresses in the system's order. */
export function systemInterfaces(): readonly SystemInterface[] {
  const indexes = readInterfaceIndexes();
  const addressesByName = networkInterfaces();
  const names = new Set([...indexes.keys(), ...Object.keys(addressesByName)]);
  return [...names].map((name) => {
    const entries = addressesByName[name] ?? [];
    const addresses = entries.flatMap((entry) => {
      const address = entry.family === "IPv4" ? parseIpv4(entry.address) : undefined;
      const mask = entry.family === "IPv4" ? parseIpv4(entry.netmask) : undefined;
      return address === undefined || mask === undefined ? [] : [{ address, mask }];
    });
    return {
      name,
      index: indexes.get(name) ?? 0,
      addresses,
      hardwareAddress: parseMac(entries[0]?.mac ?? "") ?? new Uint8Array(6),
      loopback: entries.some((entry) => entry.internal),
    };
  });
}

/**
 * The interfaces that dhcpd would serve (DHCP-10, CONF-6): of the named ones, or of all but the
 * loopback, those with an address inside a declared subnet.
 */
export function chooseInterfaces(
  present: readonly SystemInterface[],
  names: readonly string[],
  isDeclared: (address: number) => boolean,
): InterfaceChoice {
  const candidates: readonly LocalInterface[] =
    names.length === 0
      ? present.filter(({ loopback }) => !loopback)
      : names.map((name) => present.find((one) => one.name === name) ?? { ...absent, name });
  const served: LocalInterface[] = [];
  const ignored: { name: string; address?: number }[] = [];
  for (const candidate of candidates) {
    if (candidate.addresses.some(({ address }) => isDeclared(address))) served.push(candidate);
    else if (candidate.addresses.length === 0) ignored.push({ name: candidate.name });
    else ignored.push({ name: candidate.name, address: candidate.addresses[0].address });
  }
  return { served, ignored };
}

const absent = { index: 0, addresses: [], hardwareAddress: new Uint8Array(6) };

/**
 * The interface that owns `address`, with that address first, so that replies name it as the server
 * identifier. The loopback owns all of 127.0.0.0/8 although only one address is listed.
 */
export function interfaceWith(
  present: readonly SystemInterface[],
  address: number,
): LocalInterface | undefined {
  for (const candidate of present) {
    const own = candidate.addresses.find(
      (one) =>
        one.address === address ||
        (candidate.loopback && ((one.address ^ address) & one.mask) === 0),
    );
    if (own === undefined) continue;
    const others = candidate.addresses.filter((one) => one.address !== address);
    return { ...candidate, addresses: [{ address, mask: own.mask }, ...others] };
  }
  return undefined;
}

/** dhcpd's own words for an interface that it ignores. */
export function ignoredInterfaceNotice(ignored: InterfaceChoice["ignored"][number]): string {
  const where = ignored.address === undefined ? "no IPv4 addresses" : formatIpv4(ignored.address);
  return [
    "",
    `No subnet declaration for ${ignored.name} (${where}).`,
    `** Ignoring requests on ${ignored.name}.  If this is not what`,
    "   you want, please write a subnet declaration",
    "   in your dhcpd.conf file for the network segment",
    `   to which interface ${ignored.name} is attached. **`,
    "",
  ].join("\n");
}
