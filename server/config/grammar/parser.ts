import { parseIpv4 } from "../../../protocol/ipv4.ts";
import { latin1Text } from "../../../protocol/latin1.ts";
import { hexDigit } from "../../../protocol/mac.ts";
import type { OptionRegistry } from "../language/option-registry.ts";
import type { ExecuteRule } from "../language/program.ts";
import { DATA_BYTES_MAX, withRoom } from "../text/bytes.ts";
import { hasTypographicQuote, QUOTE_HINT } from "../text/hints.ts";
import { type Lexer, stringBytes, Token } from "../text/lexer.ts";
import { reservedWords } from "../text/reserved-words.ts";
import { detached } from "../text/source-file.ts";
import { TokenReader } from "../text/token-reader.ts";
import { checkAddress } from "./pitfalls.ts";

const NAME_BYTES_MAX = 4096;
/** Four characters may stand for a byte. A longer value fits into no option; dhcpd takes 1500 bytes. */
const STRING_CHARACTERS_MAX = 4 * DATA_BYTES_MAX;
/** So many take about a gigabyte. A host counts only by its own statements. */
const PARTS_MAX = 4_000_000;
const REFERENCES_MAX = 4096;
/** dhcpd takes zeros before the two that count. */
const OCTET_DIGITS_MAX = 8;

const DECIMAL = /^-?\d+$/;
const NUMBERED_NAME = /\d+\s*\.\s*\d*[a-z-]/iy;
const NUMBER = /^-?(?:0x[0-9a-f]+|\d+)$/i;
const IDENTIFIER = /^[a-z_][a-z0-9_-]*$/i;

/** A name in a file, for checks and messages that have to wait for the rest of the configuration. */
export interface NamedPlace {
  readonly name: string;
  readonly lexer: Lexer;
  readonly at: number;
}

/** The first use of a name that a statement of the file's own should set. */
interface Reference extends NamedPlace {
  readonly kind: "variable" | "function";
}

/** Reads values, and holds what is known of the whole configuration while it is read. */
export class Parser extends TokenReader {
  readonly registry: OptionRegistry;
  /** Names that stand where an address is expected (CONF-12: resolved when a reply is built). */
  readonly hostNames = new Set<string>();
  /** Keys named before it can be known whether they are declared. */
  readonly keyReferences: NamedPlace[] = [];
  /** Option spaces named where they may be declared further down. */
  readonly spaceReferences: NamedPlace[] = [];
  /** Variables and functions by name, in small letters: where each is first used. */
  readonly references = new Map<string, Reference>();
  /** Variables and functions that some statement sets or defines. */
  readonly variablesSet = new Set<string>();
  /** Some expression looks at what statements have set (`config-option`). */
  readsSettings = false;
  /** Places so far where an expression looks at what statements have done. */
  stateReads = 0;
  /** Where the octets of a list are put together. */
  #octets = new Uint8Array(64);
  #partsLeft = PARTS_MAX;
  readonly execute: ExecuteRule;

  constructor(lexer: Lexer, registry: OptionRegistry, execute: ExecuteRule = "refused") {
    super(lexer);
    this.registry = registry;
    this.execute = execute;
  }

