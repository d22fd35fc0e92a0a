// RFC 2578, section 3.5.
const ARCS_MAX = 128;
const ARC_MAX = 2 ** 32 - 1;
const TEXT = /^\.?\d{1,10}(?:\.\d{1,10})+$/;

/** The content of a BER OBJECT IDENTIFIER for `1.3.6.1` or `.1.3.6.1`; undefined for invalid text. */
export function encodeOid(text: string): Uint8Array | undefined {
  // Each arc has at most ten digits and a dot; one more dot may come first.
  if (text.length > ARCS_MAX * 11 || !TEXT.test(text)) return undefined;
  const arcs = text.replace(/^\./, "").split(".").map(Number);
  const isCanonical = arcs.join(".") === text.replace(/^\./, "");
  const isInRange = arcs.every((arc) => arc <= ARC_MAX) && arcs.length <= ARCS_MAX;
  const [first, second] = arcs;
  if (!isCanonical || !isInRange || first > 2 || (first < 2 && second > 39)) return undefined;
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...arcs.slice(2)]) appendArc(bytes, arc);
  return Uint8Array.from(bytes);
}

/** Dotted numbers without a leading dot; undefined when the content is not an OID. */
export function decodeOid(content: Uint8Array): string | undefined {
  if (content.length === 0 || content[content.length - 1] >= 0x80) return undefined;
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    // The first number holds two arcs, so it may be 80 more.
    if (arc > ARC_MAX + (arcs.length === 0 ? 80 : 0)) return undefined;
    if (byte >= 0x80) continue;
    if (arcs.length === 0) {
      const first = Math.min(Math.floor(arc / 40), 2);
      arcs.push(first, arc - first * 40);
    } else {
      arcs.push(arc);
    }
    if (arcs.length > ARCS_MAX) return undefined;
    arc = 0;
  }
  return arcs.join(".");
}

/** Seven bits a byte, with the high bit set on all but the last. */
function appendArc(bytes: number[], arc: number): void {
  let divisor = 1;
  while (arc / divisor >= 128) divisor *= 128;
  for (; divisor >= 1; divisor /= 128) {
    const bits = Math.floor(arc / divisor) % 128;
    bytes.push(divisor > 1 ? bits | 0x80 : bits);
  }
}
