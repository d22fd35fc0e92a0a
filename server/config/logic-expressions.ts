import { sameBytes } from "./bytes.ts";
import { unsignedAt } from "./data-expressions.ts";
import type {
  BooleanExpression,
  DataExpression,
  Evaluator,
  Expression,
  NumericExpression,
} from "./expression.ts";

export function computedBoolean(evaluate: Evaluator<boolean>): BooleanExpression {
  return { type: "boolean", evaluate };
}

export const known: BooleanExpression = computedBoolean((context) => context.known);
export const isStatic: BooleanExpression = computedBoolean((context) => context.isStatic === true);
export const isClassified: BooleanExpression = computedBoolean((context) => context.isClassified);

/** Seconds until the lease ends; null without a lease. */
export const leaseTime: NumericExpression = computedNumber((context) => context.leaseSeconds);
/** The state of a client: a server has none. */
export const nullNumber: NumericExpression = computedNumber(() => undefined);

/**
 * Equality never is null: two nulls are equal, and a null differs from every value. So it is in
 * dhcpd's code, although dhcp-eval(5) has it otherwise.
 */
export function equal(left: Expression, right: Expression, wanted: boolean): BooleanExpression {
  if (left.type === "data" && right.type === "data") {
    return computedBoolean((context, settings) => {
      const first = left.evaluate(context, settings);
      const second = right.evaluate(context, settings);
      return sameBytes(first, second) === wanted;
    });
  }
  // Values of different types are different.
  return computedBoolean((context, settings) => {
    const first = left.evaluate(context, settings);
    const second = right.evaluate(context, settings);
    const isData = first instanceof Uint8Array && second instanceof Uint8Array;
    return (isData ? sameBytes(first, second) : first === second) === wanted;
  });
}

/** As in dhcpd: unless the left side is true, the right one is not looked at and this is null. */
export function and(left: BooleanExpression, right: BooleanExpression): BooleanExpression {
  return computedBoolean((context, settings) =>
    left.evaluate(context, settings) === true ? right.evaluate(context, settings) : undefined,
  );
}

/** Null only when both sides are. */
export function or(left: BooleanExpression, right: BooleanExpression): BooleanExpression {
  return computedBoolean((context, settings) => {
    const first = left.evaluate(context, settings);
    if (first === true) return true;
    return right.evaluate(context, settings) ?? first;
  });
}

/** Null stays null. */
export function not(operand: BooleanExpression): BooleanExpression {
  return computedBoolean((context, settings) => {
    const value = operand.evaluate(context, settings);
    return value === undefined ? undefined : !value;
  });
}

/** The packet carries the option, if only an empty one. */
export function exists(option: DataExpression): BooleanExpression {
  return computedBoolean((context, settings) => option.evaluate(context, settings) !== undefined);
}

export function constantNumber(value: number): NumericExpression {
  return { type: "numeric", constant: value, evaluate: () => value };
}

/** The first 8, 16 or 32 bits as an unsigned number; null when there are fewer. */
export function extractInteger(data: DataExpression, bits: number): NumericExpression {
  const length = bits / 8;
  return computedNumber((context, settings) => {
    const bytes = data.evaluate(context, settings);
    return bytes === undefined || bytes.length < length ? undefined : unsignedAt(bytes, 0, length);
  });
}

export function computedNumber(evaluate: Evaluator<number>): NumericExpression {
  return { type: "numeric", constant: undefined, evaluate };
}

type Operation = (left: number, right: number) => number | undefined;

/** Whole numbers; division by zero is null. */
const operations: Readonly<Record<string, Operation>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => (right === 0 ? undefined : Math.trunc(left / right)),
  "%": (left, right) => (right === 0 ? undefined : left % right),
  "&": (left, right) => (left & right) >>> 0,
  "|": (left, right) => (left | right) >>> 0,
  "^": (left, right) => (left ^ right) >>> 0,
};

export function arithmetic(
  operator: string,
  left: NumericExpression,
  right: NumericExpression,
): NumericExpression {
  const operation = operations[operator];
  if (left.constant !== undefined && right.constant !== undefined) {
    const value = operation(left.constant, right.constant);
    if (value !== undefined) return constantNumber(value);
  }
  return computedNumber((context, settings) => {
    const first = left.evaluate(context, settings);
    const second = right.evaluate(context, settings);
    return first === undefined || second === undefined ? undefined : operation(first, second);
  });
}
