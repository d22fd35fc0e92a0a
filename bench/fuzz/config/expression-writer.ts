import type { Prng } from "../../../base/prng.ts";

/** The file of the campaign, which may include itself, and one that includes it. */
export const OWN_FILE = "expressions.conf";
export const OTHER_FILE = "others.conf";
/** A file without a mistake. */
export const PLAIN_FILE = "plain.conf";

/**
 * What may stand for a symbol; an entry that comes twice is twice as likely. Symbols are written in angle
 * brackets. Those that are not here are written by the writer itself.
 */
const grammar: Readonly<Record<string, readonly string[]>> = {
  declaration: [
    ...new Array<string>(3).fill('class "c<id>" { match if <boolean>; }'),
    ...['class "s<id>" { match <data>; }', 'class "s<id>" { spawn with <data>; }'],
    ...['include "<include>";', "<bomb>", ...new Array<string>(17).fill("<statement>")],
  ],
  statement: [
    ...["filename = <data>;", "option <own> = <data>;", "set <name> = <any>;", "eval <any>;"],
    ...["if <boolean> { <statement> } elsif <boolean> { } else { <statement> }"],
    ...["log (info, <data>);", "if <pattern> { <statement> }", "<definition>", "unset <name>;"],
    ...["switch (<data>) { case <data>: <statement> break; default: <statement> }"],
    ...["switch (lease-time + <numeric>) { case <numeric>: <statement> break; }"],
    ...["on <event> { <statement> }", "<change> <own> = <data>;"],
  ],
  // A function may well call itself, or the other one that calls it.
  definition: ["<call>", "concat (<call>, <call>)", "<any>"].map(
    (value) =>
      "define <function> (<parameter>) { set seen = <any>; " +
      `if <boolean> { return ${value}; } return concat (<parameter>, <data>); }`,
  ),
  call: ["<function> (<parameter>)", "<function> (<any>)"],
  data: [
    ...["concat (<data>, <data>)", "concat (<data>, <data>, <data>, <data>)", "<leaf>", "<leaf>"],
    ...["substring (<data>, <number>, <numeric>)", "suffix (<data>, <numeric>)", "<name>"],
    ...["lcase (<data>)", "ucase (<data>)", "reverse (<number>, <data>)", "<function> (<any>)"],
    ...[
      "encode-int (<numeric>, <width>)",
      "binary-to-ascii (<number>, <width>, <literal>, <data>)",
    ],
    ...["pick-first-value (<data>)", "pick-first-value (<data>, <data>, <data>)"],
    ...["config-option <option>", "config-option server.filename", "packet (<number>, <numeric>)"],
  ],
  leaf: [
    ...["option <option>", "hardware", "leased-address", "host-decl-name", "null", "filename"],
    ...["server-name", "gethostname ()", 'gethostbyname ("a.example")'],
  ],
  literal: ['"<word>"', "<octets>"],
  numeric: [
    ...["extract-int (<data>, <width>)", "(<numeric> <operator> <numeric>)", "<name>"],
    ...["lease-time", "client-state", "nxdomain", ...new Array<string>(6).fill("<number>")],
  ],
  boolean: [
    ...["<boolean> and <boolean>", "<boolean> or <boolean>", "not (<boolean>)", "(<boolean>)"],
    ...["<data> = <data>", "<data> != <data>", "lease-time = <numeric>", "lease-time != <numeric>"],
    ...["exists <option>", "exists <option>", "<pattern>", "<pattern>"],
  ],
  // A number alone would be read as hexadecimal digits.
  any: ["<data>", "lease-time + <numeric>", "<boolean>"],
  include: [PLAIN_FILE, PLAIN_FILE, OWN_FILE, OTHER_FILE, "none.conf"],
  change: ["append", "prepend", "default", "supersede"],
  event: ["commit", "release", "expiry", "commit or expiry"],
  own: ["own", "host-name", "domain-name"],
  parameter: ["arg", "nam"],
  name: ["nam", "other", "seen", "ddns-fwd-name"],
  function: ["fun", "twice"],
  word: ["a", "docsis", "CM-0", "", "\\000", "\\x41", 'q\\"q', "%", "ü"],
  octets: ["00", "1:2:3", "ff:ff:ff:ff", "02:10:00:00:00:01", "7f"],
  number: ["0", "1", "8", "-1", "65535", "4294967295", "-2147483648"],
  operator: ["+", "-", "*", "/", "%", "&", "|", "^"],
  option: [
    ...["host-name", "vendor-class-identifier", "agent.remote-id", "agent.circuit-id", "own"],
    ...["dhcp-message-type", "user-class", "domain-name", "unknown-250", "fqdn.hostname"],
  ],
};

/** What stands for a symbol that is as deep as it may be. */
const leaves: typeof grammar = {
  statement: ["set <name> = <any>;"],
  data: ["<literal>", "<leaf>"],
  numeric: ["<number>"],
  boolean: ["known", "static", 'check "default"', "defined (nam)"],
};

const patternPieces = [
  ...["a", "b", "(", ")", "|", "*", "+", "?", "^", "$", ".", "[ab]", "[^a]", "{2}", "{1,255}"],
  ...["[a-z]", "\\\\.", "[[:alpha:]]", "\\\\w", "{", "(a*)*", "(a|a)*", "{255}", "((", "))"],
];

/** As deep as statements, and the expressions in them, are by chance; deeper ones are made on purpose. */
const STATEMENT_DEPTH = 2;
const DEPTH = 5;
/** Past the limit of the parser. */
const DEEP_MAX = 200;
const LONG_MAX = 3000;
const LONG_TEXT_MAX = 200_000;

