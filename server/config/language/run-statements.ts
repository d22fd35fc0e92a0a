import { latin1Text } from "../../../protocol/latin1.ts";
import { sameValue } from "../text/bytes.ts";
import type {
  BindingValue,
  Branch,
  EvaluatedSettings,
  EvaluationContext,
  Execute,
  FunctionValue,
  Log,
  Statement,
  Switch,
} from "./program.ts";
import { Variables } from "./variables.ts";

/** The value of a `return` inside a function; undefined when none was reached. */
export interface Returned {
  readonly value: BindingValue | undefined;
}

/**
 * Runs statements in order. A `break` ends the innermost block alone, as in dhcpd; a `return`
 * inside a function ends it with the returned value.
 */
export function runStatements(
  statements: readonly Statement[],
  context: EvaluationContext,
  settings: EvaluatedSettings,
  isFunction = false,
  from = 0,
): Returned | undefined {
  for (let index = from; index < statements.length; index += 1) {
    const statement = statements[index];
    let returned: Returned | undefined;
    switch (statement.kind) {
      case "constant":
        settings.set(statement.slot, statement.mode, statement.value);
        break;
      case "computed":
        settings.set(statement.slot, statement.mode, statement.evaluate);
        break;
      case "if": {
        const { branches } = statement;
        const chosen = chosenBranch(branches, context, settings);
        if (chosen >= 0) {
          returned = runStatements(branches[chosen].statements, context, settings, isFunction);
        }
        break;
      }
      case "switch": {
        const chosen = chosenCase(statement, context, settings);
        const start = chosen < 0 ? statement.defaultFrom : statement.cases[chosen].from;
        if (start !== undefined) {
          returned = runStatements(statement.statements, context, settings, isFunction, start);
        }
        break;
      }
      case "break":
        return undefined;
      case "return": {
        const value = statement.evaluate(context, settings);
        if (isFunction && value !== undefined) return { value };
        break;
      }
      default:
        runAction(statement, context, settings);
    }
    if (returned !== undefined) return returned;
  }
  return undefined;
}

type Action = Exclude<
  Statement,
  { readonly kind: "constant" | "computed" | "if" | "switch" | "break" | "return" }
>;

function runAction(
  statement: Action,
  context: EvaluationContext,
  settings: EvaluatedSettings,
): void {
  switch (statement.kind) {
    case "set":
      settings.variables.replace(statement.name, () => statement.evaluate?.(context, settings));
      break;
    case "define":
      settings.variables.set(statement.name, statement);
      break;
    case "eval":
      statement.evaluate(context, settings);
      break;
    case "log":
      logLine(statement, context, settings);
      break;
    case "execute":
      command(statement, context, settings);
      break;
    case "on":
      for (const event of statement.events) settings.setEvent(event, statement);
      break;
    case "parse-vendor-option":
      settings.takeVendorSpace(context);
      break;
  }
}

/** The first branch whose condition is true; -1 when there is none. */
export function chosenBranch(
  branches: readonly Branch[],
  context: EvaluationContext,
  settings: EvaluatedSettings,
): number {
  for (let index = 0; index < branches.length; index += 1) {
    const { condition } = branches[index];
    if (condition === undefined || condition.evaluate(context, settings) === true) return index;
  }
  return -1;
}

/** The first case with an equal value; -1 when there is none, and `default:` counts. */
export function chosenCase(
  { value, cases }: Switch,
  context: EvaluationContext,
  settings: EvaluatedSettings,
): number {
  const wanted = value(context, settings);
  if (wanted === undefined) return -1;
  for (let index = 0; index < cases.length; index += 1) {
    if (sameValue(cases[index].value(context, settings), wanted)) return index;
  }
  return -1;
}

function logLine(statement: Log, context: EvaluationContext, settings: EvaluatedSettings): void {
  const text = statement.evaluate(context, settings);
  if (text !== undefined)
    settings.addMessage({ priority: statement.priority, text: latin1Text(text) });
}

const dash = "-".charCodeAt(0);

/** When any argument is null, or a dash that the operator does not allow, the command is not run. */
function command(
  statement: Execute,
  context: EvaluationContext,
  settings: EvaluatedSettings,
): void {
  const words = [statement.command];
  for (const argument of statement.arguments) {
    const value = argument.evaluate(context, settings);
    if (value === undefined) return;
    if (statement.rule === "no-dashes" && argument.constant === undefined && value[0] === dash) {
      const text = `execute: ${statement.command} is not run: an argument is ${latin1Text(value)}`;
      settings.addMessage({ priority: "info", text });
      return;
    }
    words.push(latin1Text(value));
  }
  settings.addCommand(words);
}

/**
 * Calls a function that the file defines. Null when it returns nothing, when the number of
 * arguments is wrong, and when calls nest too deeply or are too many: an expression always ends.
 */
export function callFunction(
  called: FunctionValue,
  values: readonly (BindingValue | undefined)[],
  context: EvaluationContext,
  settings: EvaluatedSettings,
): BindingValue | undefined {
  if (called.parameters.length !== values.length) return undefined;
  if (!settings.limits.enterCall()) return undefined;
  const outer = settings.variables;
  const inner = new Variables(outer);
  for (const [index, name] of called.parameters.entries()) inner.declare(name, values[index]);
  settings.variables = inner;
  const returned = runStatements(called.body, context, settings, true);
  settings.variables = outer;
  settings.limits.leave();
  return returned?.value;
}
