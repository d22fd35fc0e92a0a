import { latin1Text } from "../../../protocol/latin1.ts";
import { ByteDecoder, STRING_BYTES_MAX } from "./byte-decoder.ts";
import { daysInMonth, daysOf } from "./lease-date.ts";

/** Setting this bit in every byte of two words makes them equal if they differ in case only. */
const CASE_BIT = 0x20;
const SECONDS_MAX = 0xffff_ffff;

/** The text does not match the grammar. `atEnd`: it ended too early. */
export class LeaseSyntaxError extends Error {
  override readonly name = "LeaseSyntaxError";
  readonly offset: number;
  readonly atEnd: boolean;

  constructor(message: string, offset: number, atEnd: boolean) {
    super(message);
    this.offset = offset;
    this.atEnd = atEnd;
  }
}

/** The bytes that the parsers of a lease file look for. */
export const Byte = {
  quote: 0x22,
  comma: 0x2c,
  semicolon: 0x3b,
  equals: 0x3d,
  backslash: 0x5c,
  openingBrace: 0x7b,
  closingBrace: 0x7d,
} as const;

const Kind = { other: 0, blank: 1, word: 2, digit: 3 } as const;
const kindOf = new Uint8Array(256);
for (const byte of [0x20, 0x09, 0x0a, 0x0d]) kindOf[byte] = Kind.blank;
for (let byte = 0; byte < 256; byte += 1) {
  if (/[A-Za-z_.-]/.test(String.fromCharCode(byte))) kindOf[byte] = Kind.word;
  if (byte >= 0x30 && byte <= 0x39) kindOf[byte] = Kind.digit;
}

/**
 * A statement that the reader skipped because it does not know it. It is reported, and not written again.
 */
export interface SkippedStatement {
  readonly offset: number;
  /** "unknown statement 'x'", without a full stop. */
  readonly what: string;
}

/** Reads the tokens of a lease file from a position in its bytes. */
export class LeaseLexer {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  /** First byte of the word read last. */
  wordStart = 0;
  /** Statements skipped since the caller last emptied this. */
  skipped: SkippedStatement[] = [];
  /** Called with the offsets of each comment, from its `#` to its newline or the end of the bytes. */
  onComment: ((start: number, end: number) => void) | undefined;
  readonly #decoder = new ByteDecoder();

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  fail(message: string, offset = this.at): never {
    throw new LeaseSyntaxError(message, offset, this.at >= this.end);
  }

