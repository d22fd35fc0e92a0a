import { concatenate } from "../bytes.ts";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { decodeOid, encodeOid } from "./oid.ts";

/** A value of SNMPv2 (RFC 2578, section 7.1), by the name of its tag in RFC 3416. */
export type BerValue =
  | { readonly kind: "integer"; readonly value: number }
  | { readonly kind: "octetString"; readonly value: Uint8Array }
  | { readonly kind: "null" }
  | { readonly kind: "objectIdentifier"; readonly value: string }
  | { readonly kind: "ipAddress"; readonly value: Uint8Array }
  | { readonly kind: "counter32"; readonly value: number }
  | { readonly kind: "gauge32"; readonly value: number }
  /** Hundredths of a second. */
  | { readonly kind: "timeTicks"; readonly value: number }
  | { readonly kind: "opaque"; readonly value: Uint8Array }
  | { readonly kind: "counter64"; readonly value: bigint };

/** The content of TLV 11 and 64: an object of a MIB and the value that the device gives it. */
export interface VarBind {
  /** Dotted numbers: `1.3.6.1.2.1.69.1.6.3.0`. */
  readonly oid: string;
  readonly value: BerValue;
}

const SEQUENCE = 0x30;

const tags = {
  integer: 0x02,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  ipAddress: 0x40,
  counter32: 0x41,
  gauge32: 0x42,
  timeTicks: 0x43,
  opaque: 0x44,
  counter64: 0x46,
} as const satisfies Record<BerValue["kind"], number>;

const INTEGER_MIN = -(2 ** 31);
const INTEGER_MAX = 2 ** 31 - 1;
const UNSIGNED_MAX = 2 ** 32 - 1;
const COUNTER64_MAX = 2n ** 64n - 1n;
/** A configuration file never needs more than two bytes of length. */
const CONTENT_BYTES_MAX = 65_535;

/** Throws EncodeError for an invalid OID and for a number out of its type's range. */
export function encodeVarBind({ oid, value }: VarBind): Uint8Array {
  return encodeElement(
    SEQUENCE,
    concatenate(encodeOidElement(oid), encodeElement(tags[value.kind], contentOf(value))),
  );
}

/** Strict: one SEQUENCE of an OID and a value, with nothing after it. Throws DecodeError. */
export function decodeVarBind(bytes: Uint8Array): VarBind {
  const outer = elementAt(bytes, 0, bytes.length);
  if (outer.tag !== SEQUENCE) throw new DecodeError("bad-option-value", 0);
  if (outer.end !== bytes.length) throw new DecodeError("too-long", outer.end);
  const name = oidAt(bytes, outer.start, outer.end);
  const element = elementAt(bytes, name.end, outer.end);
  if (element.end !== outer.end) throw new DecodeError("too-long", element.end);
  const content = bytes.subarray(element.start, element.end);
  const value = decodeContent(element.tag, content);
  if (value === undefined) throw new DecodeError("bad-option-value", name.end);
  return { oid: name.oid, value };
}

/** An OID with its tag and length, as TLV 10, 38.6 and 54.2 contain it. Throws EncodeError. */
export function encodeOidElement(oid: string): Uint8Array {
  return encodeElement(tags.objectIdentifier, oidContent(oid));
}

/** Reads the OID element at the start of the bytes, and where it ends. Throws DecodeError. */
export function decodeOidElement(bytes: Uint8Array): OidElement {
  return oidAt(bytes, 0, bytes.length);
}

interface OidElement {
  readonly oid: string;
  readonly end: number;
}

function oidAt(bytes: Uint8Array, at: number, limit: number): OidElement {
  const { tag, start, end } = elementAt(bytes, at, limit);
  const oid = tag === tags.objectIdentifier ? decodeOid(bytes.subarray(start, end)) : undefined;
  if (oid === undefined) throw new DecodeError("bad-option-value", at);
  return { oid, end };
}

function oidContent(oid: string): Uint8Array {
  const content = encodeOid(oid);
  if (content !== undefined) return content;
  throw new EncodeError(`"${oid}" is not an object identifier such as 1.3.6.1.2.1`);
}

function encodeElement(tag: number, content: Uint8Array): Uint8Array {
  const length = content.length;
  if (length > CONTENT_BYTES_MAX) {
    throw new EncodeError(`a value has ${length} bytes, the most is ${CONTENT_BYTES_MAX}`);
  }
  if (length < 0x80) return concatenate(Uint8Array.of(tag, length), content);
  const header =
    length < 0x100
      ? Uint8Array.of(tag, 0x81, length)
      : Uint8Array.of(tag, 0x82, length >>> 8, length & 255);
  return concatenate(header, content);
}

