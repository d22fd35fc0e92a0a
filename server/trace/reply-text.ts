import { bytesEqual } from "../../protocol/bytes.ts";
import { DecodeError } from "../../protocol/decode-error.ts";
import { messageTypeName } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import {
  decodeValue,
  type OptionDefinition,
  optionDefinitions,
} from "../../protocol/dhcp/option-table.ts";
import type { OptionType, OptionValue } from "../../protocol/dhcp/option-value.ts";
import { type DhcpPacket, decodePacket, messageType } from "../../protocol/dhcp/packet.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import type { TracedReply } from "./trace-format.ts";

const definitions: ReadonlyMap<number, OptionDefinition> = new Map(
  optionDefinitions.filter(({ space }) => space === "dhcp").map((one) => [one.code, one]),
);

/**
 * The differences between two replies, one line each, with the name of the field or option. Empty when
 * there are none.
 */
export function replyDifferences(recorded: TracedReply, made: TracedReply): string[] {
  if (bytesEqual(recorded.bytes, made.bytes) && wayText(recorded) === wayText(made)) return [];
  const then = fieldsOf(recorded);
  const now = fieldsOf(made);
  const names = new Set([...then.keys(), ...now.keys()]);
  const lines = [...names].flatMap((name) => {
    const [before, after] = [then.get(name), now.get(name)];
    return before === after
      ? []
      : [`${name}: recorded ${before ?? "none"}, now ${after ?? "none"}`];
  });
  if (lines.length > 0) return lines;
  const [before, after] = [orderOf(recorded.bytes), orderOf(made.bytes)];
  if (before !== after) return [`order of options: recorded ${before}, now ${after}`];
  return [`bytes: recorded ${hex(recorded.bytes)}, now ${hex(made.bytes)}`];
}

/** `DHCPACK 10.9.0.100` */
export function replySummary(reply: TracedReply): string {
  const packet = decoded(reply.bytes);
  if (packet === undefined) return `${reply.bytes.length} bytes that are no DHCP message`;
  return `${messageTypeName(messageType(packet))} ${formatIpv4(packet.yiaddr)}`;
}

/** `DHCPREQUEST from 02:00:00:00:00:11 through relay 10.9.0.2, transaction 7d` */
export function packetSummary(bytes: Uint8Array): string {
  const packet = decoded(bytes);
  if (packet === undefined) return `${bytes.length} bytes that are no DHCP message`;
  const relay = packet.giaddr === 0 ? "" : ` through relay ${formatIpv4(packet.giaddr)}`;
  return (
    `${messageTypeName(messageType(packet))} from ${formatMac(packet.chaddr)}${relay}, ` +
    `transaction ${packet.xid.toString(16)}`
  );
}

function fieldsOf({ bytes, ...way }: TracedReply): ReadonlyMap<string, string> {
  const fields = new Map([["sent", wayText(way)]]);
  const packet = decoded(bytes);
  if (packet === undefined) return fields.set("bytes", hex(bytes));
  fields.set("message", messageTypeName(messageType(packet)));
  for (const name of ["op", "htype", "hops", "xid", "secs", "flags"] as const) {
    fields.set(name, String(packet[name]));
  }
  for (const name of ["ciaddr", "yiaddr", "siaddr", "giaddr"] as const) {
    fields.set(name, formatIpv4(packet[name]));
  }
  fields.set("chaddr", formatMac(packet.chaddr));
  for (const name of ["sname", "file"] as const) fields.set(name, textOf(packet[name]));
  const codes = packet.options.codes().filter((code) => code !== OptionCode.messageType);
  for (const code of codes) {
    fields.set(optionName(code), optionText(code, packet.options.get(code)!));
  }
  return fields;
}

function orderOf(bytes: Uint8Array): string {
  return decoded(bytes)?.options.codes().join(" ") ?? "";
}

function wayText(way: Omit<TracedReply, "bytes">): string {
  const port = `port ${way.port}`;
  const source = way.source === 0 ? "" : ` from ${formatIpv4(way.source)}`;
  const by = way.interfaceIndex === 0 ? "" : ` by interface ${way.interfaceIndex}`;
  const frame = way.hardware === undefined ? "" : ` in a frame to ${formatMac(way.hardware)}`;
  return `to ${formatIpv4(way.destination)} ${port}${source}${by}${frame}`;
}

function optionName(code: number): string {
  const name = definitions.get(code)?.name;
  return name === undefined ? `option ${code}` : `option ${name} (${code})`;
}

function optionText(code: number, value: Uint8Array): string {
  const type = definitions.get(code)?.type;
  if (type === undefined) return hex(value);
  try {
    return decodeValue(type, value)
      .map((one, at) => valueText(type, at, one))
      .join(" ");
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return hex(value);
  }
}

function valueText({ fields, repeat }: OptionType, at: number, value: OptionValue): string {
  const position = repeat === "all" ? at % fields.length : Math.min(at, fields.length - 1);
  if (fields[position] === "ip" && typeof value === "number") return formatIpv4(value);
  if (value instanceof Uint8Array) return hex(value);
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

function decoded(bytes: Uint8Array): DhcpPacket | undefined {
  try {
    return decodePacket(bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return undefined;
  }
}

/** Printable text in quotes, otherwise hexadecimal. */
function textOf(bytes: Uint8Array): string {
  const isText = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return isText ? JSON.stringify(String.fromCharCode(...bytes)) : hex(bytes);
}

function hex(bytes: Uint8Array): string {
  return bytes.length === 0 ? "empty" : formatMac(bytes);
}
