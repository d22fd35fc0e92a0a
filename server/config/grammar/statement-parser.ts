import type { RegisteredOption } from "../language/option-registry.ts";
import { tagMax } from "../language/option-registry.ts";
import { parameterNames, parameterOf } from "../language/parameters.ts";
import type { SetMode } from "../language/program.ts";
import { suggestion } from "../text/hints.ts";
import { Token } from "../text/lexer.ts";
import { isReadAsHexadecimal, reservedWords } from "../text/reserved-words.ts";
import { actionNames, parseAction, parseDefaultLabel, parseEvaluation } from "./action-parser.ts";
import { parseComputedValue } from "./expression-parser.ts";
import { parseOptionDefinition, parseOptionSpace } from "./option-definition-parser.ts";
import { takeOption, takeServerOption } from "./option-name.ts";
import { parseOptionValue } from "./option-value-parser.ts";
import { parseParameter, parseParameterValue, parsePermission } from "./parameter-parser.ts";
import type { Parser } from "./parser.ts";
import { checkOptionValue } from "./pitfalls.ts";
import { addSetting, type StatementTarget } from "./statement-target.ts";

/** Statements that dhcpd refuses too while it speaks DHCPv4. */
const version6Statements: ReadonlySet<string> = new Set([
  ...["subnet6", "range6", "pool6", "prefix6", "fixed-address6", "fixed-prefix6"],
]);

/** Declarations from dhcpd 2, which dhcpd itself does not understand any more. */
const obsoleteStatements: Readonly<Record<string, string>> = {
  "vendor-class": "write a class with match if option vendor-class-identifier = ….",
  "user-class": "write a class with match if option user-class = ….",
};

const leaseFile = "it belongs to the lease file.";

/** Statements of dhcpd.conf(5) and dhcp-eval(5) that are refused by name, and what to do. */
const refusedStatements: Readonly<Record<string, string>> = {
  add: "write the condition as the match if of the class itself.",
  dynamic: leaseFile,
  deleted: leaseFile,
  "server-duid": "it belongs to DHCPv6: leave it out.",
};

/** Words that only a declaration begins with. */
const declarationNames: readonly string[] = [
  ...["include", "shared-network", "subnet", "pool", "range", "host", "group", "class", "subclass"],
  ...["key", "zone", "failover", "authoritative", "hardware", "fixed-address", "match", "spawn"],
];

/** Words that a statement may begin with, for suggestions. */
const statementNames: readonly string[] = [
  ...["option", "if", "elsif", "else", "supersede", "default", "append", "prepend", "send"],
  ...["allow", "deny", "ignore", ...actionNames, ...parameterNames, ...declarationNames, "lease"],
];

const modes: Readonly<Record<string, SetMode>> = {
  supersede: "supersede",
  // A client's statement; a server treats it like supersede.
  send: "supersede",
  default: "default",
  append: "append",
  prepend: "prepend",
};

const RELAY_AGENT_INFORMATION = 82;
/** dhcpd's own limit for a word is not much higher. */
const WORD_LENGTH_MAX = 1024;

/**
 * Parses the statement that begins at the current word: a parameter, an option, an `if`, an allow or
 * a deny, an executable statement. False when no statement begins so, and nothing is taken then.
 */
export function parseStatement(parser: Parser, target: StatementTarget): boolean {
  const { lexer } = parser;
  const { word } = lexer;
  parser.countParts(1);
  if (word === "option") {
    lexer.next();
    parseOption(parser, target);
  } else if (word === "default" && lexer.isFollowedBy(":")) {
    lexer.next();
    parseDefaultLabel(parser, target);
  } else if (Object.hasOwn(modes, word)) {
    lexer.next();
    parseSetting(parser, modes[word], target);
  } else if (word === "allow" || word === "deny" || word === "ignore") {
    lexer.next();
    parsePermission(parser, word, target);
  } else if (target.depth === 0 && (word === "authoritative" || word === "not")) {
    parseAuthority(parser, target);
  } else if (parameterOf(word) !== undefined) {
    parseParameter(parser, target);
  } else if (parseAction(parser, target, parseBody)) {
    return true;
  } else if (Object.hasOwn(refusedStatements, word)) {
    const message = `the statement "${word}" is valid for ISC dhcpd but not supported yet.`;
    parser.fail(message, refusedStatements[word]);
  } else if (version6Statements.has(word)) {
    parser.fail(`${word} is only supported in DHCPv6 mode.`, "this server speaks DHCPv4.");
  } else if (Object.hasOwn(obsoleteStatements, word)) {
    parser.fail(`${word} declarations are obsolete.`, obsoleteStatements[word]);
  } else if (lexer.is("%")) {
    parser.warn("a line for another program: passed over, as dhcpd does.");
    parser.skipStatement();
  } else {
    return parseCall(parser, target);
  }
  return true;
}

