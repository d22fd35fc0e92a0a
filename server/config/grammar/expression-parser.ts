import { constantData } from "../language/data-expressions.ts";
import {
  and,
  arithmetic,
  constantNumber,
  equal,
  not,
  nullNumber,
  or,
} from "../language/logic-expressions.ts";
import type {
  BooleanExpression,
  DataExpression,
  Expression,
  NumericExpression,
} from "../language/program.ts";
import { PatternError, RegularExpression } from "../language/regular-expression.ts";
import { call, matchesPattern, typed, variable } from "../language/variable-expressions.ts";
import { suggestion } from "../text/hints.ts";
import { Token } from "../text/lexer.ts";
import { isReadAsHexadecimal, reservedWords } from "../text/reserved-words.ts";
import { type Arguments, expressionFunction, expressionNames } from "./expression-functions.ts";
import type { Parser } from "./parser.ts";
import type { ParsedValue } from "./statement-target.ts";

type Type = "data" | "boolean" | "numeric";

/**
 * What kind of value may stand here. It decides how a bare number is read, as in dhcpd: as a number
 * where one is expected ("numeric", or "value": data or a number), otherwise as one byte in
 * hexadecimal.
 */
type Want = Type | "value" | "any";

const DEPTH_MAX = 64;
/**
 * Parts that a pattern counts for when it is refused: compiling one that is too large was work,
 * too.
 */
const PATTERN_PARTS = 500;

// How tightly operators bind in dhcpd, which is not what one expects: sums bind tighter than
// products, and both bind looser than comparisons.
const tightness: Readonly<Record<string, number>> = {
  ...{ "*": 0, "/": 0, "%": 0, "+": 1, "-": 1, and: 2, or: 2 },
  ...{ "=": 3, "!=": 3, "~=": 3, "~~": 3, "&": 4, "|": 4, "^": 4 },
};
const operators = Object.keys(tightness);

const messages: Readonly<Record<Want, string>> = {
  data: "expecting a data expression.",
  boolean: "boolean expression expected",
  numeric: "expecting a numeric expression.",
  value: "expecting data or numeric expression.",
  any: "expecting expression.",
};

export function parseDataExpression(parser: Parser): DataExpression {
  return wanted(parser, "data", 0) as DataExpression;
}

export function parseBooleanExpression(parser: Parser): BooleanExpression {
  return wanted(parser, "boolean", 0) as BooleanExpression;
}

/** An expression of any type: the value of a variable, or what a function returns. */
export function parseAnyExpression(parser: Parser): Expression {
  return parseOperators(parser, "any", 0);
}

/** The value of a `switch`: data or a number. A variable counts as a number, as in dhcpd. */
export function parseSwitchExpression(parser: Parser): DataExpression | NumericExpression {
  const { at } = parser;
  const expression = parseOperators(parser, "value", 0);
  if (expression.type === "untyped") return typed(expression, "numeric") as NumericExpression;
  if (expression.type !== "boolean") return expression;
  parser.warn("only data and numbers have cases.", "use if for what is true or false.", at);
  return nullNumber;
}

/** The value of a `case`: of the switch's own type, otherwise it never matches, as in dhcpd. */
export function parseCaseExpression(
  parser: Parser,
  type: "data" | "numeric",
): DataExpression | NumericExpression {
  const { at } = parser;
  const expression = parseOperators(parser, type, 0);
  if (expression.type === "untyped") {
    return typed(expression, type) as DataExpression | NumericExpression;
  }
  if (expression.type === type) return expression;
  const hint =
    type === "numeric" ? "it looks at a number; a variable is taken for one." : "it looks at data.";
  parser.warn("this case is never equal to what the switch looks at.", hint, at);
  return nullNumber;
}

function wanted(parser: Parser, want: Type, depth: number): Expression {
  const { at } = parser;
  return checked(parser, parseOperators(parser, want, depth), want, at);
}

function checked(parser: Parser, expression: Expression, want: Type, at: number): Expression {
  if (expression.type === want) return expression;
  if (expression.type === "untyped") return typed(expression, want);
  return parser.fail(messages[want], `this is a ${expression.type} expression.`, at);
}

/** A half-read expression: its left side and the operator after it. */
interface Begun {
  readonly left: Placed;
  readonly operator: string;
}

/**
 * Operators apply from left to right. But when a tighter operator follows one, the whole rest of
 * the expression becomes its right side: `a = b or c = d and e = f` is `a = b or (c = d and e =
 * f)`. A list of alternatives may have any length, so the operators that wait for their right side
 * are kept in a list, not on the stack.
 */
function parseOperators(parser: Parser, want: Want, depth: number): Expression {
  const waiting: Begun[] = [];
  const startAt = parser.at;
  let left: Placed = [parsePrimary(parser, want, depth), startAt];
  let operator = takeOperator(parser);
  while (operator !== undefined) {
    const rightAt = parser.at;
    const right: Placed = [parsePrimary(parser, wantBeside(left[0]), depth), rightAt];
    const next = takeOperator(parser);
    if (next !== undefined && tightness[operator] < tightness[next]) {
      waiting.push({ left, operator });
      left = right;
    } else {
      left = [combine(parser, operator, left, right), left[1]];
    }
    operator = next;
  }
  for (let begun = waiting.pop(); begun !== undefined; begun = waiting.pop()) {
    left = [combine(parser, begun.operator, begun.left, left), begun.left[1]];
  }
  return left[0];
}

function takeOperator(parser: Parser): string | undefined {
  const { lexer } = parser;
  const found =
    lexer.kind === Token.word
      ? operators.find((operator) => operator === lexer.word)
      : operators.find((operator) => lexer.is(operator));
  if (found !== undefined) lexer.next();
  return found;
}

