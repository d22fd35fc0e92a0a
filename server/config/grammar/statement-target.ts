import type { Evaluator, SetMode, Statement, SwitchCase } from "../language/program.ts";
import type { BlockScope } from "../model/block-scope.ts";

/** What a statement sets: bytes, or a way to get them when a reply is built. */
export type ParsedValue =
  | { readonly constant: Uint8Array }
  | { readonly evaluate: Evaluator<Uint8Array> };

/** Statements inside each other: `if`, `switch`, `on`, `define`. */
export const NESTING_MAX = 32;

/** Where statements are collected: a block, or a branch of an `if` inside one. */
export interface StatementTarget {
  readonly scope: BlockScope;
  readonly statements: Statement[];
  readonly isTopLevel: boolean;
  /** Inside how many `if`s, `switch`es, `on`s and functions. */
  readonly depth: number;
  /** Directly inside a `switch`: where its labels go. */
  readonly labels?: SwitchLabels | undefined;
  /** The subnet around it. */
  readonly subnet?: { readonly network: number; readonly mask: number } | undefined;
}

export interface SwitchLabels {
  readonly type: "data" | "numeric";
  readonly cases: SwitchCase[];
  /** Places in the cases' values that look at what statements have done. */
  stateReads: number;
  defaultFrom: number | undefined;
}

export function addSetting(
  slot: number,
  mode: SetMode,
  value: ParsedValue,
  target: StatementTarget,
): void {
  target.statements.push(
    "constant" in value
      ? { kind: "constant", slot, mode, value: value.constant }
      : { kind: "computed", slot, mode, evaluate: value.evaluate },
  );
}
