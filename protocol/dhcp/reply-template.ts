import { EncodeError } from "../encode-error.ts";
import { encodePacket, encodingLength, writeFixedFields, writeOption } from "./encode-packet.ts";
import { BootOperation, COOKIE_BYTES, Offset } from "./header.ts";
import { OptionCode } from "./option-code.ts";
import { optionBytes } from "./option-layout.ts";
import type { EncodeLimits, OutgoingOption, OutgoingPacket } from "./outgoing-packet.ts";

const END_BYTES = 1;
const noBytes = new Uint8Array(0);
const unlimited: EncodeLimits = {
  optionBytesMax: Number.MAX_SAFE_INTEGER,
  packetBytesMin: 0,
  overload: false,
};

/**
 * The part that many replies share, as bytes: sname, file and a list of options. No code may occur twice,
 * and neither option 82 nor option 52 may be in the list.
 */
export class ReplyTemplate {
  readonly sname: Uint8Array;
  readonly file: Uint8Array;
  readonly options: readonly OutgoingOption[];
  /** From op to the cookie. */
  readonly head: Uint8Array;
  /** The encoded options; undefined when a value cannot be encoded, and then encodePacket throws. */
  readonly tail: Uint8Array | undefined;

  constructor(sname: Uint8Array, file: Uint8Array, options: readonly OutgoingOption[]) {
    this.sname = sname;
    this.file = file;
    this.options = options;
    const bytes = encoded(sname, file, options);
    this.head = bytes.subarray(0, Offset.options);
    this.tail =
      bytes.length === 0 ? undefined : bytes.subarray(Offset.options, bytes.length - END_BYTES);
  }

  /**
   * The common beginning of replies that start with these options, from op to the last of the options;
   * undefined when there is no tail. It pays off for options that recur.
   */
  openingWith(leading: readonly OutgoingOption[]): Uint8Array | undefined {
    if (this.tail === undefined) return undefined;
    const length = Offset.options + bytesOf(leading) + this.tail.length;
    const opening = new Uint8Array(length);
    opening.set(this.head);
    opening.set(this.tail, writeAll(leading, opening, Offset.options));
    return opening;
  }
}

function bytesOf(options: readonly OutgoingOption[]): number {
  let bytes = 0;
  for (let i = 0; i < options.length; i += 1) bytes += optionBytes(options[i].value.length);
  return bytes;
}

function writeAll(options: readonly OutgoingOption[], target: Uint8Array, start: number): number {
  let at = start;
  for (let i = 0; i < options.length; i += 1) {
    at = writeOption(options[i].code, options[i].value, target, at);
  }
  return at;
}

/** Empty when a value cannot be encoded. */
function encoded(
  sname: Uint8Array,
  file: Uint8Array,
  options: readonly OutgoingOption[],
): Uint8Array {
  const nowhere = { ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0, chaddr: noBytes };
  const nothing = { htype: 0, hops: 0, xid: 0, secs: 0, flags: 0 };
  const packet = { op: BootOperation.reply, ...nothing, ...nowhere, sname, file, options };
  try {
    const bytes = new Uint8Array(encodingLength(packet, unlimited));
    encodePacket(packet, bytes, 0, unlimited);
    return bytes;
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    return noBytes;
  }
}

/**
 * A reply in three parts: its own options, those of its template, and option 82. It is an OutgoingPacket
 * like any other; only `encodeReply` knows the short cut.
 */
export class TemplatedReply implements OutgoingPacket {
  readonly packet: OutgoingPacket;
  readonly template: ReplyTemplate;
  readonly relayAgent: Uint8Array | undefined;
  readonly opening: Uint8Array | undefined;

  /**
   * `packet` has the reply's own options, none of which is in the template, and the template's sname and
   * file. `opening` is the template's result for the same options in an earlier reply.
   */
  constructor(
    packet: OutgoingPacket,
    template: ReplyTemplate,
    relayAgent: Uint8Array | undefined,
    opening?: Uint8Array,
  ) {
    this.packet = packet;
    this.template = template;
    this.relayAgent = relayAgent;
    this.opening = opening;
  }

  get op(): number {
    return this.packet.op;
  }
  get htype(): number {
    return this.packet.htype;
  }
  get hops(): number {
    return this.packet.hops;
  }
  get xid(): number {
    return this.packet.xid;
  }
  get secs(): number {
    return this.packet.secs;
  }
  get flags(): number {
    return this.packet.flags;
  }
  get ciaddr(): number {
    return this.packet.ciaddr;
  }
  get yiaddr(): number {
    return this.packet.yiaddr;
  }
  get siaddr(): number {
    return this.packet.siaddr;
  }
  get giaddr(): number {
    return this.packet.giaddr;
  }
  get chaddr(): Uint8Array {
    return this.packet.chaddr;
  }
  get sname(): Uint8Array {
    return this.template.sname;
  }
  get file(): Uint8Array {
    return this.template.file;
  }
  /** The reply's own options, which come first. */
  get leading(): readonly OutgoingOption[] {
    return this.packet.options;
  }

  /** The complete list, rebuilt on each call. */
  get options(): readonly OutgoingOption[] {
    const options = [...this.leading, ...this.template.options];
    const { relayAgent: value } = this;
    if (value !== undefined) options.push({ code: OptionCode.relayAgentInformation, value });
    return options;
  }
}

/**
 * Gives the same bytes and errors as encodePacket, but reuses what the template has encoded. A reply
 * whose options do not fit into the options field goes through encodePacket.
 */
export function encodeReply(
  reply: OutgoingPacket,
  target: Uint8Array,
  start: number,
  limits: EncodeLimits,
): number {
  if (!(reply instanceof TemplatedReply)) return encodePacket(reply, target, start, limits);
  const { packet, relayAgent, template, opening } = reply;
  const leading = packet.options;
  const { head, tail } = template;
  if (tail === undefined) return encodePacket(reply, target, start, limits);
  const optionsLength =
    opening === undefined ? bytesOf(leading) + tail.length : opening.length - Offset.options;
  const room = limits.optionBytesMax - COOKIE_BYTES - END_BYTES;
  if (optionsLength > room) return encodePacket(reply, target, start, limits);
  const relayBytes = relayAgent === undefined ? 0 : optionBytes(relayAgent.length);
  const bytes = Offset.options + optionsLength + relayBytes + END_BYTES;
  const end = start + Math.max(bytes, limits.packetBytesMin);
  if (end > target.length) return encodePacket(reply, target, start, limits);
  if (opening === undefined) {
    target.set(head, start);
    target.set(tail, writeAll(leading, target, start + Offset.options));
  } else {
    target.set(opening, start);
  }
  writeFixedFields(packet, target, start);
  let at = start + Offset.options + optionsLength;
  if (relayAgent !== undefined) {
    at = writeOption(OptionCode.relayAgentInformation, relayAgent, target, at);
  }
  target[at] = OptionCode.end;
  if (at + 1 < end) target.fill(0, at + 1, end);
  return end;
}
