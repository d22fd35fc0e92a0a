import { readFileSync } from "node:fs";

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * How many UDP sockets of this network namespace are bound to exactly this address and port. Our sockets
 * share their port (SO_REUSEADDR), so the kernel would silently let a second server take the packets of
 * the first. Undefined on a system without /proc/net/udp.
 */
export function udpSocketsBoundTo(address: number, port: number): number | undefined {
  let table: string;
  try {
    table = readFileSync("/proc/net/udp", "latin1");
  } catch {
    return undefined;
  }
  return countBound(table, address, port, LITTLE_ENDIAN);
}

/**
 * The same for the text of /proc/net/udp, which writes addresses in the byte order of the kernel's
 * memory.
 */
export function countBound(
  table: string,
  address: number,
  port: number,
  isLittleEndian: boolean,
): number {
  const bytes = [address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff];
  const hex = (isLittleEndian ? bytes.toReversed() : bytes)
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  const wanted = ` ${hex}:${port.toString(16).padStart(4, "0")} `.toUpperCase();
  return table.split("\n").filter((line) => line.includes(wanted)).length;
}
