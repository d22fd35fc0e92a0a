import { addToSum, checksumOf } from "./internet-checksum.ts";
import { readIpv4 } from "./ipv4.ts";
import { type UdpFrame, udpChecksum } from "./udp-frame.ts";

const MAC_BYTES = 6;
const ETHERNET_BYTES = 14;
const IP_BYTES = 20;
const UDP_BYTES = 8;
const ETHERTYPE_IPV4 = 0x0800;
const PROTOCOL_UDP = 17;

/**
 * Takes a frame of `buildUdpFrame` apart, as views. Undefined unless it is a whole, unfragmented IPv4/UDP frame with
 * right checksums; bytes after the packet (Ethernet padding) are left out.
 */
export function parseUdpFrame(bytes: Uint8Array): UdpFrame | undefined {
  const ip = ETHERNET_BYTES;
  if (bytes.length < ip + IP_BYTES || readUInt16(bytes, 12) !== ETHERTYPE_IPV4) return undefined;
  const headerBytes = (bytes[ip] & 15) * 4;
  const ipBytes = readUInt16(bytes, ip + 2);
  const end = ip + ipBytes;
  const udp = ip + headerBytes;
  if (bytes[ip] >>> 4 !== 4 || headerBytes < IP_BYTES || bytes[ip + 9] !== PROTOCOL_UDP) {
    return undefined;
  }
  if (end > bytes.length || udp + UDP_BYTES > end) return undefined;
  if ((readUInt16(bytes, ip + 6) & 0x3fff) !== 0) return undefined;
  if (checksumOf(addToSum(0, bytes, ip, udp)) !== 0) return undefined;
  if (readUInt16(bytes, udp + 4) !== end - udp) return undefined;
  if (readUInt16(bytes, udp + 6) !== 0 && udpChecksum(bytes, ip, end) !== 0) return undefined;
  return {
    sourceMac: bytes.subarray(MAC_BYTES, 2 * MAC_BYTES),
    destinationMac: bytes.subarray(0, MAC_BYTES),
    source: readIpv4(bytes, ip + 12),
    destination: readIpv4(bytes, ip + 16),
    sourcePort: readUInt16(bytes, udp),
    destinationPort: readUInt16(bytes, udp + 2),
    payload: bytes.subarray(udp + UDP_BYTES, end),
  };
}

function readUInt16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 8) | bytes[offset + 1];
}
