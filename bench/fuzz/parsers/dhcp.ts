import { DecodeError } from "../../../protocol/decode-error.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import {
  type DhcpPacket,
  decodePacket,
  type OutgoingOption,
  type OutgoingPacket,
  PacketDecoder,
} from "../../../protocol/dhcp/packet.ts";
import { decodeClientFqdn } from "../../../server/config/language/client-fqdn.ts";
import { encodedPacket } from "../../generators/encoded-packet.ts";
import { readEverything } from "../dhcp/packet-reader.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { checkSame, parsed } from "./oracle.ts";

// One decoder for all, as the server has it: what a packet leaves behind would show in the next.
const decoder = new PacketDecoder();
const roomy = { optionBytesMax: 0xffff, packetBytesMin: 0, overload: false };

/** Encoded again, a packet has the same fields and options. */
export const target: FuzzTarget = {
  read: (bytes) => {
    const packet = parsed(DecodeError, () => decoder.decode(bytes));
    if (packet === undefined) return;
    readEverything(packet, { decoded: 0, rejected: 0 });
    decodeClientFqdn(packet.options.get(OptionCode.clientFqdn) ?? new Uint8Array(0));
    const contents = contentsOf(packet);
    checkSame("encoded again", contentsOf(decodePacket(encodedPacket(contents, roomy))), contents);
  },
  words: [
    ...["c\x82Sc", "\x34\x01\x03", "\x35\x01\x01", "\x52\x06\x01\x04", "\x7d\x07\0\0\x11\x8b\x02"],
    ...["\x7c\x05\0\0\x11\x8b\0", "\x2b\x04\x02\x02\xc0\x0c", "docsis3.0:052401010102", "pktc1.0:"],
  ],
};

/** Option 52 is left out, because it follows from the layout; option 82 is always encoded last. */
function contentsOf(packet: DhcpPacket): OutgoingPacket {
  const { op, htype, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr } = packet;
  const { chaddr, sname, file } = packet;
  const options = packet.options
    .codes()
    .filter((code) => code !== OptionCode.overload)
    .map((code): OutgoingOption => ({ code, value: packet.options.get(code)! }));
  const isLast = ({ code }: OutgoingOption): boolean => code === OptionCode.relayAgentInformation;
  return {
    ...{ op, htype, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr },
    ...{ chaddr, sname, file },
    options: [...options.filter((option) => !isLast(option)), ...options.filter(isLast)],
  };
}
