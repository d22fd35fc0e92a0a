import type { FieldType, OptionType } from "../../../protocol/dhcp/option-table.ts";
import { type TagWidth, tagMax } from "../language/option-registry.ts";
import { suggestion } from "../text/hints.ts";
import { missingSpace } from "./option-name.ts";
import type { Parser } from "./parser.ts";

/** After `option space`: `NAME [code width W] [length width W] [hash size N];` */
export function parseOptionSpace(parser: Parser): void {
  const { at } = parser;
  const name = parser.takeIdentifier("expecting identifier.");
  let codeWidth: TagWidth = 1;
  let lengthWidth: TagWidth = 1;
  for (;;) {
    if (parser.acceptWord("code")) {
      parser.expectWord("width");
      codeWidth = takeWidth(parser, [1, 2, 4]);
    } else if (parser.acceptWord("length")) {
      parser.expectWord("width");
      lengthWidth = takeWidth(parser, [1, 2]);
    } else if (parser.acceptWord("hash")) {
      // A hint for dhcpd's hash table; our lookup needs none.
      parser.expectWord("size");
      parser.takeNumber(1, 0xffff_ffff);
    } else {
      break;
    }
  }
  parser.endStatement();
  if (parser.registry.space(name) !== undefined) {
    const message = `option space ${name} is declared again: the options that it had are forgotten.`;
    parser.warn(message, "declare it once, before its options.", at);
  }
  guarded(parser, at, () => parser.registry.addSpace(name, codeWidth, lengthWidth));
}

function takeWidth(parser: Parser, allowed: readonly TagWidth[]): TagWidth {
  const { at } = parser;
  const width = parser.takeNumber(0, 4);
  const found = allowed.find((candidate) => candidate === width);
  return found ?? parser.fail(`invalid width ${width}: not ${allowed.join(", ")}.`, undefined, at);
}

/** After `option NAME` or `option SPACE.NAME`, where `code N = TYPE;` follows. */
export function parseOptionDefinition(
  parser: Parser,
  spaceName: string,
  name: string,
  nameAt: number,
): void {
  parser.expectWord("code");
  const codeAt = parser.at;
  const code = parser.takeNumber(0, 0xffff_ffff);
  parser.expect("=", "expecting '='");
  const type = parseOptionType(parser);
  parser.endStatement();
  const space = parser.registry.space(spaceName);
  if (space === undefined) {
    parser.report(...missingSpace(parser, spaceName), nameAt);
    return;
  }
  // 255 ends the options of a message.
  const max = space === parser.registry.dhcp ? 254 : tagMax(space.codeWidth);
  if (code > max) {
    parser.report(
      `code ${code} does not fit: the highest of this space is ${max}.`,
      undefined,
      codeAt,
    );
    return;
  }
  guarded(parser, nameAt, () => parser.registry.define(space, code, name, type));
}

/** The registry's limits are an operator's mistake here. */
function guarded(parser: Parser, at: number, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    parser.report(error.message, undefined, at);
  }
}

/** A type, an `array of` one, or a record in braces whose last field may be an array. */
function parseOptionType(parser: Parser): OptionType {
  const { at } = parser;
  if (parser.acceptWord("encapsulate")) {
    const space = parser.takeIdentifier("expecting option space identifier");
    if (parser.registry.space(space) === undefined) {
      parser.fail(...missingSpace(parser, space), at);
    }
    return { fields: ["bytes"], repeat: "none", encapsulates: space };
  }
  // An option that is there or not, and has no value.
  if (parser.acceptWord("zerolen")) return { fields: [], repeat: "none" };
  const isArray = parser.acceptWord("array");
  if (isArray) parser.expectWord("of");
  if (!parser.accept("{")) {
    const field = parseFieldType(parser);
    checkRest(parser, [field], isArray, at);
    return { fields: [field], repeat: isArray ? "all" : "none" };
  }
  const fields: FieldType[] = [];
  let lastRepeats = false;
  do {
    if (lastRepeats) {
      const message = "an array in mid-record is valid for ISC dhcpd but not supported yet.";
      parser.fail(message, "only the last field can be an array.");
    }
    lastRepeats = parser.acceptWord("array");
    if (lastRepeats) parser.expectWord("of");
    fields.push(parseFieldType(parser));
  } while (parser.accept(","));
  parser.expect("}", "expecting right brace.");
  if (isArray && lastRepeats) parser.fail("an array of records cannot hold arrays.", undefined, at);
  checkRest(parser, fields, isArray || lastRepeats, at);
  return { fields, repeat: isArray ? "all" : lastRepeats ? "last" : "none" };
}

const openEnded: readonly FieldType[] = [
  ...(["text", "bytes", "domain", "domains", "domains-compressed"] as const),
];

/**
 * A field without a length of its own takes the rest, so nothing can follow it. The list is
 * dhcpd's.
 */
function checkRest(parser: Parser, fields: readonly FieldType[], repeats: boolean, at: number) {
  const place = fields.findIndex((field) => openEnded.includes(field));
  if (place < 0 || (place === fields.length - 1 && !repeats)) return;
  const what = repeats && place === fields.length - 1 ? "arrays of text" : "text in mid-record";
  parser.fail(`${what} not yet supported.`, "text, string and domain types come last, once.", at);
}

const typeNames: readonly string[] = [
  ...["ip-address", "ip6-address", "text", "string", "boolean", "integer", "signed", "unsigned"],
  ...["domain-name", "domain-list", "encapsulate", "array", "zerolen"],
];

/** Types of one word. */
const plainTypes: Readonly<Record<string, FieldType>> = {
  "ip-address": "ip",
  "ip6-address": "ip6",
  text: "text",
  string: "bytes",
  boolean: "flag",
  "domain-name": "domain",
};

function parseFieldType(parser: Parser): FieldType {
  const { at } = parser;
  const word = parser.takeWord("unknown data type").toLowerCase();
  if (Object.hasOwn(plainTypes, word)) return plainTypes[word];
  switch (word) {
    case "domain-list":
      return parser.acceptWord("compressed") ? "domains-compressed" : "domains";
    case "integer":
      return integerType(parser, true);
    case "signed":
    case "unsigned":
      parser.expectWord("integer");
      return integerType(parser, word === "signed");
    case "zerolen":
    case "encapsulate":
      return parser.fail(
        `${word} in a record is valid for ISC dhcpd but not supported yet.`,
        "define it as an option of its own.",
        at,
      );
    default:
      return parser.fail(`unknown data type ${word.slice(0, 60)}`, suggestion(word, typeNames), at);
  }
}

function integerType(parser: Parser, isSigned: boolean): FieldType {
  const { at } = parser;
  const bits = parser.takeNumber(0, 0xffff);
  if (bits === 8) return isSigned ? "s8" : "u8";
  if (bits === 16) return isSigned ? "s16" : "u16";
  if (bits === 32) return isSigned ? "s32" : "u32";
  return parser.fail(`${bits} bit precision is not supported.`, "8, 16 or 32 are.", at);
}
