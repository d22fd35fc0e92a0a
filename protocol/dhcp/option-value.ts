import { concatenate } from "../bytes.ts";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { readIpv4 } from "../ipv4.ts";
import { formatIpv6, IPV6_BYTES, parseIpv6 } from "../ipv6.ts";
import { withoutTrailingNuls } from "../latin1.ts";
import {
  decodeDomainName,
  decodeDomainNames,
  encodeDomainName,
  encodeDomainNames,
} from "./domain-name.ts";

/**
 * The wire form of one field of an option. `text`, `bytes` and the two lists of domains take the rest of
 * the option, so each of them can only be the last field.
 */
export type FieldType =
  | "ip"
  | "ip6"
  | "text"
  | "bytes"
  | "flag"
  | "u8"
  | "u16"
  | "u32"
  | "s8"
  | "s16"
  | "s32"
  | "domain"
  | "domains"
  | "domains-compressed";

/** ISC's format string as data. No fields at all means an option of zero length. */
export interface OptionType {
  readonly fields: readonly FieldType[];
  /** Which part may repeat, once or more: the whole record, or its last field. */
  readonly repeat: "none" | "all" | "last";
  /** The value can also be built from the options of this space. */
  readonly encapsulates?: string;
}

/**
 * ip and numbers: number. flag: boolean. text: string, or bytes when it is not UTF-8. bytes: Uint8Array.
 * ip6: string, like 2001:db8::1. domain: string. domains: a list of strings, one value for the whole
 * list.
 */
export type OptionValue = number | string | Uint8Array | boolean | readonly string[];

const integers: Readonly<Record<string, { bytes: number; min: number; max: number }>> = {
  u8: { bytes: 1, min: 0, max: 0xff },
  u16: { bytes: 2, min: 0, max: 0xffff },
  u32: { bytes: 4, min: 0, max: 0xffff_ffff },
  s8: { bytes: 1, min: -0x80, max: 0x7f },
  s16: { bytes: 2, min: -0x8000, max: 0x7fff },
  s32: { bytes: 4, min: -0x8000_0000, max: 0x7fff_ffff },
  ip: { bytes: 4, min: 0, max: 0xffff_ffff },
};

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The wire form of values in the order of the fields; the values of a repeated part simply follow. A text
 * or bytes field takes a string (as UTF-8) or bytes (unchanged). Throws EncodeError.
 */
export function encodeValue(type: OptionType, values: readonly OptionValue[]): Uint8Array {
  const { fields, repeat } = type;
  checkCount(type, values.length);
  const chunks = values.map((value, index) => {
    const position = repeat === "all" ? index % fields.length : Math.min(index, fields.length - 1);
    return encodeField(fields[position], value);
  });
  return concatenate(...chunks);
}

/** The values in the order of the fields. All bytes must be used. Throws DecodeError. */
export function decodeValue(type: OptionType, bytes: Uint8Array): OptionValue[] {
  const { fields, repeat } = type;
  const values: OptionValue[] = [];
  let at = 0;
  for (const field of fields) at = decodeField(field, bytes, at, values);
  const again = repeat === "all" ? fields : repeat === "last" ? fields.slice(-1) : [];
  while (again.length > 0 && at < bytes.length) {
    const before = at;
    for (const field of again) at = decodeField(field, bytes, at, values);
    if (at === before) break;
  }
  if (at !== bytes.length) throw new DecodeError("bad-option-length", at);
  return values;
}

function checkCount(type: OptionType, count: number): void {
  const { fields, repeat } = type;
  const fits =
    repeat === "all"
      ? count > 0 && count % fields.length === 0
      : repeat === "last"
        ? count >= fields.length
        : count === fields.length;
  if (fits) return;
  const more = repeat === "none" ? "" : repeat === "all" ? " or a multiple" : " or more";
  throw new EncodeError(`${count} value(s) given, the option takes ${fields.length}${more}`);
}

function encodeField(field: FieldType, value: OptionValue): Uint8Array {
  switch (field) {
    case "text":
    case "bytes":
      if (typeof value === "string") return utf8Encoder.encode(value);
      if (value instanceof Uint8Array) return value;
      break;
    case "flag":
      if (typeof value === "boolean") return Uint8Array.of(value ? 1 : 0);
      break;
    case "ip6":
      if (typeof value === "string") return encodeIpv6(value);
      break;
    case "domain":
      if (typeof value === "string") return encodeDomainName(value);
      break;
    case "domains":
    case "domains-compressed":
      if (isTextList(value)) return encodeDomainNames(value, field === "domains-compressed");
      break;
    default:
      if (typeof value === "number") return encodeInteger(field, value);
  }
  throw new EncodeError(`${describe(value)} is not a value of type ${field}`);
}

function encodeIpv6(text: string): Uint8Array {
  const bytes = parseIpv6(text);
  if (bytes === undefined) throw new EncodeError(`${text} is no IPv6 address`);
  return bytes;
}

function isTextList(value: OptionValue): value is readonly string[] {
  return Array.isArray(value);
}

function describe(value: OptionValue): string {
  return value instanceof Uint8Array ? `${value.length} byte(s)` : JSON.stringify(value);
}

function encodeInteger(field: FieldType, value: number): Uint8Array {
  const { bytes: byteCount, min, max } = integers[field];
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new EncodeError(`${value} is not a number from ${min} to ${max} (${field})`);
  }
  const bytes = new Uint8Array(byteCount);
  for (let i = 0; i < byteCount; i += 1) bytes[i] = value >>> (8 * (byteCount - 1 - i));
  return bytes;
}

/** Appends the field's value and returns the next offset. */
function decodeField(
  field: FieldType,
  bytes: Uint8Array,
  at: number,
  values: OptionValue[],
): number {
  switch (field) {
    case "text":
      values.push(decodeText(bytes.subarray(at)));
      return bytes.length;
    case "bytes":
      values.push(bytes.subarray(at));
      return bytes.length;
    case "ip6":
      if (at + IPV6_BYTES > bytes.length) throw new DecodeError("bad-option-length", at);
      values.push(formatIpv6(bytes.subarray(at, at + IPV6_BYTES)));
      return at + IPV6_BYTES;
    case "domain": {
      const { name, end } = decodeDomainName(bytes, at, false);
      values.push(name);
      return end;
    }
    case "domains":
    case "domains-compressed":
      values.push(decodeDomainNames(bytes.subarray(at), field === "domains-compressed"));
      return bytes.length;
    case "flag":
      if (at >= bytes.length) throw new DecodeError("bad-option-length", at);
      if (bytes[at] > 1) throw new DecodeError("bad-option-value", at);
      values.push(bytes[at] === 1);
      return at + 1;
    default:
      values.push(decodeInteger(field, bytes, at));
      return at + integers[field].bytes;
  }
}

function decodeInteger(field: FieldType, bytes: Uint8Array, at: number): number {
  const { bytes: byteCount, min } = integers[field];
  if (at + byteCount > bytes.length) throw new DecodeError("bad-option-length", at);
  if (byteCount === 4) return min < 0 ? readIpv4(bytes, at) | 0 : readIpv4(bytes, at);
  const unsigned = byteCount === 1 ? bytes[at] : (bytes[at] << 8) | bytes[at + 1];
  const unused = 32 - 8 * byteCount;
  return min < 0 ? (unsigned << unused) >> unused : unsigned;
}

function decodeText(bytes: Uint8Array): string | Uint8Array {
  const text = withoutTrailingNuls(bytes);
  try {
    return utf8Decoder.decode(text);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return text;
  }
}
