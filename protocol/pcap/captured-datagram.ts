import { readIpv4 } from "../ipv4.ts";
import { type CapturedFrame, LinkType } from "./captured-frame.ts";

/** A UDP datagram of a capture; `payload` is a view of the file. */
export interface CapturedDatagram {
  readonly kind: "datagram";
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

export type CapturedContent =
  | CapturedDatagram
  /** Not UDP over IPv4, or a frame that contradicts itself. */
  | { readonly kind: "other" }
  /** A fragment of an IPv4 packet; fragments are not reassembled here. */
  | { readonly kind: "fragment" }
  /** UDP, but the capture did not keep all of it (its snapshot length). */
  | { readonly kind: "cut"; readonly sourcePort: number; readonly destinationPort: number }
  /** The link type is not supported. */
  | { readonly kind: "unknown-link" };

const OTHER: CapturedContent = { kind: "other" };
const ETHERTYPE_IPV4 = 0x0800;
/** IEEE 802.1Q, 802.1ad, and the type used before that. */
const vlanTypes: readonly number[] = [0x8100, 0x88a8, 0x9100];
const VLAN_TAGS_MAX = 4;
const IP_BYTES_MIN = 20;
const UDP_BYTES = 8;
const PROTOCOL_UDP = 17;
const FRAGMENT_MASK = 0x3fff;

/**
 * Finds the UDP datagram in a frame: Ethernet with any VLAN tags, Linux cooked captures of both versions,
 * raw IP. Checksums are not verified, because a capture on the sender contains them as they were before
 * the card filled them in.
 */
export function datagramOf({ linkType, bytes, wireLength }: CapturedFrame): CapturedContent {
  switch (linkType) {
    case LinkType.ethernet:
      return ofType(bytes, 12, wireLength);
    case LinkType.linuxCooked:
      return ofType(bytes, 14, wireLength);
    case LinkType.linuxCooked2:
      // The header has 20 bytes, and the type of the payload comes first.
      return readUInt16(bytes, 0) === ETHERTYPE_IPV4 ? ofIpv4(bytes, 20, wireLength) : OTHER;
    case LinkType.raw:
    case LinkType.ipv4:
      return ofIpv4(bytes, 0, wireLength);
    default:
      return { kind: "unknown-link" };
  }
}

/** Reads the Ethernet type at `start`, skips VLAN tags and decodes the payload. */
function ofType(bytes: Uint8Array, start: number, wireLength: number): CapturedContent {
  let at = start;
  for (let tags = 0; tags < VLAN_TAGS_MAX && vlanTypes.includes(readUInt16(bytes, at)); tags += 1) {
    at += 4;
  }
  return readUInt16(bytes, at) === ETHERTYPE_IPV4 ? ofIpv4(bytes, at + 2, wireLength) : OTHER;
}

function ofIpv4(bytes: Uint8Array, ip: number, wireLength: number): CapturedContent {
  if (bytes.length < ip + IP_BYTES_MIN || bytes[ip] >>> 4 !== 4) return OTHER;
  const udp = ip + (bytes[ip] & 15) * 4;
  const end = ip + readUInt16(bytes, ip + 2);
  if (udp < ip + IP_BYTES_MIN || bytes[ip + 9] !== PROTOCOL_UDP) return OTHER;
  if ((readUInt16(bytes, ip + 6) & FRAGMENT_MASK) !== 0) return { kind: "fragment" };
  if (udp + UDP_BYTES > end || udp + UDP_BYTES > bytes.length) return OTHER;
  const sourcePort = readUInt16(bytes, udp);
  const destinationPort = readUInt16(bytes, udp + 2);
  if (end > bytes.length) {
    return end > wireLength ? OTHER : { kind: "cut", sourcePort, destinationPort };
  }
  const udpLength = readUInt16(bytes, udp + 4);
  if (udpLength < UDP_BYTES || udp + udpLength > end) return OTHER;
  return {
    kind: "datagram",
    source: readIpv4(bytes, ip + 12),
    destination: readIpv4(bytes, ip + 16),
    sourcePort,
    destinationPort,
    payload: bytes.subarray(udp + UDP_BYTES, udp + udpLength),
  };
}

/** -1 when the frame is too short. */
function readUInt16(bytes: Uint8Array, offset: number): number {
  return offset + 2 > bytes.length ? -1 : (bytes[offset] << 8) | bytes[offset + 1];
}
