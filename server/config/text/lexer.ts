import { detached, type SourceFile } from "./source-file.ts";

/** Kinds of token: a word is anything made of letters, digits, `-` and `_`, numbers included. */
export const Token = { end: 0, word: 1, string: 2, punctuation: 3 } as const;
export type TokenKind = (typeof Token)[keyof typeof Token];

/** Classes of characters; everything else (0) is punctuation. */
const WORD = 1;
const BLANK = 2;
const classOf = new Uint8Array(128);
for (const range of ["az", "AZ", "09", "__", "--"]) {
  classOf.fill(WORD, range.charCodeAt(0), range.charCodeAt(1) + 1);
}
for (const blank of [" ", "\t", "\r", "\n", "\f", "\v"]) classOf[blank.charCodeAt(0)] = BLANK;

const QUOTE = 0x22;
const HASH = 0x23;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
const LINE_FEED = 0x0a;
const EXCLAMATION = 0x21;
const EQUALS = 0x3d;
const TILDE = 0x7e;

/**
 * Cuts one file into tokens, the current one in its fields: no object a token, for files of many
 * megabytes. Comments run from `#` to the end of the line (CONF-2).
 */
export class Lexer {
  readonly file: SourceFile;
  kind: TokenKind = Token.end;
  /** The current token is text[start, end); a string's includes its quotes. */
  start = 0;
  end = 0;
  /** Where the token before the current one ended. */
  previousEnd = 0;
  /** Whether the string has its closing quote. */
  isClosed = true;

  constructor(file: SourceFile) {
    this.file = file;
    this.next();
  }

  next(): void {
    const { text } = this.file;
    this.previousEnd = this.end;
    const start = skipBlanks(text, this.end);
    this.start = start;
    if (start >= text.length) {
      this.kind = Token.end;
      this.end = start;
      return;
    }
    const character = text.charCodeAt(start);
    if (character === QUOTE) {
      this.kind = Token.string;
      const end = endOfString(text, start + 1);
      this.isClosed = end >= 0;
      this.end = end < 0 ? text.length : end;
    } else if (isWord(character) && (character !== MINUS || isWord(text.charCodeAt(start + 1)))) {
      this.kind = Token.word;
      let end = start + 1;
      while (isWord(text.charCodeAt(end))) end += 1;
      this.end = end;
    } else {
      this.kind = Token.punctuation;
      this.end = start + (isLongOperator(text, start) ? 2 : 1);
    }
  }

  /** Reads on from `offset`, where a token begins: for looking ahead and coming back. */
  rewind(offset: number): void {
    this.end = offset;
    this.next();
  }

  /** The token as it stands in the file. */
  get raw(): string {
    return this.file.text.slice(this.start, this.end);
  }

  /** The word in lower case: keywords and option names know no case (CONF-1). */
  get word(): string {
    return this.kind === Token.word ? lowerCaseWord(this.file.text, this.start, this.end) : "";
  }

  /** True when the current token is this punctuation. */
  is(punctuation: string): boolean {
    return (
      this.kind === Token.punctuation &&
      this.end - this.start === punctuation.length &&
      this.file.text.startsWith(punctuation, this.start)
    );
  }

  /** True when this punctuation follows the current token. */
  isFollowedBy(punctuation: string): boolean {
    const { text } = this.file;
    return text.startsWith(punctuation, skipBlanks(text, this.end));
  }

  /** True when the current token stands on a later line than the one before it. */
  get startsLine(): boolean {
    const newline = this.file.text.indexOf("\n", this.previousEnd);
    return newline >= 0 && newline < this.start;
  }
}

const KNOWN_WORDS = 1024;
const KNOWN_WORD_MAX = 32;
/** Words read lately, by hash: in a long file they are the same few again and again. */
const knownWords = new Array<string>(KNOWN_WORDS).fill("");