function wantBeside(left: Expression): Want {
  return left.type === "untyped" ? "any" : left.type;
}

type Placed = readonly [expression: Expression, at: number];

function combine(parser: Parser, operator: string, left: Placed, right: Placed): Expression {
  switch (operator) {
    case "=":
    case "!=":
      return equality(parser, left, right, operator === "=");
    case "~=":
    case "~~": {
      const value = checked(parser, left[0], "data", left[1]) as DataExpression;
      const pattern = checked(parser, right[0], "data", right[1]) as DataExpression;
      checkPattern(parser, pattern, right[1]);
      return matchesPattern(value, pattern, operator === "~~");
    }
    case "and":
    case "or": {
      const first = checked(parser, left[0], "boolean", left[1]) as BooleanExpression;
      const second = checked(parser, right[0], "boolean", right[1]) as BooleanExpression;
      return operator === "and" ? and(first, second) : or(first, second);
    }
    default: {
      const first = checked(parser, left[0], "numeric", left[1]) as NumericExpression;
      const second = checked(parser, right[0], "numeric", right[1]) as NumericExpression;
      return arithmetic(operator, first, second);
    }
  }
}

function equality(parser: Parser, left: Placed, right: Placed, wanted: boolean): Expression {
  const [first, firstAt] = left;
  const [second, secondAt] = right;
  const boolean =
    second.type === "boolean"
      ? secondAt
      : first.type === "boolean" && second.type !== "untyped"
        ? firstAt
        : undefined;
  if (boolean !== undefined) {
    const hint = "use and, or and not for what is true or false.";
    parser.fail("expecting data/numeric expression", hint, boolean);
  }
  if (first.type === "data" || first.type === "numeric") {
    if (second.type !== "untyped") {
      return equal(first, checked(parser, second, first.type, secondAt), wanted);
    }
  }
  return equal(first, second, wanted);
}

/** dhcpd accepts an invalid pattern silently; it never matches. */
function checkPattern(parser: Parser, pattern: DataExpression, at: number): void {
  if (pattern.constant === undefined) return;
  try {
    parser.countParts(new RegularExpression(pattern.constant, false).size);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    parser.countParts(PATTERN_PARTS);
    if (error.isForeign) {
      const hint = "patterns are POSIX extended regular expressions.";
      parser.fail(`${error.message}, which is not supported yet.`, hint, at);
    }
    parser.warn(`this pattern never matches: ${error.message}.`, undefined, at);
  }
}

function parsePrimary(parser: Parser, want: Want, depth: number): Expression {
  const { lexer, at } = parser;
  parser.countParts(1);
  if (depth > DEPTH_MAX) parser.fail("expression too deeply nested.");
  if (parser.accept("(")) {
    const inner = parseOperators(parser, want, depth + 1);
    parser.expect(")", "expecting right paren.");
    return inner;
  }
  if (lexer.kind === Token.string) return constantData(parser.takeString("expecting string."));
  if (lexer.kind !== Token.word) return parser.fail(messages[want]);
  const { raw } = lexer;
  const word = raw.toLowerCase();
  if (/^-?\d+$/.test(raw) && (want === "numeric" || want === "value")) {
    return constantNumber(parser.takeNumber(-0x8000_0000, 0xffff_ffff));
  }
  const parse = expressionFunction(word);
  if (/^-?\d/.test(raw) || (parse === undefined && isReadAsHexadecimal(raw))) {
    const hint = isReadAsHexadecimal(raw)
      ? "a name of one letter, or with only the digits a to f after it, cannot be referred to."
      : undefined;
    return constantData(
      parser.takeHexList("expecting hexadecimal octets separated by colons.", hint),
    );
  }
  if (word === "not") {
    lexer.next();
    return parseNot(parser, at, depth + 1);
  }
  if (parse !== undefined) {
    lexer.next();
    return parse(argumentsOf(parser, depth + 1));
  }
  if (word === "v6relay") {
    const message = "v6relay is valid for ISC dhcpd but not supported yet.";
    parser.fail(message, "it belongs to DHCPv6.", at);
  }
  if (reservedWords.has(word) || !/^[a-z_]/i.test(raw)) {
    const hint = suggestion(word, expressionNames) ?? `"${word.slice(0, 60)}" is a keyword.`;
    return parser.fail(messages[want], hint, at);
  }
  lexer.next();
  return parseReference(parser, raw, at, depth);
}

/** A variable, or a function of one's own with its arguments. */
function parseReference(parser: Parser, name: string, at: number, depth: number): Expression {
  parser.stateReads += 1;
  if (!parser.accept("(")) {
    parser.refer(name, "variable", at);
    return variable(name);
  }
  parser.refer(name, "function", at);
  const values: Expression[] = [];
  do values.push(parseOperators(parser, "any", depth + 1));
  while (parser.accept(","));
  parser.expect(")", "right parenthesis expected.");
  return call(name, values);
}

/** Only a single boolean: dhcpd lets `not` bind tighter than any comparison. */
function parseNot(parser: Parser, at: number, depth: number): Expression {
  const operand = parsePrimary(parser, "boolean", depth);
  if (operand.type === "boolean") return not(operand);
  const hint = "put the comparison in parentheses: not (a = b).";
  return parser.fail(messages.boolean, hint, at);
}

function argumentsOf(parser: Parser, depth: number): Arguments {
  return {
    parser,
    data: () => wanted(parser, "data", depth) as DataExpression,
    numeric: () => wanted(parser, "numeric", depth) as NumericExpression,
  };
}

/** A data expression; worked out at once when nothing in it depends on the packet. */
export function parseComputedValue(parser: Parser): ParsedValue {
  const { constant, evaluate } = parseDataExpression(parser);
  return constant === undefined ? { evaluate } : { constant };
}
