import type { BlockScope } from "./block-scope.ts";
import { parseDataExpression } from "./expression-parser.ts";
import type { ParsedValue } from "./option-value-parser.ts";
import type { Parser } from "./parser.ts";
import type { SetMode, Statement } from "./statement.ts";

/** Where statements are collected: a block, or a branch of an `if` inside one. */
export interface StatementTarget {
  readonly scope: BlockScope;
  readonly statements: Statement[];
  readonly isTopLevel: boolean;
  /** Inside how many `if`s. */
  readonly depth: number;
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

/** A data expression; worked out at once when nothing in it depends on the packet. */
export function parseComputedValue(parser: Parser): ParsedValue {
  const { constant, evaluate } = parseDataExpression(parser);
  return constant === undefined ? { evaluate } : { constant };
}
