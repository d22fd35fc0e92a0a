import type { Prng } from "../../../base/prng.ts";

/** Where a file of the campaign includes itself, and one that includes it. */
export const OWN_FILE = "expressions.conf";
export const OTHER_FILE = "others.conf";
/** One that is fine. */
export const PLAIN_FILE = "plain.conf";

const words = ["a", "docsis", "CM-0", "", "\\000", "\\x41", 'q\\"q', "%", "ü"];
const octets = ["00", "1:2:3", "ff:ff:ff:ff", "02:10:00:00:00:01", "7f"];
const names = ["nam", "other", "seen", "ddns-fwd-name"];
const functionNames = ["fun", "twice"];
const options = [
  ...["host-name", "vendor-class-identifier", "agent.remote-id", "agent.circuit-id", "own"],
  ...["dhcp-message-type", "user-class", "domain-name", "unknown-250", "fqdn.hostname"],
];
const numbers = ["0", "1", "8", "-1", "65535", "4294967295", "-2147483648"];
const patternPieces = [
  ...["a", "b", "(", ")", "|", "*", "+", "?", "^", "$", ".", "[ab]", "[^a]", "{2}", "{1,255}"],
  ...["[a-z]", "\\\\.", "[[:alpha:]]", "\\\\w", "{", "(a*)*", "(a|a)*", "{255}", "((", "))"],
];

