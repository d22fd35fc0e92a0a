import { parseIpv4 } from "../../protocol/ipv4.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { latin1Text } from "./latin1.ts";
import { type Lexer, stringBytes, Token } from "./lexer.ts";
import type { OptionRegistry } from "./option-registry.ts";
import { detached } from "./source-file.ts";

/** More would help nobody, and every one costs a walk through the file. */
export const DIAGNOSTICS_MAX = 100;

const NAME_BYTES_MAX = 4096;
const MESSAGE_MAX = 300;

/** Thrown where a statement cannot be understood, caught where the next one may begin. */
export class SyntaxFailure extends Error {
  override readonly name = "SyntaxFailure";
  /** "stay": what is wrong was missing before the current token, which is fine itself. */
  readonly recovery: "skip" | "stay";

  constructor(recovery: "skip" | "stay") {
    super();
    this.recovery = recovery;
  }
}

/** Thrown when there are too many errors to go on. */
export class TooManyErrors extends Error {
  override readonly name = "TooManyErrors";
}

const DECIMAL = /^-?\d+$/;
const NUMBER = /^-?(?:0x[0-9a-f]+|\d+)$/i;
const IDENTIFIER = /^[a-z_][a-z0-9_-]*$/i;

/** The tokens of the file being read, and what has been found wrong so far. */
export class Parser {
  lexer: Lexer;
  readonly registry: OptionRegistry;
  readonly errors: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  /** Names that stand where an address is expected (CONF-12: resolved when a reply is built). */
  readonly hostNames = new Set<string>();
  /** Keys named before it can be known whether they are declared. */
  readonly keyReferences: { readonly name: string; readonly lexer: Lexer; readonly at: number }[] =
    [];
  #endReported = false;
  #braces = 0;

  constructor(lexer: Lexer, registry: OptionRegistry) {
    this.lexer = lexer;
    this.registry = registry;
  }

  /** Offset of the current token, for a message that comes later. */
  get at(): number {
    return this.lexer.start;
  }

  /** Notes an error that does not keep the statement from being understood. */
  report(message: string, hint?: string, at: number = this.at): void {
    this.errors.push(this.#diagnostic(message, hint, at));
    if (this.errors.length >= DIAGNOSTICS_MAX) throw new TooManyErrors();
  }

  warn(message: string, hint?: string, at: number = this.at): void {
    if (this.warnings.length >= DIAGNOSTICS_MAX) return;
    this.warnings.push(this.#diagnostic(message, hint, at));
  }

  /** Notes an error and gives the statement up. */
  fail(message: string, hint?: string, at: number = this.at): never {
    this.report(message, hint, at);
    throw new SyntaxFailure("skip");
  }

  #diagnostic(message: string, hint: string | undefined, at: number): Diagnostic {
    const { file } = this.lexer;
    const diagnostic = {
      file: file.path,
      ...file.placeOf(at),
      message: message.slice(0, MESSAGE_MAX),
    };
    return hint === undefined ? diagnostic : { ...diagnostic, hint: hint.slice(0, MESSAGE_MAX) };
  }

  /** Takes the punctuation if it is there. */
  accept(punctuation: string): boolean {
    if (!this.lexer.is(punctuation)) return false;
    if (punctuation === "{") this.#braces += 1;
    else if (punctuation === "}") this.#braces -= 1;
    this.lexer.next();
    return true;
  }

  expect(punctuation: string, message: string): void {
    if (!this.accept(punctuation)) this.#unexpected(message);
  }

  /** Takes the keyword if it is there. */
  acceptWord(word: string): boolean {
    if (this.lexer.word !== word) return false;
    this.lexer.next();
    return true;
  }

  expectWord(word: string): void {
    if (!this.acceptWord(word)) this.#unexpected(`expecting "${word}".`);
  }

  /** Takes the `;` of a statement. A next line that goes on without one is fine by itself. */
  endStatement(): void {
    if (this.accept(";")) return;
    if (this.lexer.kind === Token.end) this.#failAtEnd();
    this.report("semicolon expected.");
    throw new SyntaxFailure(this.lexer.is("}") || this.lexer.startsLine ? "stay" : "skip");
  }

  /** Of all the blocks that are still open at the end of a file, one message is enough. */
  reportEnd(): void {
    if (!this.#endReported) this.report("unexpected end of file", "a } or a ; is missing.");
    this.#endReported = true;
  }

  #failAtEnd(): never {
    this.reportEnd();
    throw new SyntaxFailure("stay");
  }

  #unexpected(message: string): never {
    if (this.lexer.kind === Token.end) this.#failAtEnd();
    this.fail(message);
  }

