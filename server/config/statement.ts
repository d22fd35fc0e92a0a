import type { BooleanExpression, Evaluator } from "./expression.ts";

/** What an option statement does with a value that is already there. */
export type SetMode = "supersede" | "default" | "append" | "prepend";

/** A compiled statement. Slots are indexes into `Settings`, given out by the OptionRegistry. */
export type Statement = SetConstant | SetComputed | Conditional;

export interface SetConstant {
  readonly kind: "constant";
  readonly slot: number;
  readonly mode: SetMode;
  readonly value: Uint8Array;
}

export interface SetComputed {
  readonly kind: "computed";
  readonly slot: number;
  readonly mode: SetMode;
  /** A null value leaves the setting as it is. */
  readonly evaluate: Evaluator<Uint8Array>;
}

/** `if`, its `elsif`s and its `else`: the first branch whose condition is true runs. */
export interface Conditional {
  readonly kind: "if";
  readonly branches: readonly Branch[];
}

export interface Branch {
  /** Undefined for `else`. */
  readonly condition: BooleanExpression | undefined;
  readonly statements: readonly Statement[];
}
