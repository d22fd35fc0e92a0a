/** Addresses, masks and ports as text: from text to bytes (undefined for invalid text), and back. */

import { bytesOf, concatenate, joined, numberOf } from "../bytes.ts";
import { formatIpv4, parseIpv4, readIpv4, writeIpv4 } from "../ipv4.ts";
import { formatIpv6, IPV6_BYTES, parseIpv6 } from "../ipv6.ts";
import { formatMac, parseMac } from "../mac.ts";

export function ipv4Bytes(value: string): Uint8Array | undefined {
  const address = parseIpv4(value);
  if (address === undefined) return undefined;
  const bytes = new Uint8Array(4);
  writeIpv4(bytes, 0, address);
  return bytes;
}

export function ipv4Text(bytes: Uint8Array): string {
  return formatIpv4(readIpv4(bytes, 0));
}

export function ipBytes(value: string): Uint8Array | undefined {
  return ipv4Bytes(value) ?? parseIpv6(value);
}

export function ipText(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return ipv4Text(bytes);
  return bytes.length === IPV6_BYTES ? formatIpv6(bytes) : undefined;
}

export function transportBytes(value: string): Uint8Array | undefined {
  const withPort = /^(?:\[([0-9a-f:]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(value);
  if (withPort === null) return ipBytes(value);
  const [, v6, v4, digits] = withPort;
  const port = Number(digits);
  const address = v6 === undefined ? ipv4Bytes(v4) : parseIpv6(v6);
  return address === undefined || port > 0xffff
    ? undefined
    : concatenate(address, bytesOf(port, 2));
}

export function transportText(bytes: Uint8Array): string | undefined {
  const bare = ipText(bytes);
  if (bare !== undefined || bytes.length < 6) return bare;
  const address = ipText(bytes.subarray(0, -2));
  const port = numberOf(bytes.subarray(-2));
  if (address === undefined) return undefined;
  return bytes.length === 6 ? `${address}:${port}` : `[${address}]:${port}`;
}

export function prefixBytes(value: string): Uint8Array | undefined {
  const [address, length, ...rest] = value.split("/");
  if (length === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const bytes = parseIpv6(address);
  return bytes === undefined || Number(length) > 128
    ? undefined
    : concatenate(bytes, Uint8Array.of(Number(length)));
}

export function macBytes(value: string): Uint8Array | undefined {
  const bytes = parseMac(value);
  return bytes?.length === 6 ? bytes : undefined;
}

export function macMaskBytes(value: string): Uint8Array | undefined {
  const parts = value.split("/");
  return parts.length > 2 ? undefined : joined(parts.map(macBytes));
}

export function macMaskText(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 6 && bytes.length !== 12) return undefined;
  const address = formatMac(bytes.subarray(0, 6));
  return bytes.length === 6 ? address : `${address}/${formatMac(bytes.subarray(6))}`;
}
