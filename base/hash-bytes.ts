/**
 * Signed 32-bit hash of `length` bytes; `seed` keeps attackers from aiming at one bucket. Even and odd
 * positions are hashed separately, so that the processor need not wait for one byte before the next. Each
 * step takes only one byte: with more, attackers could make two inputs collide for any seed.
 */
export function hashBytes(bytes: Uint8Array, start: number, length: number, seed: number): number {
  let even = (seed ^ 0x811c_9dc5) | 0;
  let odd = (seed ^ 0x9e37_79b1) | 0;
  const end = start + length;
  let at = start;
  for (; at + 1 < end; at += 2) {
    even = Math.imul(even ^ bytes[at], 0x0100_0193);
    odd = Math.imul(odd ^ bytes[at + 1], 0x0100_0193);
    even ^= even >>> 15;
    odd ^= odd >>> 15;
  }
  if (at < end) even = Math.imul(even ^ bytes[at], 0x0100_0193);
  let hash = even ^ Math.imul(odd, 0x45d9_f3b) ^ length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9_f3b);
  return hash ^ (hash >>> 16);
}
