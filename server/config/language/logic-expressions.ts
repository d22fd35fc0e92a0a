import { sameValue, unsignedAt } from "../text/bytes.ts";
import { ByteSpan } from "./byte-span.ts";
import { evaluatorOf, logicalOperation, strictOperation } from "./operator-tree.ts";
import type {
  BindingValue,
  BooleanExpression,
  DataExpression,
  Evaluator,
  Expression,
  NumericExpression,
  Operation,
} from "./program.ts";

export function computedBoolean(evaluate: Evaluator<boolean>): BooleanExpression {
  return { type: "boolean", evaluate };
}

/** Null without a packet. */
export const known: BooleanExpression = computedBoolean((context) =>
  context.packet === undefined ? undefined : context.known,
);
export const isStatic: BooleanExpression = computedBoolean((context) => context.isStatic === true);
export const isClassified: BooleanExpression = computedBoolean((context) => context.isClassified);

/** Seconds until the lease ends; null without a lease. */
export const leaseTime: NumericExpression = computedNumber((context) => context.leaseSeconds);
/** The state of a client: a server has none. */
export const nullNumber: NumericExpression = computedNumber(() => undefined);

/**
 * Equality never is null: two nulls are equal, and a null differs from every value. So it is in
 * dhcpd's code, although dhcp-eval(5) has it otherwise. Values of different types are different.
 */
export function equal(left: Expression, right: Expression, wanted: boolean): BooleanExpression {
  const inPlace = equalInPlace(left, right, wanted) ?? equalInPlace(right, left, wanted);
  if (inPlace !== undefined) return computedBoolean(inPlace);
  const operation = strictOperation(
    left,
    right,
    (first, second) => sameValue(first, second) === wanted,
  );
  return operatedBoolean(operation, (context, settings) => {
    const first = left.evaluate(context, settings);
    const second = right.evaluate(context, settings);
    return sameValue(first, second) === wanted;
  });
}

// Compare each finding at once: no other comparison takes part while an expression is located.
const first = new ByteSpan();
const second = new ByteSpan();

/** Both sides are compared where they lie; undefined when one of them must be worked out. */
function equalInPlace(
  left: Expression,
  right: Expression,
  wanted: boolean,
): Evaluator<boolean> | undefined {
  if (left.type !== "data" || right.type !== "data") return undefined;
  const { locate } = left;
  if (locate === undefined) return undefined;
  const { constant, locate: locateRight } = right;
  if (constant !== undefined) {
    return (context) => (locate(context, first) && first.holds(constant)) === wanted;
  }
  if (locateRight === undefined) return undefined;
  return (context) => {
    const hasLeft = locate(context, first);
    const hasRight = locateRight(context, second);
    return (hasLeft && hasRight ? first.equals(second) : hasLeft === hasRight) === wanted;
  };
}

/**
 * As in dhcpd: unless the left side is true, the right side is not evaluated and the result is
 * null.
 */
export function and(left: BooleanExpression, right: BooleanExpression): BooleanExpression {
  return operatedBoolean(logicalOperation("and", left, right), (context, settings) =>
    left.evaluate(context, settings) === true ? right.evaluate(context, settings) : undefined,
  );
}

/** Null only when both sides are. */
export function or(left: BooleanExpression, right: BooleanExpression): BooleanExpression {
  return operatedBoolean(logicalOperation("or", left, right), (context, settings) => {
    const first = left.evaluate(context, settings);
    if (first === true) return true;
    return right.evaluate(context, settings) ?? first;
  });
}

function operatedBoolean(operation: Operation, direct: Evaluator<boolean>): BooleanExpression {
  const evaluate = evaluatorOf(operation, direct) as Evaluator<boolean>;
  return { type: "boolean", operation, evaluate };
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
  const { locate } = option;
  if (locate !== undefined) return computedBoolean((context) => locate(context, first));
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

type Calculation = (left: number, right: number) => number | undefined;

/** Whole numbers; division by zero is null. */
const calculations: Readonly<Record<string, Calculation>> = {
  "+": (left, right) => exact(left + right, () => BigInt(left) + BigInt(right)),
  "-": (left, right) => exact(left - right, () => BigInt(left) - BigInt(right)),
  "*": (left, right) => exact(left * right, () => BigInt(left) * BigInt(right)),
  "/": (left, right) => (right === 0 ? undefined : Math.trunc(left / right)),
  "%": (left, right) => (right === 0 ? undefined : left % right),
  "&": (left, right) => (left & right) >>> 0,
  "|": (left, right) => (left | right) >>> 0,
  "^": (left, right) => (left ^ right) >>> 0,
};

/** The low 32 bits of a number too large to be exact: an option has no room for more. */
function exact(value: number, precisely: () => bigint): number {
  return Number.isSafeInteger(value) ? value : Number(BigInt.asUintN(32, precisely()));
}

export function arithmetic(
  operator: string,
  left: NumericExpression,
  right: NumericExpression,
): NumericExpression {
  const calculate = calculations[operator];
  if (left.constant !== undefined && right.constant !== undefined) {
    const value = calculate(left.constant, right.constant);
    if (value !== undefined) return constantNumber(value);
  }
  const apply = (first: BindingValue | undefined, second: BindingValue | undefined) =>
    typeof first === "number" && typeof second === "number" ? calculate(first, second) : undefined;
  const operation = strictOperation(left, right, apply);
  const evaluate = evaluatorOf(operation, (context, settings) => {
    const first = left.evaluate(context, settings);
    return apply(first, right.evaluate(context, settings));
  }) as Evaluator<number>;
  return { type: "numeric", constant: undefined, operation, evaluate };
}
