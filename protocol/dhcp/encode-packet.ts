import { EncodeError } from "../encode-error.ts";
import { writeIpv4 } from "../ipv4.ts";
import { CHADDR_BYTES, COOKIE, FILE_BYTES, Offset, Overload, SNAME_BYTES } from "./header.ts";
import { OptionCode } from "./option-code.ts";
import {
  INSTANCE_BYTES_MAX,
  isPlacedApart,
  layOut,
  layoutBytes,
  OVERLOAD_OPTION_BYTES,
} from "./option-layout.ts";
import {
  defaultEncodeLimits,
  type EncodeLimits,
  type OutgoingOption,
  type OutgoingPacket,
} from "./outgoing-packet.ts";

/**
 * Writes the message at `start` and returns its end. Options keep their order; an option longer than 255
 * bytes becomes several instances (RFC 3396). Options that exceed `limits` go to file and then to sname if
 * overload is allowed and these are empty; otherwise they are left out (see omittedOptions). Option 82
 * comes last, beyond the budget and never in an overloaded field (RFC 3046, section 2.2). Option 52 follows
 * from the layout: a given one is not sent.
 *
 * Throws EncodeError for a value that the message cannot carry and RangeError when `target` is too short.
 */
export function encodePacket(
  packet: OutgoingPacket,
  target: Uint8Array,
  start: number,
  limits: EncodeLimits = defaultEncodeLimits,
): number {
  checkHeader(packet);
  const layout = layOut(packet, limits);
  const end = start + layoutBytes(layout, limits);
  if (end > target.length) {
    throw new RangeError(`the message ends at byte ${end} of a target of ${target.length}`);
  }
  target.fill(0, start, end);
  writeHeader(packet, target, start);
  let at = writeOptions(layout.main, target, start + Offset.options);
  const overload =
    (layout.file.length > 0 ? Overload.file : 0) | (layout.sname.length > 0 ? Overload.sname : 0);
  if (overload !== 0) {
    target[at] = OptionCode.overload;
    target[at + 1] = 1;
    target[at + 2] = overload;
    at += OVERLOAD_OPTION_BYTES;
    writeField(layout.file, target, start + Offset.file);
    writeField(layout.sname, target, start + Offset.sname);
  }
  const { relay } = layout;
  if (relay !== undefined) at = writeOption(relay.code, relay.value, target, at);
  target[at] = OptionCode.end;
  return end;
}

/** The number of bytes that encodePacket would write. Throws EncodeError as encodePacket does. */
export function encodingLength(
  packet: OutgoingPacket,
  limits: EncodeLimits = defaultEncodeLimits,
): number {
  checkHeader(packet);
  return layoutBytes(layOut(packet, limits), limits);
}

/** Codes of the options for which encodePacket has no room, in their order. */
export function omittedOptions(
  packet: OutgoingPacket,
  limits: EncodeLimits = defaultEncodeLimits,
): number[] {
  const { main, file, sname } = layOut(packet, limits);
  const sent = new Set([...main, ...file, ...sname].map((option) => option.code));
  return packet.options
    .map((option) => option.code)
    .filter((code) => !isPlacedApart(code) && !sent.has(code));
}

function checkHeader(packet: OutgoingPacket): void {
  checkNumber("op", packet.op, 0xff);
  checkNumber("htype", packet.htype, 0xff);
  checkNumber("hops", packet.hops, 0xff);
  checkNumber("secs", packet.secs, 0xffff);
  checkNumber("flags", packet.flags, 0xffff);
  checkField("chaddr", packet.chaddr, CHADDR_BYTES);
  checkField("sname (server-name)", packet.sname, SNAME_BYTES);
  checkField("file (filename)", packet.file, FILE_BYTES);
  checkText("sname (server-name)", packet.sname);
  checkText("file (filename)", packet.file);
}

function checkNumber(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new EncodeError(`${name} is ${value}, the field holds 0 to ${max}`);
  }
}

function checkField(name: string, value: Uint8Array, bytesMax: number): void {
  if (value.length > bytesMax) {
    throw new EncodeError(`${name} has ${value.length} bytes, the field holds ${bytesMax}`);
  }
}

/** The receiver reads up to the first NUL, so a NUL inside would silently cut the text. */
function checkText(name: string, value: Uint8Array): void {
  if (value.includes(0)) throw new EncodeError(`${name} has a NUL byte inside`);
}

/** Writes op to chaddr. The bytes after chaddr in its field must be 0 already. */
export function writeFixedFields(packet: OutgoingPacket, target: Uint8Array, start: number): void {
  target[start + Offset.op] = packet.op;
  target[start + Offset.htype] = packet.htype;
  target[start + Offset.hlen] = packet.chaddr.length;
  target[start + Offset.hops] = packet.hops;
  writeIpv4(target, start + Offset.xid, packet.xid);
  target[start + Offset.secs] = packet.secs >>> 8;
  target[start + Offset.secs + 1] = packet.secs;
  target[start + Offset.flags] = packet.flags >>> 8;
  target[start + Offset.flags + 1] = packet.flags;
  writeIpv4(target, start + Offset.ciaddr, packet.ciaddr);
  writeIpv4(target, start + Offset.yiaddr, packet.yiaddr);
  writeIpv4(target, start + Offset.siaddr, packet.siaddr);
  writeIpv4(target, start + Offset.giaddr, packet.giaddr);
  const { chaddr } = packet;
  for (let i = 0; i < chaddr.length; i += 1) target[start + Offset.chaddr + i] = chaddr[i];
}

function writeHeader(packet: OutgoingPacket, target: Uint8Array, start: number): void {
  writeFixedFields(packet, target, start);
  target.set(packet.sname, start + Offset.sname);
  target.set(packet.file, start + Offset.file);
  writeIpv4(target, start + Offset.cookie, COOKIE);
}

function writeField(options: readonly OutgoingOption[], target: Uint8Array, start: number): void {
  if (options.length === 0) return;
  target[writeOptions(options, target, start)] = OptionCode.end;
}

function writeOptions(
  options: readonly OutgoingOption[],
  target: Uint8Array,
  start: number,
): number {
  let at = start;
  for (let i = 0; i < options.length; i += 1) {
    const { code, value } = options[i];
    if (!isPlacedApart(code)) at = writeOption(code, value, target, at);
  }
  return at;
}

/** Writes all instances of an option and returns the end offset. */
export function writeOption(
  code: number,
  value: Uint8Array,
  target: Uint8Array,
  start: number,
): number {
  let at = start;
  let from = 0;
  do {
    const length = Math.min(INSTANCE_BYTES_MAX, value.length - from);
    target[at] = code;
    target[at + 1] = length;
    at += 2;
    // Most values are a few bytes, for which a loop beats a copying call.
    for (let i = 0; i < length; i += 1) target[at + i] = value[from + i];
    at += length;
    from += length;
  } while (from < value.length);
  return at;
}
