import { EncodeError } from "../encode-error.ts";
import { writeIpv4 } from "../ipv4.ts";

const MAC_BYTES = 6;
const FRAME_BYTES = 42;
const ETHERTYPE_ARP = 0x0806;
const ETHERTYPE_IPV4 = 0x0800;
const HARDWARE_ETHERNET = 1;
const REQUEST = 1;
const IPV4_BYTES = 4;

/**
 * An ARP announcement (RFC 826; RFC 5227, section 2.3) as a whole broadcast Ethernet frame: `address` is
 * at `mac` from now on. Throws EncodeError for a MAC that is not 6 bytes.
 */
export function buildArpAnnouncement(mac: Uint8Array, address: number): Uint8Array {
  if (mac.length !== MAC_BYTES) {
    throw new EncodeError(`the hardware address has ${mac.length} bytes of ${MAC_BYTES}`);
  }
  const bytes = new Uint8Array(FRAME_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.fill(0xff, 0, MAC_BYTES);
  bytes.set(mac, MAC_BYTES);
  view.setUint16(12, ETHERTYPE_ARP);
  view.setUint16(14, HARDWARE_ETHERNET);
  view.setUint16(16, ETHERTYPE_IPV4);
  bytes[18] = MAC_BYTES;
  bytes[19] = IPV4_BYTES;
  view.setUint16(20, REQUEST);
  bytes.set(mac, 22);
  writeIpv4(bytes, 28, address);
  // The target's hardware address stays zero; sender and target are one protocol address.
  writeIpv4(bytes, 38, address);
  return bytes;
}
