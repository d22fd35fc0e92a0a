import { hexDigit } from "../../../protocol/mac.ts";

/** Longest byte string of one statement; a DHCP packet cannot bring a longer one. */
export const STRING_BYTES_MAX = 4_000;

/** The text of a lease file and the reader's position in it. */
interface ByteSource {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  fail(message: string, offset?: number): never;
}

/** The string from `start` to `end` with its escapes resolved. */
export function decodeString(source: ByteSource, start: number, end: number): Uint8Array {
  const { bytes } = source;
  const decoded = new Uint8Array(end - start);
  let length = 0;
  let at = start;
  while (at < end) {
    let byte = bytes[at];
    at += 1;
    if (byte === 0x5c) {
      byte = bytes[at];
      at += 1;
      if (byte >= 0x30 && byte <= 0x37) {
        byte = octal(source, at - 1);
        at += 2;
      } else if (byte === 0x78) {
        byte = hexEscape(source, at);
        at += 2;
      } else {
        byte = letterEscapes.get(byte) ?? byte;
      }
    }
    decoded[length] = byte;
    length += 1;
  }
  return decoded.subarray(0, length);
}

/** Reads `0:a:ff` or `00:0a:ff` at the source's position. */
export function decodeHexList(source: ByteSource): Uint8Array {
  const { bytes, end, at: start } = source;
  const decoded: number[] = [];
  for (;;) {
    let value = hexDigit(bytes[source.at]);
    if (value < 0 || source.at >= end) source.fail("expected hexadecimal bytes");
    source.at += 1;
    const second = source.at < end ? hexDigit(bytes[source.at]) : -1;
    if (second >= 0) {
      value = value * 16 + second;
      source.at += 1;
    }
    if (decoded.length === STRING_BYTES_MAX) {
      source.fail(`more than ${STRING_BYTES_MAX} bytes`, start);
    }
    decoded.push(value);
    if (source.at >= end || bytes[source.at] !== 0x3a) return Uint8Array.from(decoded);
    source.at += 1;
  }
}

/** Three digits, the first 0 to 3. */
function octal(source: ByteSource, at: number): number {
  let value = 0;
  for (let place = 0; place < 3; place += 1) {
    const digit = source.bytes[at + place] - 0x30;
    if (!(digit >= 0 && digit <= 7)) source.fail("an octal escape has three digits", at);
    value = value * 8 + digit;
  }
  if (value > 255) source.fail("an octal escape is over \\377", at);
  return value;
}

function hexEscape(source: ByteSource, at: number): number {
  const high = hexDigit(source.bytes[at]);
  const low = hexDigit(source.bytes[at + 1]);
  if (high < 0 || low < 0) source.fail("a hexadecimal escape has two digits", at);
  return high * 16 + low;
}

const letterEscapes = new Map([
  [0x74, 0x09],
  [0x72, 0x0d],
  [0x6e, 0x0a],
  [0x62, 0x08],
]);
