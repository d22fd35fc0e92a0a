import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { formatIpv4, readIpv4 } from "../../../protocol/ipv4.ts";
import { formatMac } from "../../../protocol/mac.ts";
import { hostnameOf } from "./client.ts";
import type { Exchange } from "./exchange.ts";
import type { LeaseReplyKind } from "./outcome.ts";
import type { PacketLog } from "./packet-log.ts";

/** Lines worded as dhcpd words them: people and scripts search logs for these. */
const typeNames: Readonly<Record<number, string>> = {
  [MessageType.discover]: "DHCPDISCOVER",
  [MessageType.request]: "DHCPREQUEST",
  [MessageType.decline]: "DHCPDECLINE",
  [MessageType.release]: "DHCPRELEASE",
  [MessageType.inform]: "DHCPINFORM",
  [MessageType.leaseQuery]: "DHCPLEASEQUERY",
  0: "BOOTREQUEST",
};

const HOSTNAME_BYTES_MAX = 64;

/** What came, and what became of it; undefined when nobody reads it. */
export function receivedLog(exchange: Exchange, note = ""): PacketLog | undefined {
  if (exchange.parts.packetLogging === "none") return undefined;
  return logOf(exchange, receivedLine(exchange, note), exchange.wanted);
}

export function releasedLog(exchange: Exchange): PacketLog | undefined {
  if (exchange.parts.packetLogging === "none") return undefined;
  return logOf(exchange, `${receivedLine(exchange)} (found)`, exchange.packet.ciaddr);
}

export function declinedLog(exchange: Exchange, address: number): PacketLog | undefined {
  if (exchange.parts.packetLogging === "none") return undefined;
  const abandoning = `Abandoning IP address ${formatIpv4(address)}: declined.`;
  return logOf(exchange, `${receivedLine(exchange, "abandoned")}\n${abandoning}`, address);
}

/** Two lines: what came, and what goes; undefined when nobody reads them. */
export function replyLog(
  exchange: Exchange,
  kind: LeaseReplyKind | "nak",
  address: number,
  reason = "",
): PacketLog | undefined {
  if (exchange.parts.packetLogging === "none") return undefined;
  const received = [...exchange.notes, receivedLine(exchange, reason)].join("\n");
  return logOf(exchange, `${received}\n${replyLine(exchange, kind, address)}`, address);
}

function replyLine(exchange: Exchange, kind: LeaseReplyKind | "nak", address: number): string {
  const to = `${sender(exchange)} via ${via(exchange)}`;
  switch (kind) {
    case "offer":
      return `DHCPOFFER on ${formatIpv4(address)} to ${to}`;
    case "ack":
      return `DHCPACK on ${formatIpv4(address)} to ${to}`;
    case "bootp":
    case "bootp-static":
      return `BOOTREPLY on ${formatIpv4(address)} to ${to}`;
    case "nak":
      return `DHCPNAK on ${formatIpv4(address)} to ${to}`;
    case "inform": {
      const mac = formatMac(exchange.packet.chaddr);
      return `DHCPACK to ${formatIpv4(address)} (${mac}) via ${via(exchange)}`;
    }
  }
}

function logOf(exchange: Exchange, text: string, address: number): PacketLog {
  const { packet, type, parts } = exchange;
  if (parts.packetLogging === "text") return { text };
  const hostname = hostnameOf(packet);
  const fields = {
    type: typeNameOf(type),
    mac: formatMac(packet.chaddr),
    ...(address === 0 ? {} : { address: formatIpv4(address) }),
    ...(packet.giaddr === 0 ? {} : { giaddr: formatIpv4(packet.giaddr) }),
    ...(isPrintable(hostname) ? { hostname: String.fromCharCode(...hostname) } : {}),
  };
  return { text, fields };
}

/** `DHCPREQUEST for 10.9.0.100 (10.9.0.1) from 02:… (name) via 10.9.0.2`, and what became of it. */
function receivedLine(exchange: Exchange, note = ""): string {
  const name = typeNameOf(exchange.type);
  const text = `${name}${subject(exchange)} from ${sender(exchange)} via ${via(exchange)}`;
  return note === "" ? text : `${text}: ${note}`;
}

function typeNameOf(type: number): string {
  return typeNames[type] ?? `DHCP message type ${type}`;
}

function subject(exchange: Exchange): string {
  const { type, packet, wanted } = exchange;
  if (type === MessageType.release) return ` of ${formatIpv4(packet.ciaddr)}`;
  if (type === MessageType.decline) return ` of ${formatIpv4(wanted)}`;
  if (type !== MessageType.request) return "";
  const server = packet.options.get(OptionCode.serverIdentifier);
  const named = server === undefined ? "" : ` (${formatIpv4(readIpv4(server, 0))})`;
  return ` for ${formatIpv4(wanted)}${named}`;
}

function sender(exchange: Exchange): string {
  const { packet } = exchange;
  const mac = packet.chaddr.length === 0 ? "<no hardware address>" : formatMac(packet.chaddr);
  const hostname = hostnameOf(packet);
  if (!isPrintable(hostname)) return mac;
  return `${mac} (${String.fromCharCode(...hostname)})`;
}

function via(exchange: Exchange): string {
  const { packet, receivedOn, arrival } = exchange;
  if (packet.giaddr !== 0) return formatIpv4(packet.giaddr);
  return receivedOn?.name ?? formatIpv4(arrival.sourceAddress);
}

/** A client's name must not add lines to the log. */
function isPrintable(bytes: Uint8Array): boolean {
  if (bytes.length === 0 || bytes.length > HOSTNAME_BYTES_MAX) return false;
  return bytes.every((byte) => byte > 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c);
}