  /**
   * Counts what the memory goes into: a statement or a part of an expression is one part, the block of
   * a network or a class is several.
   */
  countParts(parts: number): void {
    if (this.#partsLeft < parts) this.giveUp(`more than ${PARTS_MAX} statements and expressions.`);
    this.#partsLeft -= parts;
  }

  /** Any word as it is written: an identifier, a number, a keyword. */
  takeWord(message: string): string {
    if (this.lexer.kind !== Token.word) this.unexpected(message);
    const word = this.lexer.raw;
    this.lexer.next();
    return word;
  }

  takeIdentifier(message: string): string {
    if (!IDENTIFIER.test(this.lexer.raw)) this.unexpected(message);
    return this.takeWord(message);
  }

  takeString(message: string): Uint8Array {
    if (this.lexer.kind !== Token.string) this.unexpected(message);
    if (!this.lexer.isClosed) {
      const isMisquoted = hasTypographicQuote(this.lexer.raw.slice(0, NAME_BYTES_MAX));
      this.fail("unterminated string", isMisquoted ? QUOTE_HINT : 'the closing " is missing.');
    }
    const tooLong = this.lexer.end - this.lexer.start > STRING_CHARACTERS_MAX;
    const bytes = tooLong ? undefined : stringBytes(this.lexer.raw);
    if (bytes === undefined || bytes.length > DATA_BYTES_MAX) {
      return this.fail("string too long.", `at most ${DATA_BYTES_MAX} bytes.`);
    }
    this.lexer.next();
    return bytes;
  }

  /** A quoted string as text; one character a byte. */
  takeText(message: string): string {
    const { at } = this;
    const bytes = this.takeString(message);
    if (bytes.length > NAME_BYTES_MAX) this.fail("string too long for a name.", undefined, at);
    return latin1Text(bytes);
  }

  /** Takes `(`, what `take` takes, and `)`. */
  takeInParentheses<Value>(take: () => Value): Value {
    this.expect("(", "left parenthesis expected.");
    const value = take();
    this.expect(")", "right parenthesis expected.");
    return value;
  }

  /** A name, quoted or made of words and dots. */
  takeName(message: string): string {
    return this.lexer.kind === Token.string ? this.takeText(message) : this.takeDotted(message);
  }

  /** A name, quoted or one word that is no number. */
  takeLabel(message: string): string {
    if (this.lexer.kind === Token.string) return this.takeText(message);
    if (DECIMAL.test(this.lexer.raw)) this.unexpected(message);
    return detached(this.takeWord(message));
  }

  /** A name that `set`, `define` and `defined` may have. */
  takeVariableName(): string {
    const { raw, kind } = this.lexer;
    const isName = kind === Token.word && IDENTIFIER.test(raw);
    if (!isName || reservedWords.has(raw.toLowerCase())) {
      const hint = isName ? "it is a keyword." : "letters, digits, - and _, a letter first.";
      if (kind === Token.end) this.failAtEnd();
      this.fail(`${raw.slice(0, 60)} can't be a variable name`, hint);
    }
    this.lexer.next();
    return detached(raw);
  }

  /**
   * Notes where a variable or a function is used, so that the end of the file can report those
   * never set.
   */
  refer(name: string, kind: Reference["kind"], at: number): void {
    const key = name.toLowerCase();
    if (this.references.size >= REFERENCES_MAX || this.references.has(key)) return;
    this.references.set(key, { name: detached(name), kind, lexer: this.lexer, at });
  }

  /** Words joined by dots: a host's name, a domain. Letters are kept as they are. */
  takeDotted(message: string): string {
    const { at } = this;
    let name = this.takeWord(message);
    while (this.lexer.is(".")) {
      if (name.length > NAME_BYTES_MAX) this.fail("name too long.", undefined, at);
      this.lexer.next();
      name += ".";
      if (this.lexer.kind === Token.word) name += this.takeWord(message);
      else if (this.lexer.is(".")) this.fail("two dots with nothing between them.");
    }
    return detached(name);
  }

  /** Decimal, 0x hexadecimal or 0 octal. */
  takeNumber(min: number, max: number): number {
    const { at } = this;
    const word = this.lexer.raw;
    if (this.lexer.kind !== Token.word) this.unexpected("expecting number.");
    if (!NUMBER.test(word)) this.fail(`Bogus number ${word.slice(0, 40)}`);
    const digits = word.replace("-", "");
    const isOctal = /^0[0-7]+$/.test(digits);
    const value =
      (isOctal ? Number.parseInt(digits, 8) : Number(digits)) * (word[0] === "-" ? -1 : 1);
    this.lexer.next();
    if (value > max) this.fail(`${word} exceeds max (${max}) for precision.`, undefined, at);
    if (value < min) this.fail(`${word} is less than the smallest value (${min}).`, undefined, at);
    return value;
  }

  takeFlag(): boolean {
    const word = this.lexer.word;
    const value = word === "true" || word === "on";
    if (!value && word !== "false" && word !== "off") {
      this.unexpected("expecting boolean (true, false, on or off).");
    }
    this.lexer.next();
    return value;
  }

  /** An address begins here; dhcpd takes 10.a.example for a host name, and 10.0.a for a mistake. */
  get isDottedQuad(): boolean {
    const { kind, raw, start, file } = this.lexer;
    if (kind !== Token.word || !DECIMAL.test(raw)) return false;
    NUMBERED_NAME.lastIndex = start;
    return !NUMBERED_NAME.test(file.text);
  }

  takeIpv4(): number {
    const { at } = this;
    let text = this.takeWord("expecting an IP address.");
    for (let count = 1; count < 4; count += 1) {
      if (!this.lexer.is(".")) this.fail("too few numbers.", "an address is like 192.0.2.1.", at);
      this.lexer.next();
      text += `.${this.takeWord("expecting an IP address.")}`;
    }
    const address = parseIpv4(text);
    if (address === undefined)
      this.fail(`${text.slice(0, 60)} is not an IP address.`, undefined, at);
    checkAddress(this, address, at);
    return address;
  }

  /** Octets in hexadecimal digits, most often two, with colons between them. */
  takeHexList(message: string, hint?: string): Uint8Array {
    let count = 0;
    do {
      const { kind, start, end, file } = this.lexer;
      const octet = kind === Token.word ? octetAt(file.text, start, end) : Number.NaN;
      if (Number.isNaN(octet)) this.unexpected(message, hint);
      if (count === DATA_BYTES_MAX) this.fail(`more than ${DATA_BYTES_MAX} octets.`);
      this.#octets = withRoom(this.#octets, count + 1);
      this.#octets[count] = octet;
      count += 1;
      this.lexer.next();
    } while (this.accept(":"));
    return this.#octets.slice(0, count);
  }
}

/** Hexadecimal digits as a number up to 255, NaN for anything else: registrations are full of them. */
function octetAt(text: string, start: number, end: number): number {
  if (end - start > OCTET_DIGITS_MAX) return Number.NaN;
  let octet = 0;
  for (let index = start; index < end; index += 1) {
    const digit = hexDigit(text.charCodeAt(index));
    if (digit < 0) return Number.NaN;
    octet = octet * 16 + digit;
  }
  return octet <= 0xff ? octet : Number.NaN;
}
