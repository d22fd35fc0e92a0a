const REPEAT_MAX = 255;
const NESTING_MAX = 32;

/** An invalid pattern; `isForeign` when only the C library's extensions make it valid. */
export class PatternError extends Error {
  override readonly name = "PatternError";
  readonly isForeign: boolean;

  constructor(message: string, isForeign = false) {
    super(message);
    this.isForeign = isForeign;
  }
}

/** The nodes of a pattern; a set has a 1 for every byte that it contains. */
export type PatternNode =
  | { readonly kind: "set"; readonly set: Uint8Array }
  | { readonly kind: "start" | "end" }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly PatternNode[] }
  | {
      readonly kind: "repeat";
      readonly part: PatternNode;
      readonly min: number;
      readonly max: number;
    };

const classes = {
  alpha: (byte: number) => isLetter(byte),
  digit: (byte: number) => isDigit(byte),
  alnum: (byte: number) => isLetter(byte) || isDigit(byte),
  upper: (byte: number) => byte >= 0x41 && byte <= 0x5a,
  lower: (byte: number) => byte >= 0x61 && byte <= 0x7a,
  xdigit: (byte: number) => isDigit(byte) || /[a-f]/i.test(String.fromCharCode(byte)),
  space: (byte: number) => byte === 0x20 || (byte >= 9 && byte <= 13),
  blank: (byte: number) => byte === 0x20 || byte === 9,
  punct: (byte: number) => byte > 0x20 && byte < 0x7f && !isLetter(byte) && !isDigit(byte),
  print: (byte: number) => byte >= 0x20 && byte < 0x7f,
  graph: (byte: number) => byte > 0x20 && byte < 0x7f,
  cntrl: (byte: number) => byte < 0x20 || byte === 0x7f,
} as const;

