import { bytesEqual } from "../../../protocol/bytes.ts";

/**
 * The longest value that an expression may make. A longer one is null, so that no value grows
 * without bound.
 */
export const DATA_BYTES_MAX = 0xffff;

/** Whether two values are equal; two that do not exist are. */
export function sameValue(left: unknown, right: unknown): boolean {
  const areBytes = left instanceof Uint8Array && right instanceof Uint8Array;
  return areBytes ? bytesEqual(left, right) : left === right;
}

/** The same array, or a larger one that begins with the same bytes. */
export function withRoom(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  if (length <= bytes.length) return bytes;
  const larger = new Uint8Array(2 * length);
  larger.set(bytes);
  return larger;
}

/** Big-endian. */
export function unsignedAt(bytes: Uint8Array, offset: number, length: number): number {
  let value = 0;
  for (let index = offset; index < offset + length; index += 1) value = value * 256 + bytes[index];
  return value;
}
