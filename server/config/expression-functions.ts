import {
  binaryToAscii,
  changeCase,
  computedData,
  concat,
  encodeInteger,
  hardware,
  hostDeclName,
  leasedAddress,
  nullData,
  packetData,
  packetFileName,
  packetServerName,
  pickFirstValue,
  reverse,
  substring,
  suffix,
} from "./data-expressions.ts";
import type { DataExpression, Expression, NumericExpression } from "./expression.ts";
import { exists, extractInteger, isStatic, known } from "./logic-expressions.ts";
import { takeOption } from "./option-name.ts";
import { packetOption } from "./option-reader.ts";
import { type ParameterName, parameterOf, parameterSlots } from "./parameters.ts";
import type { Parser } from "./parser.ts";

/** What stands between the parentheses of a function. */
export interface Arguments {
  readonly parser: Parser;
  data(): DataExpression;
  numeric(): NumericExpression;
}

/** Parses what follows the function's name, which has been taken. */
export type ExpressionFunction = (given: Arguments) => Expression;

/** The functions and constants of dhcp-eval(5) that are supported (CONF-12). */
const functions: Readonly<Record<string, ExpressionFunction>> = {
  option: ({ parser }) => packetOption(takeOption(parser), parser.registry),
  "config-option": ({ parser }) => configOption(parser),
  exists: ({ parser }) => exists(packetOption(takeOption(parser), parser.registry)),
  known: () => known,
  static: () => isStatic,
  hardware: () => hardware,
  "leased-address": () => leasedAddress,
  "host-decl-name": () => hostDeclName,
  filename: () => packetFileName,
  "server-name": () => packetServerName,
  null: () => nullData,
  substring: (given) =>
    inParentheses(given.parser, () => {
      const data = given.data();
      const offset = nextNumeric(given);
      return substring(data, offset, nextNumeric(given));
    }),
  suffix: (given) =>
    inParentheses(given.parser, () => {
      const data = given.data();
      return suffix(data, nextNumeric(given));
    }),
  concat: (given) => concat(allData(given)),
  "pick-first-value": (given) => pickFirstValue(allData(given)),
  lcase: (given) => inParentheses(given.parser, () => changeCase(given.data(), "lower")),
  ucase: (given) => inParentheses(given.parser, () => changeCase(given.data(), "upper")),
  reverse: (given) =>
    inParentheses(given.parser, () => {
      const width = given.numeric();
      return reverse(width, nextData(given));
    }),
  packet: (given) =>
    inParentheses(given.parser, () => {
      const offset = given.numeric();
      return packetData(offset, nextNumeric(given));
    }),
  "binary-to-ascii": (given) =>
    inParentheses(given.parser, () => {
      const base = given.numeric();
      const width = nextNumeric(given);
      const separator = nextData(given);
      return binaryToAscii(base, width, separator, nextData(given));
    }),
  "encode-int": (given) =>
    inParentheses(given.parser, () => {
      const number = given.numeric();
      return encodeInteger(number, nextWidth(given.parser));
    }),
  "extract-int": (given) =>
    inParentheses(given.parser, () => {
      const data = given.data();
      return extractInteger(data, nextWidth(given.parser));
    }),
};

export function expressionFunction(name: string): ExpressionFunction | undefined {
  return Object.hasOwn(functions, name) ? functions[name] : undefined;
}

/** Reads what the statements so far have set: an option, or `server.PARAMETER`. */
function configOption(parser: Parser): Expression {
  let slot: number;
  if (parser.lexer.word === "server" && parser.lexer.isFollowedBy(".")) {
    parser.lexer.next();
    parser.lexer.next();
    const { at } = parser;
    const name = parser.takeWord("expecting identifier after '.'").toLowerCase();
    if (parameterOf(name) === undefined) {
      parser.fail(`unknown option server.${name}`, undefined, at);
    }
    slot = parameterSlots[name as ParameterName];
  } else {
    slot = parser.registry.slotFor(takeOption(parser));
  }
  return computedData((_, settings) => settings?.valueAt(slot));
}

function inParentheses(parser: Parser, parse: () => Expression): Expression {
  parser.expect("(", "left parenthesis expected.");
  const expression = parse();
  parser.expect(")", "right parenthesis expected.");
  return expression;
}

function allData(given: Arguments): DataExpression[] {
  const { parser } = given;
  const parts: DataExpression[] = [];
  parser.expect("(", "left parenthesis expected.");
  do parts.push(given.data());
  while (parser.accept(","));
  parser.expect(")", "right parenthesis expected.");
  return parts;
}

function nextData(given: Arguments): DataExpression {
  given.parser.expect(",", "comma expected.");
  return given.data();
}

function nextNumeric(given: Arguments): NumericExpression {
  given.parser.expect(",", "comma expected.");
  return given.numeric();
}

/** The width of an integer in bits, which must be written out. */
function nextWidth(parser: Parser): number {
  parser.expect(",", "comma expected.");
  const { at } = parser;
  const bits = parser.takeNumber(0, 0xffff);
  if (bits === 8 || bits === 16 || bits === 32) return bits;
  return parser.fail("width must be 8, 16 or 32.", undefined, at);
}
