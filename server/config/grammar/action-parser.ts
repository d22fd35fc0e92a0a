import { latin1Text } from "../../../protocol/latin1.ts";
import type {
  BooleanExpression,
  Branch,
  DataExpression,
  LeaseEvent,
  LogPriority,
  Statement,
} from "../language/program.ts";
import { isReadAsHexadecimal } from "../text/reserved-words.ts";
import { detached } from "../text/source-file.ts";
import {
  parseAnyExpression,
  parseBooleanExpression,
  parseCaseExpression,
  parseDataExpression,
  parseSwitchExpression,
} from "./expression-parser.ts";
import type { Parser } from "./parser.ts";
import { NESTING_MAX, type StatementTarget, type SwitchLabels } from "./statement-target.ts";

/** Parses `{`, statements and `}` into the target. */
type BodyParser = (parser: Parser, target: StatementTarget) => void;

/** Parses the rest of a statement; `at` is the place of its keyword, which has been taken. */
type ActionParser = (
  parser: Parser,
  target: StatementTarget,
  parseBody: BodyParser,
  at: number,
) => void;

const PARAMETERS_MAX = 32;
const ARGUMENTS_MAX = 64;

/** The executable statements of dhcp-eval(5) and dhcpd.conf(5). */
const actions: Readonly<Record<string, ActionParser>> = {
  if: parseIf,
  switch: parseSwitch,
  case: parseCase,
  break: (parser, target) => addStatement(parser, target, { kind: "break" }),
  "parse-vendor-option": (parser, target) =>
    addStatement(parser, target, { kind: "parse-vendor-option" }),
  set: (parser, target, parseBody) => parseSet(parser, target, parseBody, "set"),
  define: (parser, target, parseBody) => parseSet(parser, target, parseBody, "define"),
  unset: (parser, target) => {
    const name = parser.takeVariableName();
    addStatement(parser, target, { kind: "set", name, evaluate: undefined });
  },
  eval: parseEvaluation,
  return: (parser, target) => {
    const { evaluate } = parseAnyExpression(parser);
    addStatement(parser, target, { kind: "return", evaluate });
  },
  log: parseLog,
  execute: parseExecute,
  on: parseOn,
};

export const actionNames: readonly string[] = Object.keys(actions);

/** Returns false and takes nothing when no such statement begins here. */
export function parseAction(
  parser: Parser,
  target: StatementTarget,
  parseBody: BodyParser,
): boolean {
  const { lexer, at } = parser;
  const { word } = lexer;
  if (!Object.hasOwn(actions, word)) return false;
  lexer.next();
  actions[word](parser, target, parseBody, at);
  return true;
}

/** A target for the statements of a body inside this one. */
function innerTarget(
  parser: Parser,
  target: StatementTarget,
  labels?: SwitchLabels,
): StatementTarget {
  if (target.depth >= NESTING_MAX) parser.fail("too many statements inside each other.");
  return { ...target, statements: [], isTopLevel: false, depth: target.depth + 1, labels };
}

function addStatement(parser: Parser, target: StatementTarget, statement: Statement): void {
  parser.endStatement();
  target.statements.push(statement);
}

/** `if`, its `elsif`s and its `else`. */
function parseIf(parser: Parser, target: StatementTarget, parseBody: BodyParser): void {
  const branches: Branch[] = [];
  let stateReads = 0;
  const addBranch = (hasCondition: boolean): void => {
    const before = parser.stateReads;
    const condition = hasCondition ? parseCondition(parser) : undefined;
    stateReads += parser.stateReads - before;
    const inner = innerTarget(parser, target);
    parseBody(parser, inner);
    branches.push({ condition, statements: inner.statements });
  };
  addBranch(true);
  for (;;) {
    if (parser.acceptWord("elsif")) {
      addBranch(true);
    } else if (parser.acceptWord("else")) {
      const hasCondition = parser.acceptWord("if");
      addBranch(hasCondition);
      if (!hasCondition) break;
    } else {
      break;
    }
  }
  target.statements.push({ kind: "if", branches, looksAtPacketOnly: stateReads === 0 });
}

/** A parenthesis at the start belongs to the statement: dhcpd takes nothing after its end but a brace. */
function parseCondition(parser: Parser): BooleanExpression {
  const isWrapped = parser.accept("(");
  const condition = parseBooleanExpression(parser);
  if (isWrapped) parser.expect(")", "right parenthesis expected.");
  return condition;
}

/** `switch (EXPRESSION) { case VALUE: … default: … }` */
function parseSwitch(parser: Parser, target: StatementTarget, parseBody: BodyParser): void {
  const before = parser.stateReads;
  const { type, evaluate } = parser.takeInParentheses(() => parseSwitchExpression(parser));
  const stateReads = parser.stateReads - before;
  const labels: SwitchLabels = { type, cases: [], stateReads, defaultFrom: undefined };
  const inner = innerTarget(parser, target, labels);
  parseBody(parser, inner);
  const { cases, defaultFrom } = labels;
  const { statements } = inner;
  const looksAtPacketOnly = labels.stateReads === 0;
  target.statements.push({
    kind: "switch",
    value: evaluate,
    cases,
    defaultFrom,
    statements,
    looksAtPacketOnly,
  });
}

