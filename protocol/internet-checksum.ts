/** The ones' complement sum of RFC 1071 over bytes `start` to `end`, added to `sum`. */
export function addToSum(sum: number, bytes: Uint8Array, start: number, end: number): number {
  let total = sum;
  for (let i = start; i + 1 < end; i += 2) total += (bytes[i] << 8) | bytes[i + 1];
  if ((end - start) % 2 === 1) total += bytes[end - 1] << 8;
  return total;
}

/** Folds a sum into the 16-bit checksum; 0 when the bytes already hold their right checksum. */
export function checksumOf(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x1_0000) + Math.floor(folded / 0x1_0000);
  return ~folded & 0xffff;
}
