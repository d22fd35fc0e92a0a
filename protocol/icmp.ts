import { addToSum, checksumOf } from "./internet-checksum.ts";
import { readIpv4 } from "./ipv4.ts";

/** The numbers that distinguish one echo from another (RFC 792), 16 bits each. */
export interface EchoReply {
  readonly id: number;
  readonly sequence: number;
}

const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;
const HEADER_BYTES = 8;
const IP_BYTES_MIN = 20;
const PROTOCOL_ICMP = 1;

/** An ICMP echo request (RFC 792) with its checksum, without an IP header. */
export function buildEchoRequest(id: number, sequence: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  bytes[0] = ECHO_REQUEST;
  writeUInt16(bytes, 4, id);
  writeUInt16(bytes, 6, sequence);
  bytes.set(payload, HEADER_BYTES);
  writeUInt16(bytes, 2, checksumOf(addToSum(0, bytes, 0, bytes.length)));
  return bytes;
}

/** An ICMP message, without an IP header; undefined unless it is an undamaged echo reply. */
export function parseEchoReply(bytes: Uint8Array): EchoReply | undefined {
  if (bytes.length < HEADER_BYTES || bytes[0] !== ECHO_REPLY || bytes[1] !== 0) return undefined;
  if (checksumOf(addToSum(0, bytes, 0, bytes.length)) !== 0) return undefined;
  return { id: readUInt16(bytes, 4), sequence: readUInt16(bytes, 6) };
}

/** An IPv4 packet as a raw socket receives it, with its header; undefined as parseEchoReply. */
export function parseEchoReplyPacket(
  bytes: Uint8Array,
): (EchoReply & { readonly source: number }) | undefined {
  if (bytes.length < IP_BYTES_MIN || bytes[0] >>> 4 !== 4) return undefined;
  const headerBytes = (bytes[0] & 15) * 4;
  const end = readUInt16(bytes, 2);
  if (headerBytes < IP_BYTES_MIN || end < headerBytes || end > bytes.length) return undefined;
  if (bytes[9] !== PROTOCOL_ICMP) return undefined;
  const reply = parseEchoReply(bytes.subarray(headerBytes, end));
  return reply === undefined ? undefined : { ...reply, source: readIpv4(bytes, 12) };
}

function readUInt16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 8) | bytes[offset + 1];
}

function writeUInt16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}