function parseCase(parser: Parser, target: StatementTarget, _: BodyParser, at: number): void {
  const { labels } = target;
  if (labels === undefined) {
    const hint = "cases stand directly in a switch.";
    parser.fail("case statement in inappropriate scope.", hint, at);
  }
  const before = parser.stateReads;
  const { evaluate: value } = parseCaseExpression(parser, labels.type);
  labels.stateReads += parser.stateReads - before;
  parser.expect(":", "colon expected.");
  labels.cases.push({ value, from: target.statements.length });
}

/** `default:`, with the word `default` taken. */
export function parseDefaultLabel(parser: Parser, target: StatementTarget): void {
  const { labels } = target;
  if (labels === undefined) {
    parser.fail("switch default statement in inappropriate scope.", "it stands in a switch.");
  }
  parser.lexer.next();
  labels.defaultFrom ??= target.statements.length;
}

/** `set NAME = EXPRESSION;`, `define NAME (PARAMETERS) { … }`; dhcpd takes either word for both. */
function parseSet(
  parser: Parser,
  target: StatementTarget,
  parseBody: BodyParser,
  word: "set" | "define",
): void {
  const { at } = parser;
  const name = parser.takeVariableName();
  parser.variablesSet.add(name.toLowerCase());
  if (isReadAsHexadecimal(name)) {
    const message = `"${name}" cannot be referred to: it reads as hexadecimal digits.`;
    parser.warn(message, "choose a name with a letter beyond f after its first.", at);
  }
  if (parser.accept("(")) {
    const parameters = takeParameters(parser);
    for (const parameter of parameters) parser.variablesSet.add(parameter.toLowerCase());
    const inner = innerTarget(parser, target);
    parseBody(parser, inner);
    target.statements.push({ kind: "define", name, parameters, body: inner.statements });
    return;
  }
  if (word === "define" && parser.lexer.is("=")) {
    parser.fail("define without parameters is not supported.", "use set for a value.");
  }
  parser.expect("=", `expecting '=' in ${word} statement.`);
  const { evaluate } = parseAnyExpression(parser);
  addStatement(parser, target, { kind: "set", name, evaluate });
}

function takeParameters(parser: Parser): string[] {
  const parameters: string[] = [];
  if (parser.accept(")")) return parameters;
  do {
    if (parameters.length >= PARAMETERS_MAX) parser.fail("too many parameters.");
    parameters.push(parser.takeVariableName());
  } while (parser.accept(","));
  parser.expect(")", "expecting right paren.");
  return parameters;
}

/** A call as a statement of its own. */
export function parseEvaluation(parser: Parser, target: StatementTarget): void {
  const { evaluate } = parseAnyExpression(parser);
  addStatement(parser, target, { kind: "eval", evaluate });
}

const priorities: readonly string[] = ["fatal", "error", "info", "debug"];

/** `log ([PRIORITY,] DATA);` */
function parseLog(parser: Parser, target: StatementTarget): void {
  let priority: LogPriority = "debug";
  const { evaluate } = parser.takeInParentheses(() => {
    const { word } = parser.lexer;
    if (priorities.includes(word)) {
      priority = word as LogPriority;
      parser.lexer.next();
      parser.expect(",", "comma expected.");
    }
    return parseDataExpression(parser);
  });
  addStatement(parser, target, { kind: "log", priority, evaluate });
}

/** `execute ("COMMAND" [, DATA]…);` */
function parseExecute(parser: Parser, target: StatementTarget, _: BodyParser, at: number): void {
  const rule = parser.execute;
  if (rule === "refused") {
    const hint = "start with --allow-execute, or log the values instead.";
    parser.fail("execute is not allowed.", hint, at);
  }
  parser.expect("(", "left parenthesis expected.");
  const command = latin1Text(parser.takeString("Expecting a quoted string."));
  const values: DataExpression[] = [];
  while (parser.accept(",")) {
    if (values.length >= ARGUMENTS_MAX) parser.fail("too many arguments.");
    values.push(parseDataExpression(parser));
  }
  parser.expect(")", "right parenthesis expected.");
  addStatement(parser, target, {
    kind: "execute",
    command: detached(command),
    arguments: values,
    rule,
  });
}

const COMMENT_OR_BLANKS = /"(?:[^"\\]|\\[\s\S])*"|(?:#[^\n]*|[ \t\r\n\f\v])+/g;

/** The same statements on one line: how a lease file remembers them. */
function compactText(text: string): string {
  return text.replace(COMMENT_OR_BLANKS, (found) => (found.startsWith('"') ? found : " "));
}

/** `on EVENT [or EVENT]… { … }`; a `;` in place of the braces is an empty body. */
function parseOn(parser: Parser, target: StatementTarget, parseBody: BodyParser): void {
  const events: LeaseEvent[] = [];
  do {
    const { word } = parser.lexer;
    if (word === "transmission") {
      parser.warn("on transmission has no effect: clients have it, servers do not.");
    } else if (word === "commit" || word === "release" || word === "expiry") {
      if (!events.includes(word)) events.push(word);
    } else {
      parser.fail("expecting a lease event type", "commit, release or expiry.");
    }
    parser.lexer.next();
  } while (parser.acceptWord("or"));
  const inner = innerTarget(parser, target);
  const { lexer } = parser;
  const start = lexer.start;
  if (!parser.accept(";")) parseBody(parser, inner);
  const text = detached(compactText(lexer.file.text.slice(start, lexer.previousEnd)));
  target.statements.push({ kind: "on", events, statements: inner.statements, text });
}
