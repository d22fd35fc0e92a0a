import { type ParameterName, parameterSlots } from "./parameters.ts";
import type { Statement } from "./program.ts";

/**
 * Whether running the statements may set the parameter. What is not known at a glance, as what a
 * function does, counts as if it did.
 */
export function maySet(statements: readonly Statement[], name: ParameterName): boolean {
  return statements.some((statement) => {
    switch (statement.kind) {
      case "constant":
      case "computed":
        return statement.slot === parameterSlots[name];
      case "if":
        return statement.branches.some((branch) => maySet(branch.statements, name));
      case "switch":
        return maySet(statement.statements, name);
      case "on":
      case "break":
        return false;
      default:
        return true;
    }
  });
}