/** Writes statements with expressions of every kind, most of them right. The same draws, the same text. */
export class ExpressionWriter {
  /** Statements written so far; each has at least one expression in it. */
  count = 0;
  readonly #prng: Prng;
  readonly #special: Readonly<Record<string, () => string>> = {
    id: () => String(this.#below(1_000_000)),
    width: () => (this.#below(200) === 0 ? "7" : this.#pick(["8", "16", "32"])),
    pattern: () => this.#pattern(),
    bomb: () => this.#bomb(),
  };

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** A small dhcpd.conf. */
  file(): string {
    const count = 1 + this.#below(5);
    const head = ["option own code 251 = text;", this.#write("definition", 3)];
    const declarations = this.#times(count, () => this.#write("declaration", STATEMENT_DEPTH));
    return [...head, ...declarations].join("\n");
  }

  #write(symbol: string, depth: number): string {
    const special = this.#special[symbol];
    if (special !== undefined) return special();
    if (symbol === "declaration" || symbol === "definition") this.count += 1;
    const productions = (depth <= 0 ? leaves[symbol] : undefined) ?? grammar[symbol];
    const isExpression = symbol !== "declaration" && symbol !== "statement";
    return this.#pick(productions).replace(/<([a-z]+)>/g, (_, inner: string) => {
      if (inner === "statement") return this.#write(inner, depth - 1);
      const innerDepth = isExpression ? depth - 1 - this.#below(2) : DEPTH - this.#below(2);
      return this.#write(inner, innerDepth);
    });
  }

  #pattern(): string {
    const pattern = this.#times(1 + this.#below(12), () => this.#pick(patternPieces)).join("");
    const right = this.#below(8) === 0 ? this.#write("data", 2) : `"${pattern}"`;
    return `${this.#write("data", 2)} ${this.#pick(["~=", "~~"])} ${right}`;
  }

  /** A declaration that is deep, long or large, just within a limit or far beyond it. */
  #bomb(): string {
    const deep = 1 + this.#below(DEEP_MAX);
    const long = 1 + this.#below(LONG_MAX);
    const bombs = [
      () => `filename = ${"concat (".repeat(deep)}"x"${', "y")'.repeat(deep)};`,
      () => `if ${"(".repeat(deep)}known${")".repeat(deep)} { }`,
      () => `if ${"not ".repeat(deep)}known { }`,
      () =>
        `if known${` ${this.#pick(["or", "and"])} ${this.#write("boolean", 1)}`.repeat(long)} { }`,
      () =>
        `set nam = lease-time${` ${this.#pick(["+", "*", "& 3 +"])} ${this.#write("numeric", 0)}`.repeat(long)};`,
      // Now and then: it is much to read.
      () => `filename "${"x".repeat(this.#below(50) === 0 ? LONG_TEXT_MAX : long)}";`,
      () =>
        `option own = concat (${this.#times(20, () => this.#write("data", 0)).join(", ")});\nset nam = concat (nam, nam, nam, option vendor-class-identifier);`.repeat(
          1 + this.#below(10),
        ),
      () =>
        `if option vendor-class-identifier ~= "${this.#pick(["(a*)*", "(a|aa)+", "((a{1,60}){1,5})*", "a{255}{255}"])}${"(x+x+)+".repeat(this.#below(40))}$" { }`,
      () => `${"if known { ".repeat(deep)}${"} ".repeat(deep)}`,
      () => `filename = ${this.#pick(["pick (", "concat ("])}${"hardware, ".repeat(long)}null);`,
      () =>
        `option own = config-option host-name; option host-name = concat (config-option own, config-option own, ${this.#write("data", 2)});`,
      () =>
        `set nam = ${"1:".repeat(long)}1;\nif nam ~= "${"[a-z]*".repeat(this.#below(200))}" { }`,
    ];
    return this.#pick(bombs)();
  }

  #times(count: number, make: () => string): string[] {
    return Array.from({ length: count }, make);
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#below(items.length)] as Item;
  }

  #below(limit: number): number {
    return this.#prng.nextBelow(limit);
  }
}

const strays = [
  ...["{", "}", "(", ")", ";", ",", ".", ":", "=", "~=", "~~", "!", "-", "#", '"', "and", "not"],
  ...["option", "concat", "substring", "define", "include", "5", "0x", "ff", "\0", "\xff", "\\"],
];
const token = /"(?:[^"\\]|\\.)*"|[A-Za-z0-9_-]+|[^\sA-Za-z0-9_-]/g;
const SLIPS_MAX = 3;
/** Only the beginning of a longer text is changed. */
const CHANGED_MAX = 20_000;

/** The text with one to three slips in it: tokens left out, doubled, swapped or put in. */
export function slipped(text: string, prng: Prng): string {
  let changed = text.slice(0, CHANGED_MAX);
  for (let slips = 1 + prng.nextBelow(SLIPS_MAX); slips > 0; slips -= 1) {
    const tokens = [...changed.matchAll(token)];
    if (tokens.length === 0) break;
    const { index, 0: word } = tokens[prng.nextBelow(tokens.length)];
    const other = tokens[prng.nextBelow(tokens.length)][0];
    const stray = strays[prng.nextBelow(strays.length)];
    const put = ["", `${word} ${word}`, other, stray, `${stray} ${word}`][prng.nextBelow(5)];
    changed = changed.slice(0, index) + put + changed.slice(index + word.length);
  }
  return changed + text.slice(CHANGED_MAX);
}