  /** Any word as it is written: an identifier, a number, a keyword. */
  takeWord(message: string): string {
    if (this.lexer.kind !== Token.word) this.#unexpected(message);
    const word = this.lexer.raw;
    this.lexer.next();
    return word;
  }

  takeIdentifier(message: string): string {
    if (!IDENTIFIER.test(this.lexer.raw)) this.#unexpected(message);
    return this.takeWord(message);
  }

  takeString(message: string): Uint8Array {
    if (this.lexer.kind !== Token.string) this.#unexpected(message);
    if (!this.lexer.isClosed) this.fail("unterminated string", 'the closing " is missing.');
    const bytes = stringBytes(this.lexer.raw);
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

  /** A name, quoted or made of words and dots. */
  takeName(message: string): string {
    return this.lexer.kind === Token.string ? this.takeText(message) : this.takeDotted(message);
  }

  /** Words joined by dots: a host's name, a domain. Letters are kept as they are. */
  takeDotted(message: string): string {
    let name = this.takeWord(message);
    while (this.lexer.is(".")) {
      this.lexer.next();
      name += ".";
      if (this.lexer.kind === Token.word) name += this.takeWord(message);
    }
    return detached(name);
  }

  /** Decimal, 0x hexadecimal or 0 octal. */
  takeNumber(min: number, max: number): number {
    const { at } = this;
    const word = this.lexer.raw;
    if (this.lexer.kind !== Token.word) this.#unexpected("expecting number.");
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
      this.#unexpected("expecting boolean (true, false, on or off).");
    }
    this.lexer.next();
    return value;
  }

  get isDottedQuad(): boolean {
    return this.lexer.kind === Token.word && DECIMAL.test(this.lexer.raw);
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
    return address;
  }

  /** Octets of one or two hexadecimal digits with colons between them. */
  takeHexList(message: string): Uint8Array {
    const octets: number[] = [];
    do {
      const { kind, start, end, file } = this.lexer;
      const octet = kind === Token.word ? octetAt(file.text, start, end) : Number.NaN;
      if (Number.isNaN(octet)) this.#unexpected(message);
      octets.push(octet);
      this.lexer.next();
    } while (this.accept(":"));
    return Uint8Array.from(octets);
  }

  /** How many braces are open: where a statement starts, for `recover`. */
  get braces(): number {
    return this.#braces;
  }

  /**
   * Goes past the rest of a broken statement: out of the braces that it has opened since it started,
   * or else to after its `;` or its block, or to the `}` around it.
   */
  recover(failure: SyntaxFailure, bracesBefore: number): void {
    if (this.#braces > bracesBefore) {
      while (this.#braces > bracesBefore && this.lexer.kind !== Token.end) {
        if (!this.accept("{") && !this.accept("}")) this.lexer.next();
      }
      this.#braces = bracesBefore;
      this.accept(";");
    } else if (failure.recovery === "skip") {
      this.skipStatement();
    }
  }

  skipStatement(): void {
    const { lexer } = this;
    while (lexer.kind !== Token.end && !lexer.is("}")) {
      if (lexer.is("{")) {
        this.skipBlock();
        return;
      }
      const isEnd = lexer.is(";");
      lexer.next();
      if (isEnd) return;
    }
  }

  /** From `{` to after its `}`. */
  skipBlock(): void {
    let depth = 0;
    do {
      if (this.lexer.is("{")) depth += 1;
      else if (this.lexer.is("}")) depth -= 1;
      this.lexer.next();
    } while (depth > 0 && this.lexer.kind !== Token.end);
  }
}

/** One or two hexadecimal digits as a number, NaN for anything else: registrations are full of them. */
function octetAt(text: string, start: number, end: number): number {
  if (end - start > 2) return Number.NaN;
  let octet = 0;
  for (let index = start; index < end; index += 1) {
    octet = octet * 16 + hexDigit(text.charCodeAt(index));
  }
  return octet;
}

function hexDigit(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  const lower = character | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : Number.NaN;
}
