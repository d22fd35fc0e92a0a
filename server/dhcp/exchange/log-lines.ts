import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { formatIpv4, readIpv4 } from "../../../protocol/ipv4.ts";
import { formatMac } from "../../../protocol/mac.ts";
import { hostnameOf } from "./client.ts";
import type { Exchange } from "./exchange.ts";
import type { LeaseReplyKind } from "./outcome.ts";

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

/** `DHCPREQUEST for 10.9.0.100 (10.9.0.1) from 02:… (name) via 10.9.0.2`, and what became of it. */
export function receivedLine(exchange: Exchange, note = ""): string {
  const { type } = exchange;
  const name = typeNames[type] ?? `DHCP message type ${type}`;
  const text = `${name}${subject(exchange)} from ${sender(exchange)} via ${via(exchange)}`;
  return note === "" ? text : `${text}: ${note}`;
}

/** Two lines: what came, and what goes. */
export function replyLog(
  exchange: Exchange,
  kind: LeaseReplyKind | "nak",
  address: number,
  reason = "",
): string {
  const to = `${sender(exchange)} via ${via(exchange)}`;
  const received = [...exchange.notes, receivedLine(exchange, reason)].join("\n");
  switch (kind) {
    case "offer":
      return `${received}\nDHCPOFFER on ${formatIpv4(address)} to ${to}`;
    case "ack":
      return `${received}\nDHCPACK on ${formatIpv4(address)} to ${to}`;
    case "bootp":
    case "bootp-static":
      return `${received}\nBOOTREPLY on ${formatIpv4(address)} to ${to}`;
    case "nak":
      return `${received}\nDHCPNAK on ${formatIpv4(address)} to ${to}`;
    case "inform": {
      const mac = formatMac(exchange.packet.chaddr);
      return `${received}\nDHCPACK to ${formatIpv4(address)} (${mac}) via ${via(exchange)}`;
    }
  }
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