  /** Skips blanks and comments; returns the next byte, -1 at the end. */
  peek(): number {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end) {
      const byte = bytes[at];
      if (byte === 0x23) {
        const start = at;
        while (at < end && bytes[at] !== 0x0a) at += 1;
        this.onComment?.(start, at);
      } else if (kindOf[byte] === Kind.blank) {
        at += 1;
      } else {
        this.at = at;
        return byte;
      }
    }
    this.at = end;
    return -1;
  }

  expect(byte: number): void {
    if (this.peek() !== byte) this.fail(`expected '${String.fromCharCode(byte)}'`);
    this.at += 1;
  }

  /** Reads a name or keyword; returns its hash (`hashWord`), which ignores case. */
  word(): number {
    this.peek();
    const { bytes, end } = this;
    let at = this.at;
    let hash = 0;
    while (at < end && kindOf[bytes[at]] >= Kind.word) {
      hash = (Math.imul(hash, 31) + (bytes[at] | CASE_BIT)) | 0;
      at += 1;
    }
    if (at === this.at) this.fail("expected a name");
    this.wordStart = this.at;
    this.at = at;
    return hash;
  }

  /** The word read last; the lexer must still stand right after it. */
  wordText(): string {
    return latin1Text(this.bytes.subarray(this.wordStart, this.at));
  }

  /** Whether the word read last is `name`, ignoring case. */
  isWord(name: string): boolean {
    if (this.at - this.wordStart !== name.length) return false;
    for (let place = 0; place < name.length; place += 1) {
      const byte = this.bytes[this.wordStart + place] | CASE_BIT;
      if (byte !== (name.charCodeAt(place) | CASE_BIT)) return false;
    }
    return true;
  }

  /** Reads a keyword, ignoring case. */
  expectWord(name: string): void {
    this.word();
    if (!this.isWord(name)) this.fail(`expected '${name}'`, this.wordStart);
  }

  integer(max: number): number {
    this.peek();
    return this.#digits(max);
  }

  signedInteger(max: number): number {
    if (this.peek() !== 0x2d) return this.#digits(max);
    this.at += 1;
    return -this.#digits(max) || 0;
  }

  address(): number {
    this.peek();
    let address = 0;
    for (let part = 0; part < 4; part += 1) {
      if (part > 0) this.#exactly(0x2e);
      address = address * 256 + this.#digits(255);
    }
    return address;
  }

  /** Reads `W YYYY/MM/DD HH:MM:SS [zone];`, `epoch N;` or `never;`, including the semicolon. */
  date(): number | null {
    const first = this.peek();
    let seconds: number;
    if (kindOf[first] === Kind.digit) {
      seconds = this.#calendar();
    } else {
      this.word();
      const text = this.wordText();
      if (text !== "never" && text !== "epoch") this.fail("expected a date", this.wordStart);
      seconds = text === "never" ? SECONDS_MAX : this.integer(Number.MAX_SAFE_INTEGER);
    }
    this.expect(Byte.semicolon);
    return seconds >= SECONDS_MAX ? null : seconds;
  }

  /** Reads a quoted string: a view of the text when it has no escape, otherwise new bytes. */
  string(): Uint8Array {
    this.expect(Byte.quote);
    const { bytes, end } = this;
    const start = this.at;
    let at = start;
    let hasEscape = false;
    while (at < end && bytes[at] !== Byte.quote) {
      if (bytes[at] === Byte.backslash) {
        hasEscape = true;
        at += 1;
      } else if (bytes[at] === 0x0a || bytes[at] === 0) {
        this.fail("a string has no closing quote", start - 1);
      }
      at += 1;
    }
    if (at >= end) {
      this.at = end;
      this.fail("a string has no closing quote", start - 1);
    }
    this.at = at + 1;
    if (hasEscape && at - start > STRING_BYTES_MAX * 4) {
      this.fail("a string is too long", start - 1);
    }
    const value = hasEscape ? this.#decoder.string(this, start, at) : bytes.subarray(start, at);
    if (value.length > STRING_BYTES_MAX) {
      this.fail(`a string of ${value.length} bytes, more than ${STRING_BYTES_MAX}`, start - 1);
    }
    return value;
  }

  /** Reads `0:a:ff` or `00:0a:ff`. */
  hexList(): Uint8Array {
    this.peek();
    return this.#decoder.hexList(this);
  }

  /** Reads bytes in either form. */
  data(): Uint8Array {
    return this.peek() === Byte.quote ? this.string() : this.hexList();
  }

  /** Skips the rest of an unknown statement that began at `start`, and records it in `skipped`. */
  skip(what: string, start: number): void {
    this.skipStatement();
    this.skipped.push({ offset: start, what });
  }

  /** Skips the rest of a statement: up to its `;`, or over its `{ … }`. */
  skipStatement(): void {
    let depth = 0;
    for (;;) {
      const byte = this.peek();
      if (byte < 0) this.fail("a statement has no end");
      if (byte === Byte.quote) {
        this.string();
        continue;
      }
      if (byte === 0 || (byte === Byte.closingBrace && depth === 0))
        this.fail("a statement has no end");
      this.at += 1;
      if (byte === Byte.openingBrace) depth += 1;
      else if (byte === Byte.closingBrace) depth -= 1;
      if (depth === 0 && (byte === Byte.semicolon || byte === Byte.closingBrace)) return;
    }
  }

  #exactly(byte: number): void {
    if (this.at >= this.end || this.bytes[this.at] !== byte) {
      this.fail(`expected '${String.fromCharCode(byte)}'`);
    }
    this.at += 1;
  }

  #digits(max: number): number {
    const { bytes, end } = this;
    const start = this.at;
    let at = start;
    let value = 0;
    while (at < end && kindOf[bytes[at]] === Kind.digit) {
      value = value * 10 + (bytes[at] - 0x30);
      at += 1;
      if (value > max) this.fail(`a number over ${max}`, start);
    }
    this.at = at;
    if (at === start) this.fail("expected a number");
    return value;
  }

  #calendar(): number {
    const start = this.at;
    this.#digits(9);
    const year = this.integer(99_999);
    this.#exactly(0x2f);
    const month = this.#digits(99);
    this.#exactly(0x2f);
    const day = this.#digits(99);
    const hour = this.integer(99);
    this.#exactly(0x3a);
    const minute = this.#digits(99);
    this.#exactly(0x3a);
    const second = this.#digits(99);
    const isDate = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
    if (!isDate || year < 1970 || hour > 23 || minute > 59 || second > 60) {
      this.fail("no such date", start);
    }
    const seconds = daysOf(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    return Math.max(0, seconds + this.#zoneSeconds());
  }

  /** Reads the zone, which ISC adds as it is: -7200 makes the time two hours earlier. */
  #zoneSeconds(): number {
    const byte = this.peek();
    const isNegative = byte === 0x2d;
    if (isNegative) this.at += 1;
    else if (kindOf[byte] !== Kind.digit) return 0;
    const seconds = this.#digits(86_400);
    return isNegative ? -seconds : seconds;
  }
}

/** The hash that `LeaseLexer.word` returns for this text. */
export function hashWord(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) {
    hash = (Math.imul(hash, 31) + (text.charCodeAt(at) | CASE_BIT)) | 0;
  }
  return hash;
}