function parseAuthority(parser: Parser, target: StatementTarget): void {
  const isNot = parser.acceptWord("not");
  parser.expectWord("authoritative");
  parser.endStatement();
  target.scope.ownAuthoritative = !isNot;
}

/**
 * A call of a function that the file defines. dhcpd also takes a name alone, or a name before an
 * operator, for an expression whose value it drops: most often that is a misspelt keyword.
 */
function parseCall(parser: Parser, target: StatementTarget): boolean {
  const { lexer, at } = parser;
  const { word } = lexer;
  if (!/^[a-z_]/.test(word) || word.length > WORD_LENGTH_MAX) return false;
  if (reservedWords.has(word)) return false;
  if (lexer.isFollowedBy("(") && !isReadAsHexadecimal(word)) {
    parseEvaluation(parser, target);
    return true;
  }
  if (!operators.some((operator) => lexer.isFollowedBy(operator))) return false;
  const hint = statementHint(word) ?? "no statement has this name.";
  parser.warn(`"${word.slice(0, 60)}" does nothing: dhcpd takes it for a variable.`, hint, at);
  parseEvaluation(parser, target);
  // One warning about it is enough.
  if (parser.references.get(word)?.at === at) parser.references.delete(word);
  return true;
}

/** Tokens after a name that make an expression of it. */
const operators: readonly string[] = [";", "=", "!=", "~", "+", "*", "/", "%", "&", "|", "^"];

/** Which statement a word was probably meant to be. */
export function statementHint(word: string): string | undefined {
  return suggestion(word, statementNames);
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
    parseSetting(parser, "supersede", target);
    return;
  }
  if (!target.isTopLevel) parser.fail("option definitions may not be scoped.", undefined, at);
  parseOptionDefinition(parser, definition.space, definition.name, at);
}

/** Takes NAME or SPACE.NAME if `code N` is behind it; else takes nothing. */
function takeDefinedName(parser: Parser): { space: string; name: string } | undefined {
  const { lexer, at } = parser;
  const first = lexer.raw;
  let isName = lexer.kind === Token.word;
  lexer.next();
  let second: string | undefined;
  if (lexer.is(".")) {
    lexer.next();
    second = lexer.raw;
    isName &&= lexer.kind === Token.word && !/^-?\d+$/.test(second);
    lexer.next();
  }
  // A value might be the word "code", but no number comes after it then.
  if (isName && lexer.word === "code") {
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

/** The option of a reply, or `server.NAME`: a parameter, as OMAPI has it written. */
function parseSetting(parser: Parser, mode: SetMode, target: StatementTarget): void {
  const { at } = parser;
  const parameter = takeServerOption(parser);
  if (parameter === undefined) {
    parseOptionSetting(parser, takeOption(parser), mode, target);
  } else if (parameter === "authoritative") {
    const hint = "write authoritative; in the block that it is about.";
    parser.warn("server.authoritative has no effect, in dhcpd neither.", hint, at);
    parser.skipStatement();
  } else {
    parseParameterValue(parser, parameter, mode, target, at);
  }
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
  if (option.space.name === "fqdn") {
    const hint = "it can be read; the server sends no option 81.";
    const message = `option fqdn.${option.name} is valid for ISC dhcpd but not supported yet.`;
    parser.fail(message, hint, at);
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
  if ("constant" in value) checkOptionValue(parser, option, value.constant, target, at);
  addSetting(parser.registry.slotFor(option), mode, value, target);
}

function isRelayAgentInformation(parser: Parser, option: RegisteredOption): boolean {
  return option.space === parser.registry.dhcp && option.code === RELAY_AGENT_INFORMATION;
}

/** `{`, statements and `}`. */
function parseBody(parser: Parser, target: StatementTarget): void {
  parser.openBrace("left brace expected.");
  parser.takeItems(() => {
    if (parseStatement(parser, target)) return;
    const { word } = parser.lexer;
    const hint = declarationNames.includes(word)
      ? "declarations cannot stand inside an if, a switch, an on or a function."
      : statementHint(word);
    parser.fail("expecting a statement.", hint);
  });
  parser.closeBrace();
}
