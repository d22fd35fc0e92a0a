/** IPv4 addresses and masks, in memory as unsigned 32-bit numbers in host order. */

/** 127.0.0.1. */
export const LOOPBACK = 0x7f00_0001;

/** Only programs of this machine can answer it: 127.0.0.0/8 (RFC 1122 3.2.1.3). */
export function isLoopback(address: number): boolean {
  return address >>> 24 === 127;
}

/** Strict dotted quad: four decimal numbers, no leading zeros, no blanks. Otherwise undefined. */
export function parseIpv4(text: string): number | undefined {
  let address = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i += 1) {
    const character = text.charCodeAt(i);
    if (character === 0x2e) {
      if (octet < 0 || dots === 3) return undefined;
      address = address * 256 + octet;
      octet = -1;
      dots += 1;
      continue;
    }
    if (character < 0x30 || character > 0x39 || octet === 0) return undefined;
    octet = Math.max(octet, 0) * 10 + (character - 0x30);
    if (octet > 255) return undefined;
  }
  return dots === 3 && octet >= 0 ? address * 256 + octet : undefined;
}

export interface Ipv4Network {
  /** Its first address. */
  readonly network: number;
  readonly prefixLength: number;
}

/** `A.B.C.D/N` without host bits; undefined for anything else. */
export function parseIpv4Network(text: string): Ipv4Network | undefined {
  const match = /^([\d.]+)\/(\d|[12]\d|3[0-2])$/.exec(text);
  const network = match === null ? undefined : parseIpv4(match[1]);
  if (network === undefined) return undefined;
  const prefixLength = Number(match?.[2]);
  return network % 2 ** (32 - prefixLength) === 0 ? { network, prefixLength } : undefined;
}

export function isInNetwork(address: number, { network, prefixLength }: Ipv4Network): boolean {
  return ((address ^ network) & maskOf(prefixLength)) === 0;
}

export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** Four bytes, most significant first. A missing byte is a RangeError, never a zero. */
export function readIpv4(bytes: Uint8Array, offset: number): number {
  if (!(offset >= 0 && offset + 4 <= bytes.length)) {
    throw new RangeError(`no address at byte ${offset} of ${bytes.length}`);
  }
  return (
    ((bytes[offset] << 24) |
      (bytes[offset + 1] << 16) |
      (bytes[offset + 2] << 8) |
      bytes[offset + 3]) >>>
    0
  );
}

export function writeIpv4(bytes: Uint8Array, offset: number, address: number): void {
  if (!(offset >= 0 && offset + 4 <= bytes.length)) {
    throw new RangeError(`no room for an address at byte ${offset} of ${bytes.length}`);
  }
  bytes[offset] = address >>> 24;
  bytes[offset + 1] = address >>> 16;
  bytes[offset + 2] = address >>> 8;
  bytes[offset + 3] = address;
}

/** The addresses one after another, four bytes each. */
export function ipv4Bytes(addresses: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * addresses.length);
  for (let at = 0; at < addresses.length; at += 1) writeIpv4(bytes, 4 * at, addresses[at]);
  return bytes;
}

/** 24 becomes 255.255.255.0; RangeError outside 0 to 32. */
export function maskOf(prefixLength: number): number {
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > 32) {
    throw new RangeError(`prefix length ${prefixLength} is not between 0 and 32`);
  }
  // A shift by 32 is a shift by 0 in JavaScript, so the empty mask is a case of its own.
  return prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0;
}

/** 255.255.255.0 becomes 24; undefined when the ones are not contiguous. */
export function prefixLengthOf(mask: number): number | undefined {
  const prefixLength = Math.clz32(~mask);
  return maskOf(prefixLength) === mask ? prefixLength : undefined;
}
