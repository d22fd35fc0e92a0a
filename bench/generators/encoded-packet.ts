import {
  BootOperation,
  defaultEncodeLimits,
  encodePacket,
  encodingLength,
  type OutgoingPacket,
} from "../../protocol/dhcp/packet.ts";

const EMPTY = new Uint8Array(0);

/** The bytes of a message. Left out: a request of an Ethernet device, and the other fields 0 or empty. */
export function encodedPacket(
  fields: Partial<OutgoingPacket> & Pick<OutgoingPacket, "chaddr" | "options">,
  limits = defaultEncodeLimits,
): Uint8Array {
  const packet: OutgoingPacket = {
    ...{ op: BootOperation.request, htype: 1, hops: 0, xid: 0, secs: 0, flags: 0, ciaddr: 0 },
    ...{ yiaddr: 0, siaddr: 0, giaddr: 0, sname: EMPTY, file: EMPTY },
    ...fields,
  };
  const bytes = new Uint8Array(encodingLength(packet, limits));
  encodePacket(packet, bytes, 0, limits);
  return bytes;
}
