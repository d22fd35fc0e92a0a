import { formatIpv4, ipv4Bytes, parseIpv4, readIpv4 } from "../../../protocol/ipv4.ts";

/** The TFTP servers of a pair of nodes, from the view of one node. */
export interface TftpPair {
  /** Address of the node's own TFTP server. */
  readonly own: number;
  /** Address of the other node's TFTP server. */
  readonly other: number;
}

/** What a configuration says about TFTP servers. */
export interface TftpNames {
  /** `next-server`, for siaddr; 0 when there is none. */
  readonly nextServer: number;
  /** Option 150 (RFC 5859): addresses of four bytes. */
  readonly addresses: Uint8Array | undefined;
  /** Option 66: a name, or an address in text. */
  readonly name: Uint8Array | undefined;
}

/**
 * TFTP-2, INC-16: both nodes run one configuration, yet each names the other's TFTP server first and
 * its own second, so that DHCP load and TFTP load fall on different nodes. Where the configuration
 * names one of the two, siaddr and option 66 name the other node's server, and option 150 lists both in
 * that order, in place of the first one listed. Undefined when it names neither.
 */
export function crossTftp(names: TftpNames, { own, other }: TftpPair): TftpNames | undefined {
  const isOfPair = (address: number): boolean => address === own || address === other;
  const { addresses } = names;
  // An option 150 that the configuration defined as something else is left as it is.
  const isList = addresses === undefined || addresses.length % 4 === 0;
  const listed = isList ? addressesOf(addresses) : [];
  const named = isOfPair(addressIn(names.name));
  if (!isOfPair(names.nextServer) && !named && !listed.some(isOfPair)) return undefined;
  return {
    nextServer: isOfPair(names.nextServer) ? other : names.nextServer,
    addresses: isList ? ipv4Bytes(crossed(listed, isOfPair, [other, own])) : addresses,
    name: named ? new TextEncoder().encode(formatIpv4(other)) : names.name,
  };
}

/** Servers that belong to neither node keep their places. */
function crossed(
  listed: readonly number[],
  isOfPair: (address: number) => boolean,
  pair: readonly number[],
): readonly number[] {
  const at = listed.findIndex(isOfPair);
  if (at < 0) return [...pair, ...listed];
  const after = listed.slice(at).filter((address) => !isOfPair(address));
  return [...listed.slice(0, at), ...pair, ...after];
}

function addressesOf(bytes: Uint8Array | undefined): number[] {
  if (bytes === undefined) return [];
  return Array.from({ length: bytes.length / 4 }, (_, i) => readIpv4(bytes, 4 * i));
}

/** -1 when it is no address in text. */
function addressIn(name: Uint8Array | undefined): number {
  if (name === undefined) return -1;
  return parseIpv4(String.fromCharCode(...name)) ?? -1;
}
