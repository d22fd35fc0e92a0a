import { DecodeError } from "../decode-error.ts";
import { readIpv4 } from "../ipv4.ts";
import {
  BootOperation,
  CHADDR_BYTES,
  COOKIE,
  FILE_BYTES,
  Offset,
  Overload,
  SNAME_BYTES,
} from "./header.ts";
import { OptionCode } from "./option-code.ts";
import { OptionIndex } from "./option-index.ts";
import type { OptionList } from "./option-list.ts";
import { isRelayAgentInformation } from "./relay-agent.ts";

export { encodePacket, encodingLength, omittedOptions } from "./encode-packet.ts";
export { BootOperation, BROADCAST_FLAG, FILE_BYTES, SNAME_BYTES } from "./header.ts";
export type { OptionList } from "./option-list.ts";
export type { EncodeLimits, OutgoingOption, OutgoingPacket } from "./outgoing-packet.ts";
export { defaultEncodeLimits } from "./outgoing-packet.ts";

/**
 * One DHCP or BOOTP message (RFC 2131, section 2). Numbers are unsigned; addresses are 32-bit
 * numbers. `chaddr`, `sname`, `file` and option values are views of the received bytes: copy what
 * must outlive the receive buffer.
 */
export interface DhcpPacket {
  readonly op: number;
  readonly htype: number;
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: number;
  readonly yiaddr: number;
  readonly siaddr: number;
  readonly giaddr: number;
  /** `hlen` bytes. */
  readonly chaddr: Uint8Array;
  /** Up to the first NUL; empty when the field holds options. */
  readonly sname: Uint8Array;
  /** Up to the first NUL; empty when the field holds options. */
  readonly file: Uint8Array;
  readonly options: OptionList;
  /** The whole message as it was received; decodePacket always sets it. */
  readonly bytes?: Uint8Array;
}

const MESSAGE_BYTES_MIN = Offset.options + 1;
const MESSAGE_BYTES_MAX = 0xffff;

/** Value of option 53; 0 for a BOOTP message, which has none. */
export function messageType(packet: DhcpPacket): number {
  return packet.options.getUInt8(OptionCode.messageType) ?? 0;
}

/**
 * Decodes datagram after datagram into one packet, without allocating for any of them. Strict: the
 * cookie, an End option in every field that holds options, whole options, and the fixed lengths of the
 * options that decide an exchange are required. Bytes after End are ignored (RFC 2131, section 4.1). One
 * exception, for replies of ISC dhcpd: see endsWithOverload.
 */
export class PacketDecoder {
  readonly #options = new OptionIndex();
  readonly #packet = new DecodedPacket(this.#options);

  /**
   * The packet is valid until the next call; to keep one longer, decode a copy of the bytes with
   * decodePacket. Throws only DecodeError.
   */
  decode(bytes: Uint8Array): DhcpPacket {
    if (bytes.length < MESSAGE_BYTES_MIN) throw new DecodeError("truncated", bytes.length);
    if (bytes.length > MESSAGE_BYTES_MAX) throw new DecodeError("too-long", MESSAGE_BYTES_MAX);
    const op = bytes[Offset.op];
    if (op !== BootOperation.request && op !== BootOperation.reply) {
      throw new DecodeError("bad-operation", Offset.op);
    }
    if (bytes[Offset.hlen] > CHADDR_BYTES) {
      throw new DecodeError("bad-hardware-length", Offset.hlen);
    }
    if (readIpv4(bytes, Offset.cookie) !== COOKIE) {
      throw new DecodeError("bad-cookie", Offset.cookie);
    }
    const options = this.#options;
    options.begin(bytes);
    const hasEnd = options.scan(Offset.options, bytes.length);
    if (!hasEnd && !options.endsWithOverload()) throw new DecodeError("missing-end", bytes.length);
    const overload = scanOverloadedFields(bytes, options);
    options.checkFixedLengths();
    checkValues(bytes, options);
    this.#packet.turnTo(bytes, overload);
    return this.#packet;
  }
}

/** Decodes one datagram as PacketDecoder does; the packet is valid as long as the bytes are. */
export function decodePacket(bytes: Uint8Array): DhcpPacket {
  return new PacketDecoder().decode(bytes);
}

