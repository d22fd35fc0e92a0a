/**
 * The longest value that an expression may make. A longer one is null, so that no value grows
 * without bound.
 */
export const DATA_BYTES_MAX = 0xffff;

/** Two values that do not exist are equal. */
export function sameBytes(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) {
    if (left[index] !== right[index]) return false;
  }
  return true;
}

/** Big-endian. */
export function unsignedAt(bytes: Uint8Array, offset: number, length: number): number {
  let value = 0;
  for (let index = offset; index < offset + length; index += 1) value = value * 256 + bytes[index];
  return value;
}
