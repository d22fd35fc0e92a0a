import type { Locator } from "./byte-span.ts";
import type { EvaluationContext } from "./evaluation-context.ts";
import type { Operation } from "./operator-tree.ts";
import type { Settings } from "./settings.ts";
import type { BindingValue } from "./variables.ts";

/**
 * Compiled expressions. `undefined` is ISC's null: the value does not exist (an option that the
 * packet lacks), and most operators pass it on. `constant` is there when the value never changes.
 */
export interface DataExpression {
  readonly type: "data";
  readonly constant: Uint8Array | undefined;
  readonly evaluate: Evaluator<Uint8Array>;
  /** The same value without a copy, of an expression that looks at nothing but the packet. */
  readonly locate?: Locator | undefined;
}

export interface BooleanExpression {
  readonly type: "boolean";
  /** Of an operator. */
  readonly operation?: Operation;
  readonly evaluate: Evaluator<boolean>;
}

export interface NumericExpression {
  readonly type: "numeric";
  readonly constant: number | undefined;
  /** Of an operator. */
  readonly operation?: Operation;
  readonly evaluate: Evaluator<number>;
}

/** A variable, or a call of a function of the file's own: its type shows when it is evaluated. */
export interface UntypedExpression {
  readonly type: "untyped";
  readonly evaluate: Evaluator<BindingValue>;
}

export type Expression = DataExpression | BooleanExpression | NumericExpression | UntypedExpression;

/**
 * `settings` are those made so far, for `config-option`, and hold the variables. While classes are
 * matched they hold what the top level defines and nothing else.
 */
export type Evaluator<Value> = (
  context: EvaluationContext,
  settings: Settings | undefined,
) => Value | undefined;
