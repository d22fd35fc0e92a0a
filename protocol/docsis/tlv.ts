import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";

/** One setting of a configuration file, or one field of a setting: a number and its bytes. */
export interface Tlv {
  readonly type: number;
  readonly value: Uint8Array;
}

/** The largest length in one byte. */
export const TLV_BYTES_MAX = 255;
/** The largest length in two bytes, which only TLV 64 of an MTA file has. */
export const LONG_TLV_BYTES_MAX = 65_535;

/** How many bytes hold the length of a TLV of this type: 2 for TLV 64 of an MTA file. */
export type LengthBytesOf = (type: number) => 1 | 2;

const oneByte: LengthBytesOf = () => 1;

/** Strict: the elements must fill the bytes. Values are views. Throws DecodeError "truncated". */
export function decodeTlvs(bytes: Uint8Array, lengthBytesOf: LengthBytesOf = oneByte): Tlv[] {
  const tlvs: Tlv[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = nextTlv(bytes, at, lengthBytesOf);
    const type = bytes[at];
    tlvs.push({ type, value: bytes.subarray(at + 1 + lengthBytesOf(type), next) });
    at = next;
  }
  return tlvs;
}

/** The end of the element at `at`. Throws DecodeError "truncated". */
export function nextTlv(
  bytes: Uint8Array,
  at: number,
  lengthBytesOf: LengthBytesOf = oneByte,
): number {
  const lengthBytes = lengthBytesOf(bytes[at]);
  const valueAt = at + 1 + lengthBytes;
  if (valueAt > bytes.length) throw new DecodeError("truncated", at);
  const length = lengthBytes === 1 ? bytes[at + 1] : (bytes[at + 1] << 8) | bytes[at + 2];
  if (valueAt + length > bytes.length) throw new DecodeError("truncated", at);
  return valueAt + length;
}

/**
 * Puts this element in place of the first one of its type and removes the others of that type, or appends
 * it. So a file for one modem is made from a template (TLV 19 and 20).
 */
export function replaceTlv(tlvs: readonly Tlv[], replacement: Tlv): Tlv[] {
  const first = tlvs.findIndex(({ type }) => type === replacement.type);
  if (first < 0) return [...tlvs, replacement];
  const others = (part: readonly Tlv[]): Tlv[] =>
    part.filter(({ type }) => type !== replacement.type);
  return [...tlvs.slice(0, first), replacement, ...others(tlvs.slice(first))];
}

/** Elements in the given order. Throws EncodeError when a type or a value is too big. */
export function encodeTlvs(
  tlvs: readonly Tlv[],
  lengthBytesOf: LengthBytesOf = oneByte,
): Uint8Array {
  let total = 0;
  for (const { type, value } of tlvs) total += 1 + lengthBytesOf(type) + value.length;
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const { type, value } of tlvs) {
    if (!Number.isInteger(type) || type < 0 || type > 255) {
      throw new EncodeError(`TLV type ${type} does not fit into one byte`);
    }
    const lengthBytes = lengthBytesOf(type);
    const most = lengthBytes === 1 ? TLV_BYTES_MAX : LONG_TLV_BYTES_MAX;
    if (value.length > most) {
      throw new EncodeError(`TLV ${type} has ${value.length} bytes, the most is ${most}`);
    }
    bytes[at] = type;
    if (lengthBytes === 2) bytes[at + 1] = value.length >>> 8;
    bytes[at + lengthBytes] = value.length;
    bytes.set(value, at + 1 + lengthBytes);
    at += 1 + lengthBytes + value.length;
  }
  return bytes;
}
