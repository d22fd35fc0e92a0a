import type { Diagnostic } from "./diagnostic.ts";
import { misreadHint, QUOTE_HINT } from "./hints.ts";
import { type Lexer, Token } from "./lexer.ts";

/** More would not help, and each one costs a walk through the file. */
export const DIAGNOSTICS_MAX = 100;

const LAST_HINT = `there may be more: ${DIAGNOSTICS_MAX} are shown.`;
const MESSAGE_MAX = 300;
const BLOCK_TEXT_MAX = 60;

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

/** The tokens of the file being read, what has been found wrong so far, and how to go on after it. */
export class TokenReader {
  lexer: Lexer;
  readonly errors: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  #endReported = false;
  /** Where the blocks that are being read begin. */
  readonly #open: { readonly lexer: Lexer; readonly at: number; readonly braces: number }[] = [];
  /** How many braces are open. */
  braces = 0;

  constructor(lexer: Lexer) {
    this.lexer = lexer;
  }

  /** Offset of the current token, for a message that comes later. */
  get at(): number {
    return this.lexer.start;
  }

  /** Offset of the brace that ended the last block: dhcpd reports there what the block lacks. */
  get closedAt(): number {
    return Math.max(0, this.lexer.previousEnd - 1);
  }

  /** Notes an error that does not keep the statement from being understood. */
  report(message: string, hint?: string, at: number = this.at): void {
    const isLast = this.errors.length === DIAGNOSTICS_MAX - 1;
    this.errors.push(this.#diagnostic(message, isLast ? LAST_HINT : hint, at));
    if (isLast) throw new TooManyErrors();
  }

  warn(message: string, hint?: string, at: number = this.at): void {
    if (this.warnings.length >= DIAGNOSTICS_MAX) return;
    this.warnings.push(this.#diagnostic(message, hint, at));
  }

  /** Notes an error and gives the whole file up. */
  giveUp(message: string): never {
    this.errors.push(this.#diagnostic(message, undefined, this.at));
    throw new TooManyErrors();
  }

  /** Notes an error and gives the statement up. */
  fail(message: string, hint?: string, at: number = this.at): never {
    this.report(message, hint, at);
    if (hint === QUOTE_HINT) this.#leaveQuote(at);
    throw new SyntaxFailure("skip");
  }

  /**
   * A typographic quote opens no string, so a straight one after it would begin a string that swallows
   * what follows: goes on where the statement ends, whatever quotes stand there.
   */
  #leaveQuote(at: number): void {
    const { text } = this.lexer.file;
    let end = at;
    while (end < text.length && !";{}\n".includes(text[end])) end += 1;
    this.lexer.rewind(end);
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
    if (punctuation === "{") this.braces += 1;
    else if (punctuation === "}") this.braces -= 1;
    this.lexer.next();
    return true;
  }

  expect(punctuation: string, message: string): void {
    if (!this.accept(punctuation)) this.unexpected(message);
  }

  /** Takes a `{` and remembers what it opens, in case the file ends before its `}`. */
  openBrace(message: string, hint?: string): void {
    const { lexer, at } = this;
    if (!this.accept("{")) this.unexpected(message, hint);
    this.#open.push({ lexer, at, braces: this.braces });
  }

  /**
   * Takes the `}` of the innermost block; at the end of the file it reports the block as still
   * open.
   */
  closeBrace(): void {
    const opened = this.#open.pop();
    if (this.accept("}")) return;
    if (this.lexer.kind !== Token.end) this.unexpected("right brace expected.");
    if (opened !== undefined && opened.lexer === this.lexer) this.reportEnd(opened.at);
    else this.reportEnd();
  }

  /** Takes the keyword if it is there. */
  acceptWord(word: string): boolean {
    if (this.lexer.word !== word) return false;
    this.lexer.next();
    return true;
  }

  expectWord(word: string): void {
    if (!this.acceptWord(word)) this.unexpected(`expecting "${word}".`);
  }

  /** Takes the `;` of a statement. A next line that goes on without one is fine by itself. */
  endStatement(): void {
    if (this.accept(";")) return;
    if (this.lexer.kind === Token.end) this.failAtEnd();
    this.report("semicolon expected.");
    throw new SyntaxFailure(this.lexer.is("}") || this.lexer.startsLine ? "stay" : "skip");
  }

  /** Reports one of the blocks still open at the end of a file; one message is enough. */
  reportEnd(openedAt?: number): void {
    if (this.#endReported) return;
    this.#endReported = true;
    // Where the last token ends: past it there may be nothing but empty lines.
    const at = this.lexer.previousEnd;
    if (openedAt === undefined) {
      this.report("unexpected end of file", "a } or a ; is missing.", at);
      return;
    }
    const { line, text } = this.lexer.file.placeOf(openedAt);
    const block = text.trim().slice(0, BLOCK_TEXT_MAX);
    this.report("unexpected end of file", `the block of line ${line} is not closed: ${block}`, at);
  }

  protected failAtEnd(): never {
    this.reportEnd();
    throw new SyntaxFailure("stay");
  }

  /** Reports an unexpected token. A word that is nearly right gets a suggestion. */
  protected unexpected(message: string, hint = misreadHint(this.lexer)): never {
    if (this.lexer.kind === Token.end) this.failAtEnd();
    this.fail(message, hint);
  }

  /**
   * Goes past the rest of a broken statement: out of the braces that it has opened since it started,
   * or else to after its `;` or its block, or to the `}` around it.
   */
  #recover(failure: SyntaxFailure, bracesBefore: number): void {
    while (this.#open.length > 0 && this.#open[this.#open.length - 1].braces > bracesBefore) {
      this.#open.pop();
    }
    if (this.braces > bracesBefore) {
      while (this.braces > bracesBefore && this.lexer.kind !== Token.end) {
        if (!this.accept("{") && !this.accept("}")) this.lexer.next();
      }
      this.braces = bracesBefore;
      this.accept(";");
    } else if (failure.recovery === "skip") {
      this.skipStatement();
    }
  }

  /** Parses items up to a `}` or the end of the file, which stay. After a broken item it goes on. */
  takeItems(parseItem: () => void): void {
    while (this.lexer.kind !== Token.end && !this.lexer.is("}")) {
      const { at, braces } = this;
      try {
        parseItem();
      } catch (error) {
        if (!(error instanceof SyntaxFailure)) throw error;
        this.#recover(error, braces);
        // Each turn must take something, or the loop would never end.
        if (this.at === at) this.lexer.next();
      }
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