/** Adds the options of file and sname; returns the value of option 52, 0 when it is absent. */
function scanOverloadedFields(bytes: Uint8Array, options: OptionIndex): number {
  const offset = options.instanceOf(OptionCode.overload, 0);
  if (offset < 0) return 0;
  const overload = bytes[offset + 1] === 1 ? bytes[offset + 2] : 0;
  if (overload < Overload.file || overload > Overload.both) {
    throw new DecodeError("bad-overload", offset);
  }
  const fieldOptions = options.count;
  if ((overload & Overload.file) !== 0) scanWholeField(options, Offset.file, FILE_BYTES);
  if ((overload & Overload.sname) !== 0) scanWholeField(options, Offset.sname, SNAME_BYTES);
  // Inside an overloaded field, option 52 would concern a field that was read already (RFC 3396, section
  // 6).
  const misplaced = options.instanceOf(OptionCode.overload, fieldOptions);
  if (misplaced >= 0) throw new DecodeError("bad-overload", misplaced);
  return overload;
}

function scanWholeField(options: OptionIndex, start: number, length: number): void {
  if (!options.scan(start, start + length)) throw new DecodeError("missing-end", start + length);
}

function checkValues(bytes: Uint8Array, options: OptionIndex): void {
  const type = options.instanceOf(OptionCode.messageType, 0);
  // 0 means "no option 53" here, so it must not come from the network.
  if (type >= 0 && bytes[type + 2] === 0) throw new DecodeError("bad-option-value", type);
  const offset = options.offsetOf(OptionCode.relayAgentInformation);
  if (offset >= 0) {
    if (isRelayAgentInformation(bytes, offset, offset + bytes[offset - 1])) return;
    throw new DecodeError("bad-relay-agent-information", offset - 2);
  }
  const joined = options.get(OptionCode.relayAgentInformation);
  if (joined === undefined || isRelayAgentInformation(joined)) return;
  const first = options.instanceOf(OptionCode.relayAgentInformation, 0);
  throw new DecodeError("bad-relay-agent-information", first);
}

/** Header fields are decoded when asked for: most exchanges need half of them. */
class DecodedPacket implements DhcpPacket {
  bytes: Uint8Array = EMPTY;
  readonly options: OptionIndex;
  #overload = 0;

  constructor(options: OptionIndex) {
    this.options = options;
  }

  turnTo(bytes: Uint8Array, overload: number): void {
    this.bytes = bytes;
    this.#overload = overload;
  }

  get op(): number {
    return this.bytes[Offset.op];
  }
  get htype(): number {
    return this.bytes[Offset.htype];
  }
  get hlen(): number {
    return this.bytes[Offset.hlen];
  }
  get hops(): number {
    return this.bytes[Offset.hops];
  }
  get xid(): number {
    return readIpv4(this.bytes, Offset.xid);
  }
  get secs(): number {
    return (this.bytes[Offset.secs] << 8) | this.bytes[Offset.secs + 1];
  }
  get flags(): number {
    return (this.bytes[Offset.flags] << 8) | this.bytes[Offset.flags + 1];
  }
  get ciaddr(): number {
    return readIpv4(this.bytes, Offset.ciaddr);
  }
  get yiaddr(): number {
    return readIpv4(this.bytes, Offset.yiaddr);
  }
  get siaddr(): number {
    return readIpv4(this.bytes, Offset.siaddr);
  }
  get giaddr(): number {
    return readIpv4(this.bytes, Offset.giaddr);
  }
  get chaddr(): Uint8Array {
    return this.bytes.subarray(Offset.chaddr, Offset.chaddr + this.hlen);
  }
  get sname(): Uint8Array {
    const used = (this.#overload & Overload.sname) !== 0;
    return used ? EMPTY : textField(this.bytes, Offset.sname, SNAME_BYTES);
  }
  get file(): Uint8Array {
    const used = (this.#overload & Overload.file) !== 0;
    return used ? EMPTY : textField(this.bytes, Offset.file, FILE_BYTES);
  }
}

const EMPTY = new Uint8Array(0);

function textField(bytes: Uint8Array, start: number, length: number): Uint8Array {
  let end = start;
  while (end < start + length && bytes[end] !== 0) end += 1;
  return bytes.subarray(start, end);
}
