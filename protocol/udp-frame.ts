import { EncodeError } from "./encode-error.ts";
import { addToSum, checksumOf } from "./internet-checksum.ts";
import { writeIpv4 } from "./ipv4.ts";

/** One UDP datagram as a whole Ethernet frame. Addresses are 32-bit numbers, MACs 6 bytes. */
export interface UdpFrame {
  readonly sourceMac: Uint8Array;
  readonly destinationMac: Uint8Array;
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

const MAC_BYTES = 6;
const ETHERNET_BYTES = 14;
const IP_BYTES = 20;
const UDP_BYTES = 8;
const ETHERTYPE_IPV4 = 0x0800;
const IP_VERSION_AND_LENGTH = 0x45;
const DONT_FRAGMENT = 0x4000;
const TIME_TO_LIVE = 64;
const PROTOCOL_UDP = 17;
const IP_BYTES_MAX = 0xffff;

/**
 * Ethernet II, IPv4 without options (RFC 791) and UDP (RFC 768) with both checksums; the network card
 * pads it to the Ethernet minimum. Throws EncodeError for a MAC that is not 6 bytes and for a payload
 * that does not fit one IPv4 packet.
 */
export function buildUdpFrame(frame: UdpFrame): Uint8Array {
  const { payload } = frame;
  checkMac("source", frame.sourceMac);
  checkMac("destination", frame.destinationMac);
  const ipBytes = IP_BYTES + UDP_BYTES + payload.length;
  if (ipBytes > IP_BYTES_MAX) {
    throw new EncodeError(`a payload of ${payload.length} bytes does not fit into an IPv4 packet`);
  }
  const bytes = new Uint8Array(ETHERNET_BYTES + ipBytes);
  bytes.set(frame.destinationMac, 0);
  bytes.set(frame.sourceMac, MAC_BYTES);
  writeUInt16(bytes, 2 * MAC_BYTES, ETHERTYPE_IPV4);

  const ip = ETHERNET_BYTES;
  bytes[ip] = IP_VERSION_AND_LENGTH;
  writeUInt16(bytes, ip + 2, ipBytes);
  writeUInt16(bytes, ip + 6, DONT_FRAGMENT);
  bytes[ip + 8] = TIME_TO_LIVE;
  bytes[ip + 9] = PROTOCOL_UDP;
  writeIpv4(bytes, ip + 12, frame.source);
  writeIpv4(bytes, ip + 16, frame.destination);
  writeUInt16(bytes, ip + 10, checksumOf(addToSum(0, bytes, ip, ip + IP_BYTES)));

  const udp = ip + IP_BYTES;
  writeUInt16(bytes, udp, frame.sourcePort);
  writeUInt16(bytes, udp + 2, frame.destinationPort);
  writeUInt16(bytes, udp + 4, UDP_BYTES + payload.length);
  bytes.set(payload, udp + UDP_BYTES);
  // A computed 0 is sent as all ones, because 0 on the wire means that there is no checksum (RFC 768).
  writeUInt16(bytes, udp + 6, udpChecksum(bytes, ip, bytes.length) || 0xffff);
  return bytes;
}

function checkMac(name: string, mac: Uint8Array): void {
  if (mac.length !== MAC_BYTES) {
    throw new EncodeError(`the ${name} hardware address has ${mac.length} bytes of ${MAC_BYTES}`);
  }
}

/** Covers the pseudo header, the UDP header and the payload (RFC 768). */
export function udpChecksum(bytes: Uint8Array, ip: number, end: number): number {
  const udp = ip + (bytes[ip] & 15) * 4;
  const pseudoHeader = addToSum(PROTOCOL_UDP + (end - udp), bytes, ip + 12, ip + 20);
  return checksumOf(addToSum(pseudoHeader, bytes, udp, end));
}

function writeUInt16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}
