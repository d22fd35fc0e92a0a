import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { type DhcpPacket, decodePacket, messageType } from "../../../protocol/dhcp/packet.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { formatMac } from "../../../protocol/mac.ts";
import type { UdpFrame } from "../../../protocol/udp-frame.ts";

/** `bootp`: a reply without a message type. */
export type Answer = "offer" | "ack" | "nak" | "bootp" | "silence";

/** One reply of a server, decoded, with how it travelled. */
export interface Reply {
  readonly kind: Answer;
  readonly packet: DhcpPacket;
  readonly frame: UdpFrame;
  readonly address: string;
  readonly serverId: string;
  readonly leaseSeconds: number | undefined;
}

const kinds: Readonly<Record<number, Answer>> = {
  0: "bootp",
  [MessageType.offer]: "offer",
  [MessageType.ack]: "ack",
  [MessageType.nak]: "nak",
};

/** Throws DecodeError when the payload is no DHCP message. */
export function readReply(frame: UdpFrame): Reply {
  const packet = decodePacket(frame.payload);
  const kind = kinds[messageType(packet)];
  if (kind === undefined) throw new Error(`a reply of message type ${messageType(packet)}`);
  return {
    kind,
    packet,
    frame,
    address: formatIpv4(packet.yiaddr),
    serverId: formatIpv4(packet.options.getUInt32(OptionCode.serverIdentifier) ?? 0),
    leaseSeconds: packet.options.getUInt32(OptionCode.leaseTime),
  };
}

/** What may differ between two servers that are both right. */
export interface Leeway {
  /** Any address will do: the client's addresses, old and new, are left out. */
  readonly anyAddress?: boolean;
  /** Options may come in any order. */
  readonly anyOrder?: boolean;
  /** The lease time is what is left of a lease: it is left out. */
  readonly anyLeaseTime?: boolean;
}

/**
 * A reply as lines, for comparison: where it went, the header, and the options in the order of the
 * wire. `relayMac` is the hardware address of the cable's end, which has no meaning of its own.
 */
export function replyLines(reply: Reply, relayMac: Uint8Array, leeway: Leeway): string[] {
  const { packet, frame, kind } = reply;
  const { options } = packet;
  const link = formatMac(frame.destinationMac);
  const hardware = link === formatMac(relayMac) ? "the cable's end" : link;
  const isAny = leeway.anyAddress === true;
  const isOwn = frame.destination === packet.yiaddr || frame.destination === packet.ciaddr;
  const own = (address: number): string => (isAny && address !== 0 ? "any" : formatIpv4(address));
  const lines = [
    `${kind} to ${isAny && isOwn ? "the client" : formatIpv4(frame.destination)}:${frame.destinationPort} at ${hardware}`,
    `from ${formatIpv4(frame.source)}:${frame.sourcePort}, ${frame.payload.length} bytes`,
    `htype ${packet.htype} hops ${packet.hops} xid ${hex(packet.xid, 8)} secs ${packet.secs} flags ${hex(packet.flags, 4)}`,
    `chaddr ${formatMac(packet.chaddr)}`,
    `ciaddr ${own(packet.ciaddr)}`,
    `yiaddr ${own(packet.yiaddr)}`,
    `siaddr ${formatIpv4(packet.siaddr)}`,
    `giaddr ${formatIpv4(packet.giaddr)}`,
    `sname ${JSON.stringify(latin1(packet.sname))} file ${JSON.stringify(latin1(packet.file))}`,
  ];
  const codes = options.codes();
  if (leeway.anyOrder === true) codes.sort((left, right) => left - right);
  for (const code of codes) {
    const isLeft = code === OptionCode.leaseTime && leeway.anyLeaseTime === true;
    lines.push(`option ${code}: ${isLeft ? "any" : bytesText(options.get(code)!)}`);
  }
  return lines;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function bytesText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
