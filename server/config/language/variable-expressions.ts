import { computedData } from "./data-expressions.ts";
import { computedBoolean, computedNumber } from "./logic-expressions.ts";
import type {
  BooleanExpression,
  DataExpression,
  Expression,
  NumericExpression,
  UntypedExpression,
} from "./program.ts";
import { isFunction } from "./program.ts";
import { PatternError, RegularExpression } from "./regular-expression.ts";
import { callFunction } from "./run-statements.ts";

/** The value of a variable; a function has none by itself. */
export function variable(name: string): UntypedExpression {
  const key = name.toLowerCase();
  return {
    type: "untyped",
    evaluate: (_, settings) => {
      const value = settings?.variables.get(key);
      return value === undefined || isFunction(value) ? undefined : value;
    },
  };
}

/** `defined (NAME)`: never null. */
export function defined(name: string): BooleanExpression {
  const key = name.toLowerCase();
  return computedBoolean((_, settings) => settings?.variables.get(key) !== undefined);
}

/** `NAME (ARGUMENTS)`: null when the function is not defined at that moment. */
export function call(name: string, values: readonly Expression[]): UntypedExpression {
  const key = name.toLowerCase();
  return {
    type: "untyped",
    evaluate: (context, settings) => {
      const called = settings?.variables.get(key);
      if (settings === undefined || called === undefined || !isFunction(called)) return undefined;
      const given = values.map((value) => value.evaluate(context, settings));
      return callFunction(called, given, context, settings);
    },
  };
}

/** An untyped expression where a type is expected: a value of another type is null. */
export function typed(
  expression: UntypedExpression,
  want: "data" | "boolean" | "numeric",
): DataExpression | BooleanExpression | NumericExpression {
  const { evaluate } = expression;
  switch (want) {
    case "data":
      return computedData((context, settings) => {
        const value = evaluate(context, settings);
        return value instanceof Uint8Array ? value : undefined;
      });
    case "boolean":
      return computedBoolean((context, settings) => {
        const value = evaluate(context, settings);
        return typeof value === "boolean" ? value : undefined;
      });
    case "numeric":
      return computedNumber((context, settings) => {
        const value = evaluate(context, settings);
        return typeof value === "number" ? value : undefined;
      });
  }
}

/**
 * `~=`, and `~~`, which ignores case. Null when a side is null. As in dhcpd, an empty side matches
 * nothing, and neither does an invalid pattern. A constant pattern is compiled once. Also null when one
 * evaluation exceeds its limit of pattern steps.
 */
export function matchesPattern(
  left: DataExpression,
  right: DataExpression,
  ignoreCase: boolean,
): BooleanExpression {
  const constant = right.constant === undefined ? undefined : compiled(right.constant, ignoreCase);
  return computedBoolean((context, settings) => {
    const value = left.evaluate(context, settings);
    const pattern = right.evaluate(context, settings);
    if (value === undefined || pattern === undefined) return undefined;
    if (value.length === 0 || pattern.length === 0) return false;
    const expression = right.constant === undefined ? compiled(pattern, ignoreCase) : constant;
    if (expression === undefined) return false;
    const steps = expression.size * value.length;
    if (settings?.limits.takePatternSteps(steps) === false) return undefined;
    return expression.matches(value);
  });
}

function compiled(pattern: Uint8Array, ignoreCase: boolean): RegularExpression | undefined {
  try {
    return new RegularExpression(pattern, ignoreCase);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return undefined;
  }
}
