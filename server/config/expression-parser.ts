import { constantData } from "./data-expressions.ts";
import type {
  BooleanExpression,
  DataExpression,
  Expression,
  NumericExpression,
} from "./expression.ts";
import { type Arguments, expressionFunction } from "./expression-functions.ts";
import { Token } from "./lexer.ts";
import { and, arithmetic, constantNumber, equal, not, or } from "./logic-expressions.ts";
import type { Parser } from "./parser.ts";

type Want = Expression["type"];

const DEPTH_MAX = 64;

// Operators from the loosest to the tightest, as dhcpd has them and not as one would expect: sums
// bind tighter than products, and both looser than comparisons. All go from left to right.
const levels: readonly (readonly string[])[] = [
  ["*", "/", "%"],
  ["+", "-"],
  ["and", "or"],
  ["=", "!=", "~=", "~~"],
  ["&", "|", "^"],
];

const messages: Readonly<Record<Want, string>> = {
  data: "expecting a data expression.",
  boolean: "boolean expression expected",
  numeric: "expecting a numeric expression.",
};

export function parseDataExpression(parser: Parser): DataExpression {
  return wanted(parser, "data", 0) as DataExpression;
}

export function parseBooleanExpression(parser: Parser): BooleanExpression {
  return wanted(parser, "boolean", 0) as BooleanExpression;
}

export function parseNumericExpression(parser: Parser): NumericExpression {
  return wanted(parser, "numeric", 0) as NumericExpression;
}

function wanted(parser: Parser, want: Want, depth: number): Expression {
  const { at } = parser;
  return checked(parser, parseBinary(parser, want, 0, depth), want, at);
}

function checked(parser: Parser, expression: Expression, want: Want, at: number): Expression {
  if (expression.type === want) return expression;
  return parser.fail(messages[want], `this is a ${expression.type} expression.`, at);
}

function parseBinary(parser: Parser, want: Want, level: number, depth: number): Expression {
  if (level === levels.length) return parsePrimary(parser, want, depth);
  const { at } = parser;
  let left = parseBinary(parser, want, level + 1, depth);
  for (;;) {
    const operatorAt = parser.at;
    const operator = takeOperator(parser, levels[level]);
    if (operator === undefined) return left;
    if (operator.startsWith("~")) {
      unsupported(parser, `the operator ${operator}`, operatorAt);
    }
    const rightAt = parser.at;
    const wantRight = wantBeside(operator, left.type);
    const right = parseBinary(parser, wantRight, level + 1, depth + 1);
    left = combine(parser, operator, [left, at], [right, rightAt]);
  }
}

function takeOperator(parser: Parser, operators: readonly string[]): string | undefined {
  const { lexer } = parser;
  const found =
    lexer.kind === Token.word
      ? operators.find((operator) => operator === lexer.word)
      : operators.find((operator) => lexer.is(operator));
  if (found !== undefined) lexer.next();
  return found;
}

function wantBeside(operator: string, left: Want): Want {
  if (operator === "and" || operator === "or") return "boolean";
  return operator === "=" || operator === "!=" ? left : "numeric";
}

type Placed = readonly [expression: Expression, at: number];

function combine(parser: Parser, operator: string, left: Placed, right: Placed): Expression {
  if (operator === "=" || operator === "!=") {
    if (left[0].type === "boolean") {
      parser.fail("expecting data/numeric expression", undefined, left[1]);
    }
    const expression = checked(parser, right[0], left[0].type, right[1]);
    return equal(left[0], expression, operator === "=");
  }
  if (operator === "and" || operator === "or") {
    const first = checked(parser, left[0], "boolean", left[1]) as BooleanExpression;
    const second = checked(parser, right[0], "boolean", right[1]) as BooleanExpression;
    return operator === "and" ? and(first, second) : or(first, second);
  }
  const first = checked(parser, left[0], "numeric", left[1]) as NumericExpression;
  const second = checked(parser, right[0], "numeric", right[1]) as NumericExpression;
  return arithmetic(operator, first, second);
}

function parsePrimary(parser: Parser, want: Want, depth: number): Expression {
  const { lexer, at } = parser;
  if (depth > DEPTH_MAX) parser.fail("expression too deeply nested.");
  if (parser.accept("(")) {
    const inner = parseBinary(parser, want, 0, depth + 1);
    parser.expect(")", "expecting right paren.");
    return inner;
  }
  if (lexer.kind === Token.string) return constantData(parser.takeString("expecting string."));
  if (lexer.kind !== Token.word) return parser.fail(`${messages[want]}`);
  const { raw } = lexer;
  if (/^-?\d+$/.test(raw) && want !== "data" && !lexer.isFollowedBy(":")) {
    return constantNumber(parser.takeNumber(-0x8000_0000, 0xffff_ffff));
  }
  if (/^\d/.test(raw) || lexer.isFollowedBy(":")) {
    return constantData(parser.takeHexList("expecting hexadecimal octets separated by colons."));
  }
  lexer.next();
  const word = raw.toLowerCase();
  if (word === "not") return parseNot(parser, at, depth + 1);
  const parse = expressionFunction(word);
  if (parse !== undefined) return parse(argumentsOf(parser, depth + 1));
  if (refused.has(word)) return unsupported(parser, word, at);
  if (want === "boolean") return parser.fail(messages.boolean, undefined, at);
  const hint = "variables and functions of one's own are not supported yet.";
  return parser.fail(`unknown expression ${raw.slice(0, 60)}`, hint, at);
}

function unsupported(parser: Parser, what: string, at: number): never {
  return parser.fail(`${what} is valid for ISC dhcpd but not supported yet.`, undefined, at);
}

const refused = new Set([
  ...["defined", "check", "gethostname", "gethostbyname", "lease-time", "client-state"],
  ...["v6relay", "ns-update", "dns-update", "dns-delete", "encapsulate"],
]);

/** Only a single boolean: dhcpd lets `not` bind tighter than any comparison. */
function parseNot(parser: Parser, at: number, depth: number): Expression {
  const operand = parsePrimary(parser, "boolean", depth);
  if (operand.type === "boolean") return not(operand);
  return parser.fail(messages.boolean, "put the comparison in parentheses: not (a = b).", at);
}

function argumentsOf(parser: Parser, depth: number): Arguments {
  return {
    parser,
    data: () => wanted(parser, "data", depth) as DataExpression,
    numeric: () => wanted(parser, "numeric", depth) as NumericExpression,
  };
}
