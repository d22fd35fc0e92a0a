import type { BooleanExpression } from "./expression.ts";
import { parseBooleanExpression } from "./expression-parser.ts";
import { parseOptionDefinition, parseOptionSpace } from "./option-definition-parser.ts";
import { takeOption } from "./option-name.ts";
import type { RegisteredOption } from "./option-registry.ts";
import { tagMax } from "./option-registry.ts";
import { parseOptionValue } from "./option-value-parser.ts";
import { parseParameter, parsePermission } from "./parameter-parser.ts";
import { parameterOf } from "./parameters.ts";
import type { Parser } from "./parser.ts";
import { SyntaxFailure } from "./parser.ts";
import type { Branch, SetMode, Statement } from "./statement.ts";
import { addSetting, parseComputedValue, type StatementTarget } from "./statement-target.ts";

/** Statements of dhcpd.conf(5) and dhcp-eval(5) that are refused by name. */
export const refusedStatements: ReadonlySet<string> = new Set([
  ...["switch", "set", "unset", "on", "log", "execute", "eval", "return", "define", "add"],
  ...["parse-vendor-option", "break", "send", "request", "require", "also", "ns-update"],
  ...["lease-id", "option-space", "host-identifier", "dynamic", "deleted", "vendor-class"],
  ...["user-class", "failover", "subnet6", "range6", "pool6", "prefix6", "fixed-address6"],
  ...["fixed-prefix6", "lease", "server-duid", "site-option-space", "match-vendor-option"],
]);

const modes: Readonly<Record<string, SetMode>> = {
  supersede: "supersede",
  default: "default",
  append: "append",
  prepend: "prepend",
};

const NESTING_MAX = 32;
const RELAY_AGENT_INFORMATION = 82;

/**
 * Parses the statement that begins at the current word: a parameter, an option, an `if`, an allow or
 * a deny. False when no statement begins so, and nothing is taken then.
 */
export function parseStatement(parser: Parser, target: StatementTarget): boolean {
  const { lexer } = parser;
  const { word } = lexer;
  if (word === "option") {
    lexer.next();
    parseOption(parser, target);
  } else if (word === "if") {
    parseIf(parser, target);
  } else if (Object.hasOwn(modes, word)) {
    lexer.next();
    parseOptionSetting(parser, takeOption(parser), modes[word], target);
  } else if (word === "allow" || word === "deny" || word === "ignore") {
    lexer.next();
    parsePermission(parser, word, target);
  } else if (word === "authoritative") {
    lexer.next();
    parser.endStatement();
    target.scope.ownAuthoritative = true;
  } else if (word === "not" && lexer.isFollowedBy("a")) {
    lexer.next();
    parser.expectWord("authoritative");
    parser.endStatement();
    target.scope.ownAuthoritative = false;
  } else if (parameterOf(word) !== undefined) {
    parseParameter(parser, target);
  } else if (refusedStatements.has(word)) {
    parser.fail(`the statement "${word}" is valid for ISC dhcpd but not supported yet.`);
  } else {
    return false;
  }
  return true;
}

/** After `option`: a space, a definition or a value. */
function parseOption(parser: Parser, target: StatementTarget): void {
  const { lexer, at } = parser;
  if (lexer.word === "space" && !lexer.isFollowedBy(".")) {
    if (!target.isTopLevel) parser.fail("option space definitions may not be scoped.");
    lexer.next();
    parseOptionSpace(parser);
    return;
  }
  const definition = takeDefinedName(parser);
  if (definition === undefined) {
    parseOptionSetting(parser, takeOption(parser), "supersede", target);
    return;
  }
  if (!target.isTopLevel) parser.fail("option definitions may not be scoped.", undefined, at);
  parseOptionDefinition(parser, definition.space, definition.name, at);
}

/** Takes NAME or SPACE.NAME if `code N` is behind it; else takes nothing. */
function takeDefinedName(parser: Parser): { space: string; name: string } | undefined {
  const { lexer, at } = parser;
  const first = lexer.raw;
  lexer.next();
  let second: string | undefined;
  if (lexer.is(".")) {
    lexer.next();
    second = lexer.raw;
    lexer.next();
  }
  // A value might be the word "code", but no number comes after it then.
  if (lexer.word === "code") {
    const codeAt = parser.at;
    lexer.next();
    const isDefinition = /^\d/.test(lexer.raw);
    lexer.rewind(codeAt);
    if (isDefinition) {
      return second === undefined ? { space: "dhcp", name: first } : { space: first, name: second };
    }
  }
  lexer.rewind(at);
  return undefined;
}

function parseOptionSetting(
  parser: Parser,
  option: RegisteredOption,
  mode: SetMode,
  target: StatementTarget,
): void {
  const { at } = parser;
  if (option.space.name === "agent" || isRelayAgentInformation(parser, option)) {
    const hint = "relay agents set it; the server returns it as it came.";
    parser.fail(`option ${option.name} cannot be set.`, hint, at);
  }
  const value = parser.accept("=")
    ? parseComputedValue(parser)
    : parseOptionValue(parser, option.type);
  parser.endStatement();
  const max = tagMax(option.space.lengthWidth);
  // A DHCP option may be longer: it is split then (RFC 3396).
  if ("constant" in value && option.space !== parser.registry.dhcp && value.constant.length > max) {
    parser.report(
      `the value has ${value.constant.length} bytes; at most ${max} fit.`,
      undefined,
      at,
    );
    return;
  }
  addSetting(parser.registry.slotFor(option), mode, value, target);
}

function isRelayAgentInformation(parser: Parser, option: RegisteredOption): boolean {
  return option.space === parser.registry.dhcp && option.code === RELAY_AGENT_INFORMATION;
}

function parseIf(parser: Parser, target: StatementTarget): void {
  if (target.depth >= NESTING_MAX) parser.fail("too many if statements inside each other.");
  const branches: Branch[] = [];
  parser.lexer.next();
  branches.push(parseBranch(parser, parseCondition(parser), target));
  for (;;) {
    if (parser.acceptWord("elsif")) {
      branches.push(parseBranch(parser, parseCondition(parser), target));
    } else if (parser.acceptWord("else")) {
      if (parser.acceptWord("if")) {
        branches.push(parseBranch(parser, parseCondition(parser), target));
      } else {
        branches.push(parseBranch(parser, undefined, target));
        break;
      }
    } else {
      break;
    }
  }
  target.statements.push({ kind: "if", branches });
}

/** A parenthesis at the start belongs to the statement: dhcpd takes nothing after its end but a brace. */
function parseCondition(parser: Parser): BooleanExpression {
  const isWrapped = parser.accept("(");
  const condition = parseBooleanExpression(parser);
  if (isWrapped) parser.expect(")", "right parenthesis expected.");
  return condition;
}

function parseBranch(
  parser: Parser,
  condition: Branch["condition"],
  target: StatementTarget,
): Branch {
  parser.expect("{", "left brace expected.");
  const statements: Statement[] = [];
  const inner = { ...target, statements, isTopLevel: false, depth: target.depth + 1 };
  parseStatements(parser, inner);
  parser.expect("}", "right brace expected.");
  return { condition, statements };
}

/** The statements up to the `}`, which is left standing. */
function parseStatements(parser: Parser, target: StatementTarget): void {
  const { lexer } = parser;
  while (!lexer.is("}") && lexer.raw !== "") {
    const start = parser.at;
    const { braces } = parser;
    try {
      if (!parseStatement(parser, target)) {
        parser.fail("expecting a statement.", "declarations cannot stand inside an if.");
      }
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error;
      parser.recover(error, braces);
      if (parser.at === start) lexer.next();
    }
  }
}
