/** One array of all the parts. */
export function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  let total = 0;
  for (const part of parts) total += part.length;
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Big-endian. */
export function bytesOf(value: number, byteCount: number): Uint8Array {
  return Uint8Array.from({ length: byteCount }, (_, i) => value / 256 ** (byteCount - 1 - i));
}

/** Big-endian. */
export function numberOf(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

/** The parts joined, or undefined when one of them is undefined. */
export function joined(parts: readonly (Uint8Array | undefined)[]): Uint8Array | undefined {
  const whole = parts.filter((part) => part !== undefined);
  return whole.length === parts.length ? concatenate(...whole) : undefined;
}

export function bytesEqual(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) if (left[at] !== right[at]) return false;
  return true;
}
