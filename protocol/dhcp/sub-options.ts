import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";

/** One element of an option that contains options: 43, 82, 122, 125 and the operator's own spaces. */
export interface SubOption {
  readonly code: number;
  readonly value: Uint8Array;
}

/** Byte counts of code and length, as `option space` declares them; in RFC 2132 both are 1. */
export interface SubOptionWidths {
  readonly codeBytes: 1 | 2 | 4;
  /** 0: there is no length; the value takes the rest. */
  readonly lengthBytes: 0 | 1 | 2;
}

export const defaultWidths: SubOptionWidths = { codeBytes: 1, lengthBytes: 1 };

/** Elements concatenated in the given order. Throws EncodeError when a code or a value is too big. */
export function encodeSubOptions(
  subOptions: readonly SubOption[],
  widths: SubOptionWidths = defaultWidths,
): Uint8Array {
  const { codeBytes, lengthBytes } = widths;
  let total = 0;
  for (const { value } of subOptions) total += codeBytes + lengthBytes + value.length;
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const [index, { code, value }] of subOptions.entries()) {
    if (!Number.isInteger(code) || code < 0 || code >= 256 ** codeBytes) {
      throw new EncodeError(`sub-option code ${code} does not fit into ${codeBytes} byte(s)`);
    }
    if (lengthBytes === 0 && index < subOptions.length - 1) {
      throw new EncodeError("a space without lengths holds only one sub-option");
    }
    if (lengthBytes > 0 && value.length >= 256 ** lengthBytes) {
      throw new EncodeError(
        `sub-option ${code} has ${value.length} bytes, the most is ${256 ** lengthBytes - 1}`,
      );
    }
    at = writeUnsigned(bytes, at, code, codeBytes);
    at = writeUnsigned(bytes, at, value.length, lengthBytes);
    bytes.set(value, at);
    at += value.length;
  }
  return bytes;
}

/**
 * Strict: the elements must fill the bytes exactly. Values are views. Throws DecodeError
 * "truncated-option" with the offset of the element that does not fit.
 */
export function decodeSubOptions(
  bytes: Uint8Array,
  widths: SubOptionWidths = defaultWidths,
): SubOption[] {
  const { codeBytes, lengthBytes } = widths;
  const subOptions: SubOption[] = [];
  let at = 0;
  while (at < bytes.length) {
    const valueAt = at + codeBytes + lengthBytes;
    if (valueAt > bytes.length) throw new DecodeError("truncated-option", at);
    const code = readUnsigned(bytes, at, codeBytes);
    const length =
      lengthBytes === 0 ? bytes.length - valueAt : readUnsigned(bytes, at + codeBytes, lengthBytes);
    if (valueAt + length > bytes.length) throw new DecodeError("truncated-option", at);
    subOptions.push({ code, value: bytes.subarray(valueAt, valueAt + length) });
    at = valueAt + length;
  }
  return subOptions;
}

/** Whether the bytes are whole elements of one-byte codes and lengths. */
export function areSubOptions(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  let at = start;
  while (at + 1 < end) at += 2 + bytes[at + 1];
  return at === end;
}

/**
 * The first element with this code, as a view; undefined when there is none or the bytes are not a list.
 */
export function findSubOption(bytes: Uint8Array, code: number): Uint8Array | undefined {
  let at = 0;
  while (at + 1 < bytes.length) {
    const next = at + 2 + bytes[at + 1];
    if (next > bytes.length) return undefined;
    if (bytes[at] === code) return bytes.subarray(at + 2, next);
    at = next;
  }
  return undefined;
}

function readUnsigned(bytes: Uint8Array, offset: number, byteCount: number): number {
  let value = 0;
  for (let i = offset; i < offset + byteCount; i += 1) value = value * 256 + bytes[i];
  return value;
}

/** Big-endian; returns the next offset. */
function writeUnsigned(
  bytes: Uint8Array,
  offset: number,
  value: number,
  byteCount: number,
): number {
  for (let i = 0; i < byteCount; i += 1) {
    bytes[offset + i] = value >>> (8 * (byteCount - 1 - i));
  }
  return offset + byteCount;
}
