import type { EvaluationContext } from "./evaluation-context.ts";
import type { Settings } from "./settings.ts";

/**
 * Compiled expressions. `undefined` is ISC's null: the value does not exist (an option that the
 * packet lacks), and most operators pass it on. `constant` is there when the value never changes.
 */
export interface DataExpression {
  readonly type: "data";
  readonly constant: Uint8Array | undefined;
  readonly evaluate: Evaluator<Uint8Array>;
}

export interface BooleanExpression {
  readonly type: "boolean";
  readonly evaluate: Evaluator<boolean>;
}

export interface NumericExpression {
  readonly type: "numeric";
  readonly constant: number | undefined;
  readonly evaluate: Evaluator<number>;
}

export type Expression = DataExpression | BooleanExpression | NumericExpression;

/** `settings` are those made so far, for `config-option`; none while classes are matched. */
export type Evaluator<Value> = (
  context: EvaluationContext,
  settings: Settings | undefined,
) => Value | undefined;
