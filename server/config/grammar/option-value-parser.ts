import {
  encodeValue,
  type FieldType,
  type OptionType,
  type OptionValue,
} from "../../../protocol/dhcp/option-table.ts";
import { EncodeError } from "../../../protocol/encode-error.ts";
import { parseIpv6 } from "../../../protocol/ipv6.ts";
import { DATA_BYTES_MAX } from "../text/bytes.ts";
import { Token } from "../text/lexer.ts";
import type { Parser } from "./parser.ts";
import type { ParsedValue } from "./statement-target.ts";

const IPV6_TEXT_MAX = 45;
const TOO_MANY = `more than ${DATA_BYTES_MAX} values.`;
const NAME_PARTS = 4;

/** A host name that stands where an address is expected. */
class NamedAddress {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

type FieldValue = OptionValue | NamedAddress;

// A negative number is read as the unsigned number with the same bits: -1 is an infinite time.
const integerRanges: Partial<Record<FieldType, readonly [min: number, max: number]>> = {
  u8: [-0x80, 0xff],
  u16: [-0x8000, 0xffff],
  u32: [-0x8000_0000, 0xffff_ffff],
  s8: [-0x80, 0x7f],
  s16: [-0x8000, 0x7fff],
  s32: [-0x8000_0000, 0x7fff_ffff],
};

/**
 * The value of an option in the syntax of its type: the fields of a record are separated by blanks,
 * records by commas.
 */
export function parseOptionValue(parser: Parser, type: OptionType): ParsedValue {
  const { at } = parser;
  const values: FieldValue[] = [];
  for (const field of type.fields) parseField(parser, field, values);
  const again = type.repeat === "all" ? type.fields : type.fields.slice(-1);
  while (type.repeat !== "none" && parser.accept(",")) {
    if (values.length > DATA_BYTES_MAX) parser.fail(TOO_MANY, undefined, at);
    for (const field of again) parseField(parser, field, values);
  }
  if (values.some((value) => value instanceof NamedAddress)) return named(type, values);
  try {
    return { constant: encodeValue(type, values as OptionValue[]) };
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    return parser.fail(error.message, undefined, at);
  }
}

function parseField(parser: Parser, field: FieldType, values: FieldValue[]): void {
  const range = integerRanges[field];
  if (range !== undefined) {
    const number = parser.takeNumber(range[0], range[1]);
    values.push(number < 0 && field.startsWith("u") ? number + range[1] + 1 : number);
    return;
  }
  const isString = parser.lexer.kind === Token.string;
  switch (field) {
    case "ip":
      values.push(parser.isDottedQuad ? parser.takeIpv4() : new NamedAddress(takeHostName(parser)));
      return;
    case "ip6":
      values.push(takeIpv6(parser));
      return;
    case "flag":
      values.push(parser.takeFlag());
      return;
    case "text":
      values.push(isString ? parser.takeString("") : parser.takeIdentifier("expecting string."));
      return;
    case "bytes":
      values.push(
        isString
          ? parser.takeString("")
          : parser.takeHexList("expecting string or hexadecimal data."),
      );
      return;
    case "domain":
      values.push(parser.takeDotted("not a valid domain name."));
      return;
    default:
      values.push(takeDomains(parser));
  }
}

/** An address like 2001:db8::1; its parts are words and colons for the lexer. */
function takeIpv6(parser: Parser): string {
  const { lexer, at } = parser;
  let text = "";
  while (lexer.kind === Token.word || lexer.is(":") || lexer.is(".")) {
    text += lexer.is(":") ? ":" : lexer.is(".") ? "." : lexer.raw;
    lexer.next();
    if (text.length > IPV6_TEXT_MAX) break;
  }
  if (parseIpv6(text) !== undefined) return text;
  return parser.fail("expecting an IPv6 address.", "it is like 2001:db8::1.", at);
}

function takeDomains(parser: Parser): string[] {
  const names: string[] = [];
  do {
    if (names.length > DATA_BYTES_MAX) parser.fail(TOO_MANY);
    names.push(parser.takeText("expecting a quoted domain name."));
  } while (parser.accept(","));
  return names;
}

/** A host name that stands for its addresses. */
export function takeHostName(parser: Parser): string {
  const name = parser.takeDotted("expecting an IP address or a host name.").toLowerCase();
  parser.countParts(NAME_PARTS);
  parser.hostNames.add(name);
  return name;
}

/**
 * The value once its host names are resolved. One that cannot be is left out of a list; without any
 * address at all the value is null, and nothing is sent.
 */
function named(type: OptionType, values: readonly FieldValue[]): ParsedValue {
  const isList = type.repeat !== "none";
  return {
    evaluate: ({ resolve }) => {
      const resolved: OptionValue[] = [];
      for (const value of values) {
        if (!(value instanceof NamedAddress)) {
          resolved.push(value);
          continue;
        }
        const addresses = resolve?.(value.name) ?? [];
        // Only in a plain list of addresses may one name stand for none or for several.
        const isPlain = isList && type.fields.length === 1;
        if (!isPlain && addresses.length === 0) return undefined;
        resolved.push(...(isPlain ? addresses : addresses.slice(0, 1)));
      }
      return resolved.length === 0 ? undefined : encodeValue(type, resolved);
    },
  };
}