/** text[start, end) in lower case, without a new string if it has been read before. */
function lowerCaseWord(text: string, start: number, end: number): string {
  const length = end - start;
  if (length > KNOWN_WORD_MAX) return text.slice(start, end).toLowerCase();
  let hash = length;
  for (let index = start; index < end; index += 1) {
    hash = (Math.imul(hash, 31) + lowerCase(text.charCodeAt(index))) | 0;
  }
  const slot = (hash ^ (hash >>> 10)) & (KNOWN_WORDS - 1);
  const known = knownWords[slot];
  if (known.length === length) {
    let index = 0;
    while (
      index < length &&
      known.charCodeAt(index) === lowerCase(text.charCodeAt(start + index))
    ) {
      index += 1;
    }
    if (index === length) return known;
  }
  // A slice of a long file would keep the whole file.
  const word = detached(text.slice(start, end).toLowerCase());
  knownWords[slot] = word;
  return word;
}

function lowerCase(character: number): number {
  return character >= 0x41 && character <= 0x5a ? character | 0x20 : character;
}

function isWord(character: number): boolean {
  return character < 128 && classOf[character] === WORD;
}

function isLongOperator(text: string, start: number): boolean {
  const first = text.charCodeAt(start);
  if (first !== EXCLAMATION && first !== TILDE) return false;
  const second = text.charCodeAt(start + 1);
  return second === EQUALS || (first === TILDE && second === TILDE);
}

function skipBlanks(text: string, from: number): number {
  let offset = from;
  for (;;) {
    const character = text.charCodeAt(offset);
    if (character < 128 && classOf[character] === BLANK) {
      offset += 1;
    } else if (character === HASH) {
      while (offset < text.length && text.charCodeAt(offset) !== LINE_FEED) offset += 1;
    } else {
      return offset;
    }
  }
}

/** The offset after the closing quote, or -1 when there is none. */
function endOfString(text: string, from: number): number {
  for (let offset = from; offset < text.length; offset += 1) {
    const character = text.charCodeAt(offset);
    if (character === BACKSLASH) offset += 1;
    else if (character === QUOTE) return offset + 1;
  }
  return -1;
}

/**
 * The bytes that a quoted string stands for: `\t \r \n \b`, `\xHH`, `\ooo`, and any other escaped
 * character for itself. A character up to U+00FF is the byte that it was read from; one beyond is its
 * UTF-8 bytes.
 */
export function stringBytes(quoted: string): Uint8Array {
  const plain = new Uint8Array(Math.max(0, quoted.length - 2));
  for (let index = 0; index < plain.length; index += 1) {
    const character = quoted.charCodeAt(index + 1);
    if (character === BACKSLASH || character > 0xff) return escapedBytes(quoted);
    plain[index] = character;
  }
  return plain;
}

function escapedBytes(quoted: string): Uint8Array {
  const bytes: number[] = [];
  const end = quoted.length - 1;
  let index = 1;
  while (index < end) {
    const code = quoted.codePointAt(index) as number;
    index += code > 0xffff ? 2 : 1;
    if (code === BACKSLASH) {
      ESCAPE.lastIndex = index;
      const sequence = ESCAPE.exec(quoted)?.[0] ?? "";
      index += sequence.length;
      pushBytes(bytes, escaped(sequence));
    } else {
      pushBytes(bytes, code);
    }
  }
  return Uint8Array.from(bytes);
}

const utf8 = new TextEncoder();
const ESCAPE = /x[0-9a-f]{2}|[0-3][0-7]{2}|./isuy;
const controls: Readonly<Record<string, number>> = { t: 9, r: 13, n: 10, b: 8 };

/** Negative (by `~`): a byte as it is; otherwise a character. */
function escaped(sequence: string): number {
  if (/^x../i.test(sequence)) return ~Number.parseInt(sequence.slice(1), 16);
  if (/^...$/.test(sequence)) return ~Number.parseInt(sequence, 8);
  return controls[sequence] ?? sequence.codePointAt(0) ?? BACKSLASH;
}

function pushBytes(bytes: number[], code: number): void {
  if (code < 0) {
    bytes.push(~code);
  } else if (code < 0x100) {
    bytes.push(code);
  } else {
    bytes.push(...utf8.encode(String.fromCodePoint(code)));
  }
}