function isLetter(byte: number): boolean {
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** One byte of the pattern a character; the grammar of POSIX.1, chapter 9.4 and 9.3.5. */
export class PatternParser {
  readonly #text: string;
  readonly #ignoreCase: boolean;
  #at = 0;
  #depth = 0;

  constructor(pattern: Uint8Array, ignoreCase: boolean) {
    this.#text = String.fromCharCode(...pattern);
    this.#ignoreCase = ignoreCase;
  }

  parse(): PatternNode {
    const node = this.#choice();
    if (this.#at < this.#text.length) throw new PatternError("unmatched )");
    return node;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #choice(): PatternNode {
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    return parts.length === 1 ? parts[0] : { kind: "choice", parts };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined || character === "|") break;
      if (character === ")" && this.#depth > 0) break;
      parts.push(this.#repeated());
    }
    return parts.length === 1 ? parts[0] : { kind: "sequence", parts };
  }

  #repeated(): PatternNode {
    if (this.#take("^")) return { kind: "start" };
    if (this.#take("$")) return { kind: "end" };
    // Nothing before it that could be repeated, nor an anchor.
    if (/[*+?{]/.test(this.#text[this.#at])) throw new PatternError("nothing to repeat");
    let part = this.#atom();
    for (;;) {
      const max = Number.POSITIVE_INFINITY;
      if (this.#take("*")) part = { kind: "repeat", part, min: 0, max };
      else if (this.#take("+")) part = { kind: "repeat", part, min: 1, max };
      else if (this.#take("?")) part = { kind: "repeat", part, min: 0, max: 1 };
      else if (this.#text[this.#at] === "{") part = this.#interval(part);
      else return part;
    }
  }

  #interval(part: PatternNode): PatternNode {
    const found = /^\{(\d*)(,?)(\d*)\}/.exec(this.#text.slice(this.#at, this.#at + 16));
    if (found === null || (found[1] === "" && found[2] === "")) {
      throw new PatternError("{ without a count");
    }
    this.#at += found[0].length;
    const min = Number(found[1]);
    const max =
      found[2] === "" ? min : found[3] === "" ? Number.POSITIVE_INFINITY : Number(found[3]);
    if (min > max) throw new PatternError("a count that is less than nothing");
    if (min > REPEAT_MAX || (max > REPEAT_MAX && max !== Number.POSITIVE_INFINITY)) {
      throw new PatternError(`a count of more than ${REPEAT_MAX}`);
    }
    return { kind: "repeat", part, min, max };
  }

  #atom(): PatternNode {
    const character = this.#text[this.#at];
    this.#at += 1;
    switch (character) {
      case "(":
        return this.#group();
      case "[":
        return { kind: "set", set: this.#bracket() };
      case ".":
        return { kind: "set", set: new Uint8Array(256).fill(1) };
      case "\\":
        return this.#escape();
      default:
        return this.#literal(character);
    }
  }

  #group(): PatternNode {
    if (this.#depth >= NESTING_MAX) throw new PatternError("too many groups inside each other");
    this.#depth += 1;
    const node = this.#choice();
    this.#depth -= 1;
    if (!this.#take(")")) throw new PatternError("unmatched (");
    return node;
  }

  #escape(): PatternNode {
    const character = this.#text[this.#at];
    if (character === undefined) throw new PatternError("a backslash at the end");
    this.#at += 1;
    switch (character) {
      case "w":
      case "W":
        return setOf((byte) => classes.alnum(byte) || byte === 0x5f, character === "W");
      case "s":
      case "S":
        return setOf(classes.space, character === "S");
      default:
        if (/[bB<>`'1-9]/.test(character)) {
          throw new PatternError(`\\${character} is an extension of the C library`, true);
        }
        return this.#literal(character);
    }
  }

  #literal(character: string): PatternNode {
    const set = new Uint8Array(256);
    this.#addByte(set, character.charCodeAt(0));
    return { kind: "set", set };
  }

  #addByte(set: Uint8Array, byte: number): void {
    set[byte] = 1;
    if (this.#ignoreCase && isLetter(byte)) set[byte ^ 0x20] = 1;
  }

  /** After `[`. */
  #bracket(): Uint8Array {
    const set = new Uint8Array(256);
    const isNegated = this.#take("^");
    let isFirst = true;
    while (isFirst || this.#text[this.#at] !== "]") {
      isFirst = false;
      if (this.#at >= this.#text.length) throw new PatternError("unmatched [");
      if (this.#text.startsWith("[:", this.#at)) {
        this.#addClass(set);
        continue;
      }
      const low = this.#bracketByte();
      const isRange = this.#text[this.#at] === "-" && this.#text[this.#at + 1] !== "]";
      if (isRange) this.#at += 1;
      const high = isRange ? this.#bracketByte() : low;
      if (high < low) throw new PatternError("a range that runs backwards");
      for (let byte = low; byte <= high; byte += 1) this.#addByte(set, byte);
    }
    this.#at += 1;
    return isNegated ? set.map((bit) => 1 - bit) : set;
  }

  #bracketByte(): number {
    const text = this.#text;
    const named = /^\[([.=])(.)\1\]/s.exec(text.slice(this.#at, this.#at + 5));
    if (named !== null) {
      this.#at += 5;
      return named[2].charCodeAt(0);
    }
    if (this.#at >= text.length) throw new PatternError("unmatched [");
    this.#at += 1;
    return text.charCodeAt(this.#at - 1);
  }

  #addClass(set: Uint8Array): void {
    const name = /^\[:([a-z]{1,8}):\]/.exec(this.#text.slice(this.#at, this.#at + 13))?.[1] ?? "";
    if (!Object.hasOwn(classes, name)) throw new PatternError("an unknown class of characters");
    this.#at += name.length + 4;
    for (let byte = 0; byte < 256; byte += 1) {
      if (classes[name as keyof typeof classes](byte)) this.#addByte(set, byte);
    }
  }
}

function setOf(test: (byte: number) => boolean, isNegated: boolean): PatternNode {
  const set = Uint8Array.from({ length: 256 }, (_, byte) => (test(byte) === isNegated ? 0 : 1));
  return { kind: "set", set };
}
