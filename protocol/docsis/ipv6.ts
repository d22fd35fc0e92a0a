const GROUPS = 8;
export const IPV6_BYTES = 16;

/** `2001:db8::1` as 16 bytes (RFC 4291, section 2.2, without the dotted form). Else undefined. */
export function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > 39) return undefined;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const written = head.length + (tail?.length ?? 0);
  // A `::` stands for at least one group.
  if (tail === undefined ? written !== GROUPS : written >= GROUPS) return undefined;
  const zeros = new Array<string>(GROUPS - written).fill("0");
  const groups = [...head, ...zeros, ...(tail ?? [])];
  const bytes = new Uint8Array(IPV6_BYTES);
  for (const [index, group] of groups.entries()) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes[2 * index] = value >>> 8;
    bytes[2 * index + 1] = value;
  }
  return bytes;
}

/** The text of RFC 5952: lower case, the longest run of two or more zero groups as `::`. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: GROUPS }, (_, i) => (bytes[2 * i] << 8) | bytes[2 * i + 1]);
  const { start, length } = longestZeroRun(groups);
  const text = (part: readonly number[]): string => part.map((g) => g.toString(16)).join(":");
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  return best;
}