interface Element {
  readonly tag: number;
  /** The content is from `start` to `end`. */
  readonly start: number;
  readonly end: number;
}

// Lengths in more bytes than necessary are common in practice, so they are accepted.
function elementAt(bytes: Uint8Array, at: number, limit: number): Element {
  if (at + 2 > limit) throw new DecodeError("truncated", at);
  const tag = bytes[at];
  const first = bytes[at + 1];
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const lengthBytes = first & 0x7f;
    if (lengthBytes === 0 || lengthBytes > 2) throw new DecodeError("bad-option-length", at + 1);
    if (start + lengthBytes > limit) throw new DecodeError("truncated", at);
    length = lengthBytes === 1 ? bytes[start] : (bytes[start] << 8) | bytes[start + 1];
    start += lengthBytes;
  }
  if (start + length > limit) throw new DecodeError("truncated", at);
  return { tag, start, end: start + length };
}

function contentOf(value: BerValue): Uint8Array {
  switch (value.kind) {
    case "integer":
      return encodeInteger(inRange(value.kind, value.value, INTEGER_MIN, INTEGER_MAX));
    case "counter32":
    case "gauge32":
    case "timeTicks":
      return encodeInteger(inRange(value.kind, value.value, 0, UNSIGNED_MAX));
    case "counter64":
      return encodeCounter64(value.value);
    case "null":
      return new Uint8Array();
    case "objectIdentifier":
      return oidContent(value.value);
    case "ipAddress":
      if (value.value.length !== 4) throw new EncodeError("an IP address has 4 bytes");
      return value.value;
    case "octetString":
    case "opaque":
      return value.value;
  }
}

function inRange(kind: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new EncodeError(`${kind} ${value} is not a whole number from ${least} to ${most}`);
}

/** Two's complement in the fewest bytes that keep the sign. */
function encodeInteger(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = ((rest % 256) + 256) % 256;
    bytes.unshift(byte);
    rest = (rest - byte) / 256;
  } while (!((rest === 0 && bytes[0] < 0x80) || (rest === -1 && bytes[0] >= 0x80)));
  return Uint8Array.from(bytes);
}

function encodeCounter64(value: bigint): Uint8Array {
  if (value < 0n || value > COUNTER64_MAX) {
    throw new EncodeError(`counter64 ${value} is not from 0 to ${COUNTER64_MAX}`);
  }
  const digits = value.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  const padded = Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even;
  return Uint8Array.from({ length: padded.length / 2 }, (_, i) =>
    Number.parseInt(padded.slice(2 * i, 2 * i + 2), 16),
  );
}

function decodeContent(tag: number, content: Uint8Array): BerValue | undefined {
  switch (tag) {
    case tags.integer: {
      const value = decodeInteger(content);
      if (value === undefined || value < INTEGER_MIN || value > INTEGER_MAX) return undefined;
      return { kind: "integer", value };
    }
    case tags.counter32:
      return unsigned("counter32", content);
    case tags.gauge32:
      return unsigned("gauge32", content);
    case tags.timeTicks:
      return unsigned("timeTicks", content);
    case tags.counter64:
      return decodeCounter64(content);
    case tags.null:
      return content.length === 0 ? { kind: "null" } : undefined;
    case tags.objectIdentifier: {
      const value = decodeOid(content);
      return value === undefined ? undefined : { kind: "objectIdentifier", value };
    }
    case tags.ipAddress:
      return content.length === 4 ? { kind: "ipAddress", value: content } : undefined;
    case tags.octetString:
      return { kind: "octetString", value: content };
    case tags.opaque:
      return { kind: "opaque", value: content };
    default:
      return undefined;
  }
}

function unsigned(
  kind: "counter32" | "gauge32" | "timeTicks",
  content: Uint8Array,
): BerValue | undefined {
  const value = decodeInteger(content);
  if (value === undefined || value < 0 || value > UNSIGNED_MAX) return undefined;
  return { kind, value };
}

// Five bytes hold every 32-bit number, signed or not.
function decodeInteger(content: Uint8Array): number | undefined {
  if (content.length === 0 || content.length > 5) return undefined;
  let value = content[0] >= 0x80 ? content[0] - 256 : content[0];
  for (let i = 1; i < content.length; i += 1) value = value * 256 + content[i];
  return value;
}

function decodeCounter64(content: Uint8Array): BerValue | undefined {
  if (content.length === 0 || content.length > 9 || content[0] >= 0x80) return undefined;
  let value = 0n;
  for (const byte of content) value = value * 256n + BigInt(byte);
  return value > COUNTER64_MAX ? undefined : { kind: "counter64", value };
}