/** As deep as an expression is by chance; deeper ones are made on purpose. */
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

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** A small dhcpd.conf. */
  file(): string {
    const count = 1 + this.#below(5);
    const head = ["option own code 251 = text;", this.#definition()];
    return [...head, ...this.#times(count, () => this.#declaration())].join("\n");
  }

  #declaration(): string {
    this.count += 1;
    switch (this.#below(24)) {
      case 0:
      case 1:
      case 2:
        return `class "c${this.#number()}" { match if ${this.#boolean(DEPTH)}; }`;
      case 3:
      case 4:
        return `class "s${this.#number()}" { ${this.#pick(["match", "spawn with"])} ${this.#data(DEPTH)}; }`;
      case 5:
        return `include "${this.#pick([PLAIN_FILE, PLAIN_FILE, OWN_FILE, OTHER_FILE, "none.conf"])}";`;
      case 6:
        return this.#bomb();
      default:
        return this.#statement(2);
    }
  }

  #number(): number {
    return this.#below(1_000_000);
  }

  #statement(depth: number): string {
    if (depth <= 0) return `set ${this.#pick(names)} = ${this.#any(DEPTH)};`;
    switch (this.#below(13)) {
      case 0:
        return `filename = ${this.#data(DEPTH)};`;
      case 1:
        return `option ${this.#pick(["host-name", "own", "domain-name"])} = ${this.#data(DEPTH)};`;
      case 2:
        return `if ${this.#boolean(DEPTH)} { ${this.#statement(depth - 1)} } elsif ${this.#boolean(2)} { } else { ${this.#statement(depth - 1)} }`;
      case 3:
        return `set ${this.#pick(names)} = ${this.#any(DEPTH)};`;
      case 4:
        return `log (info, ${this.#data(DEPTH)});`;
      case 5:
        return `switch (${this.#data(2)}) { case ${this.#data(1)}: ${this.#statement(depth - 1)} break; default: ${this.#statement(depth - 1)} }`;
      case 6:
        return `switch (lease-time + ${this.#numeric(2)}) { case ${this.#numeric(1)}: ${this.#statement(depth - 1)} break; }`;
      case 7:
        return `if ${this.#pattern()} { ${this.#statement(depth - 1)} }`;
      case 8:
        return this.#definition();
      case 9:
        return `on ${this.#pick(["commit", "release", "expiry", "commit or expiry"])} { ${this.#statement(depth - 1)} }`;
      case 10:
        return `${this.#pick(["append", "prepend", "default", "supersede"])} ${this.#pick(["own", "host-name"])} = ${this.#data(3)};`;
      case 11:
        return `unset ${this.#pick(names)};`;
      case 12:
        return `eval ${this.#any(DEPTH)};`;
      default:
        return `${this.#pick(functionNames)} (${this.#any(2)});`;
    }
  }

  /** A function that may well call itself, or the other one that calls it. */
  #definition(): string {
    this.count += 1;
    const name = this.#pick(functionNames);
    const parameter = this.#pick(["arg", "nam"]);
    const call = `${this.#pick(functionNames)} (${this.#pick([parameter, this.#any(2)])})`;
    const value = this.#pick([call, `concat (${call}, ${call})`, this.#any(3)]);
    return `define ${name} (${parameter}) { set seen = ${this.#any(2)}; if ${this.#boolean(2)} { return ${value}; } return concat (${parameter}, ${this.#data(2)}); }`;
  }

  #data(depth: number): string {
    if (depth <= 0) return this.#pick([this.#literal(), this.#leaf()]);
    const inner = (): string => this.#data(depth - 1 - this.#below(2));
    switch (this.#below(14)) {
      case 0:
        return `concat (${this.#times(2 + this.#below(3), inner).join(", ")})`;
      case 1:
        return `substring (${inner()}, ${this.#numeric(1)}, ${this.#numeric(1)})`;
      case 2:
        return `suffix (${inner()}, ${this.#numeric(1)})`;
      case 3:
        return `${this.#pick(["lcase", "ucase"])} (${inner()})`;
      case 4:
        return `reverse (${this.#numeric(1)}, ${inner()})`;
      case 5:
        return `encode-int (${this.#numeric(depth - 1)}, ${this.#width()})`;
      case 6:
        return `binary-to-ascii (${this.#numeric(1)}, ${this.#width()}, ${this.#data(0)}, ${inner()})`;
      case 7:
        return `pick-first-value (${this.#times(1 + this.#below(3), inner).join(", ")})`;
      case 8:
        return `config-option ${this.#pick([...options, "server.filename"])}`;
      case 9:
        return `packet (${this.#numeric(1)}, ${this.#numeric(1)})`;
      case 10:
        return `${this.#pick(functionNames)} (${this.#any(depth - 2)})`;
      case 11:
        return this.#pick(names);
      default:
        return this.#leaf();
    }
  }

  #leaf(): string {
    return this.#pick([
      ...[`option ${this.#pick(options)}`, "hardware", "leased-address", "host-decl-name", "null"],
      ...["filename", "server-name", "gethostname ()", 'gethostbyname ("a.example")'],
    ]);
  }

  #literal(): string {
    return this.#below(2) === 0 ? `"${this.#pick(words)}"` : this.#pick(octets);
  }

  #numeric(depth: number): string {
    if (depth <= 0) return this.#pick(numbers);
    const inner = (): string => this.#numeric(depth - 1);
    switch (this.#below(5)) {
      case 0:
        return `extract-int (${this.#data(depth - 1)}, ${this.#width()})`;
      case 1:
        return `(${inner()} ${this.#pick(["+", "-", "*", "/", "%", "&", "|", "^"])} ${inner()})`;
      case 2:
        return this.#pick(["lease-time", "client-state", "nxdomain", this.#pick(names)]);
      default:
        return this.#pick(numbers);
    }
  }

  #boolean(depth: number): string {
    if (depth <= 0) return this.#pick(["known", "static", 'check "default"', "defined (nam)"]);
    const inner = (): string => this.#boolean(depth - 1);
    switch (this.#below(7)) {
      case 0:
        return `${inner()} ${this.#pick(["and", "or"])} ${inner()}`;
      case 1:
        return `not (${inner()})`;
      case 2:
        return `${this.#data(depth - 1)} ${this.#pick(["=", "!="])} ${this.#data(depth - 1)}`;
      case 3:
        return `lease-time ${this.#pick(["=", "!="])} ${this.#numeric(depth - 1)}`;
      case 4:
        return `exists ${this.#pick(options)}`;
      case 5:
        return this.#pattern();
      default:
        return `(${inner()})`;
    }
  }

  #pattern(): string {
    const pattern = this.#times(1 + this.#below(12), () => this.#pick(patternPieces)).join("");
    const right = this.#below(8) === 0 ? this.#data(2) : `"${pattern}"`;
    return `${this.#data(2)} ${this.#pick(["~=", "~~"])} ${right}`;
  }

  #any(depth: number): string {
    // A number alone would be read as hexadecimal digits.
    const numeric = `lease-time + ${this.#numeric(depth)}`;
    return this.#pick([this.#data(depth), numeric, this.#boolean(depth)]);
  }

  /** What is deep, long or large, just within a limit or far beyond it. */
  #bomb(): string {
    const deep = 1 + this.#below(DEEP_MAX);
    const long = 1 + this.#below(LONG_MAX);
    switch (this.#below(12)) {
      case 0:
        return `filename = ${"concat (".repeat(deep)}"x"${', "y")'.repeat(deep)};`;
      case 1:
        return `if ${"(".repeat(deep)}known${")".repeat(deep)} { }`;
      case 2:
        return `if ${"not ".repeat(deep)}known { }`;
      case 3:
        return `if known${` ${this.#pick(["or", "and"])} ${this.#boolean(1)}`.repeat(long)} { }`;
      case 4:
        return `set nam = lease-time${` ${this.#pick(["+", "*", "& 3 +"])} ${this.#numeric(0)}`.repeat(long)};`;
      case 5:
        // Now and then: it is much to read.
        return `filename "${"x".repeat(this.#below(50) === 0 ? LONG_TEXT_MAX : long)}";`;
      case 6:
        return `option own = concat (${this.#times(20, () => this.#leaf()).join(", ")});\nset nam = concat (nam, nam, nam, option vendor-class-identifier);`.repeat(
          1 + this.#below(10),
        );
      case 7:
        return `if option vendor-class-identifier ~= "${this.#pick(["(a*)*", "(a|aa)+", "((a{1,60}){1,5})*", "a{255}{255}"])}${"(x+x+)+".repeat(this.#below(40))}$" { }`;
      case 8:
        return `${"if known { ".repeat(deep)}${"} ".repeat(deep)}`;
      case 9:
        return `filename = ${this.#pick(["pick (", "concat ("])}${"hardware, ".repeat(long)}null);`;
      case 10:
        return `option own = config-option host-name; option host-name = concat (config-option own, config-option own, ${this.#data(2)});`;
      default:
        return `set nam = ${"1:".repeat(long)}1;\nif nam ~= "${"[a-z]*".repeat(this.#below(200))}" { }`;
    }
  }

  #width(): string {
    return this.#below(200) === 0 ? "7" : this.#pick(["8", "16", "32"]);
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
/** Of a longer text only the beginning is changed. */
const CHANGED_MAX = 20_000;

/** The text with one to three slips in it: tokens left out, doubled, swapped or put in. */
export function slipped(text: string, prng: Prng): string {
  let changed = text.slice(0, CHANGED_MAX);
  for (let slips = 1 + prng.nextBelow(SLIPS_MAX); slips > 0; slips -= 1) {
    const tokens = [...changed.matchAll(token)];
    if (tokens.length === 0) break;
    const { index, 0: word } = tokens[prng.nextBelow(tokens.length)]!;
    const other = tokens[prng.nextBelow(tokens.length)]![0];
    const stray = strays[prng.nextBelow(strays.length)]!;
    const put = ["", `${word} ${word}`, other, stray, `${stray} ${word}`][prng.nextBelow(5)]!;
    changed = changed.slice(0, index) + put + changed.slice(index + word.length);
  }
  return changed + text.slice(CHANGED_MAX);
}
