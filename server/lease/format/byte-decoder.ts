import { hexDigit } from "../../../protocol/mac.ts";

/** Longest byte string of one statement; a DHCP packet cannot bring a longer one. */
export const STRING_BYTES_MAX = 4_000;
const SLAB_BYTES = 65_536;

/** The text of a lease file and the reader's position in it. */
interface ByteSource {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  fail(message: string, offset?: number): never;
}

/**
 * Decodes bytes that a lease file spells in another way: escapes in strings, hexadecimal digits. The
 * results go into slabs, and each value is a view of one: an array for each takes several times as long.
 */
export class ByteDecoder {
  #slab = new Uint8Array(0);
  #slabUsed = 0;

  /**
   * Decodes the string from `start` to `end` (at most 4 * STRING_BYTES_MAX bytes of text) by resolving
   * its escapes.
   */
  string(lexer: ByteSource, start: number, end: number): Uint8Array {
    const { bytes } = lexer;
    const slab = this.#reserve(end - start);
    const first = this.#slabUsed;
    let used = first;
    let at = start;
    while (at < end) {
      let byte = bytes[at];
      at += 1;
      if (byte === 0x5c) {
        byte = bytes[at];
        at += 1;
        if (byte >= 0x30 && byte <= 0x37) {
          byte = octal(lexer, at - 1);
          at += 2;
        } else if (byte === 0x78) {
          byte = hexEscape(lexer, at);
          at += 2;
        } else {
          byte = letterEscapes.get(byte) ?? byte;
        }
      }
      slab[used] = byte;
      used += 1;
    }
    this.#slabUsed = used;
    return slab.subarray(first, used);
  }

  /** Reads `0:a:ff` or `00:0a:ff` at the lexer's position. */
  hexList(lexer: ByteSource): Uint8Array {
    const { bytes, end } = lexer;
    const start = lexer.at;
    const slab = this.#reserve(STRING_BYTES_MAX);
    const first = this.#slabUsed;
    let used = first;
    for (;;) {
      let value = hexDigit(bytes[lexer.at]);
      if (value < 0 || lexer.at >= end) lexer.fail("expected hexadecimal bytes");
      lexer.at += 1;
      const second = lexer.at < end ? hexDigit(bytes[lexer.at]) : -1;
      if (second >= 0) {
        value = value * 16 + second;
        lexer.at += 1;
      }
      if (used === first + STRING_BYTES_MAX) {
        lexer.fail(`more than ${STRING_BYTES_MAX} bytes`, start);
      }
      slab[used] = value;
      used += 1;
      if (lexer.at >= end || bytes[lexer.at] !== 0x3a) break;
      lexer.at += 1;
    }
    this.#slabUsed = used;
    return slab.subarray(first, used);
  }

  #reserve(lengthBytes: number): Uint8Array {
    if (this.#slabUsed + lengthBytes > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#slabUsed = 0;
    }
    return this.#slab;
  }
}

/** Three digits, the first 0 to 3. */
function octal(lexer: ByteSource, at: number): number {
  let value = 0;
  for (let place = 0; place < 3; place += 1) {
    const digit = lexer.bytes[at + place] - 0x30;
    if (!(digit >= 0 && digit <= 7)) lexer.fail("an octal escape has three digits", at);
    value = value * 8 + digit;
  }
  if (value > 255) lexer.fail("an octal escape is over \\377", at);
  return value;
}

function hexEscape(lexer: ByteSource, at: number): number {
  const high = hexDigit(lexer.bytes[at]);
  const low = hexDigit(lexer.bytes[at + 1]);
  if (high < 0 || low < 0) lexer.fail("a hexadecimal escape has two digits", at);
  return high * 16 + low;
}

const letterEscapes = new Map([
  [0x74, 0x09],
  [0x72, 0x0d],
  [0x6e, 0x0a],
  [0x62, 0x08],
]);
