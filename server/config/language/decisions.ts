import type { Conditional, EvaluationContext, Statement, Switch } from "./program.ts";
import { chosenBranch, chosenCase } from "./run-statements.ts";
import type { Settings } from "./settings.ts";

/**
 * An `if` or a `switch` whose choice alone depends on the packet: given the choices, the result of
 * the statements around it is known.
 */
export interface Decision {
  /** The number of the way that the packet goes, from 0. */
  readonly choose: (context: EvaluationContext, settings: Settings) => number;
  /** The further decisions on each way. */
  readonly ways: readonly (readonly Decision[])[];
}

/** Statements looked at before a block counts as too large to be known by its choices. */
export const STATEMENTS_MAX = 4096;

const noDecisions: readonly Decision[] = [];
/**
 * Statements with the same effect for every packet. A defined function belongs to one lease, so
 * `define` is not among them.
 */
const constantKinds: ReadonlySet<Statement["kind"]> = new Set(["constant", "on"]);

/**
 * The decisions of `runStatements`, in its order. Undefined when more than choices depends on the
 * packet: values are computed, variables are set, or a condition looks at what statements did.
 */
export function decisionsOf(statements: readonly Statement[]): readonly Decision[] | undefined {
  return new Reader().read(statements, 0);
}

class Reader {
  #statementsLeft = STATEMENTS_MAX;

  read(statements: readonly Statement[], from: number): readonly Decision[] | undefined {
    const decisions: Decision[] = [];
    for (let index = from; index < statements.length; index += 1) {
      if (this.#statementsLeft === 0) return undefined;
      this.#statementsLeft -= 1;
      const statement = statements[index];
      if (statement.kind === "break") break;
      if (constantKinds.has(statement.kind)) continue;
      const decision = this.#decisionOf(statement);
      if (decision === undefined) return undefined;
      decisions.push(decision);
    }
    return decisions;
  }

  #decisionOf(statement: Statement): Decision | undefined {
    if (statement.kind === "if") return this.#conditional(statement);
    return statement.kind === "switch" ? this.#switch(statement) : undefined;
  }

  #conditional(statement: Conditional): Decision | undefined {
    if (!statement.looksAtPacketOnly) return undefined;
    const { branches } = statement;
    const ways = branches.map((branch) => this.read(branch.statements, 0));
    const choose: Decision["choose"] = (context, settings) => {
      const chosen = chosenBranch(branches, context, settings);
      return chosen < 0 ? branches.length : chosen;
    };
    return decision(choose, [...ways, noDecisions]);
  }

  #switch(statement: Switch): Decision | undefined {
    if (!statement.looksAtPacketOnly) return undefined;
    const { statements, cases, defaultFrom } = statement;
    const ways = cases.map(({ from }) => this.read(statements, from));
    const other = defaultFrom === undefined ? noDecisions : this.read(statements, defaultFrom);
    const choose: Decision["choose"] = (context, settings) => {
      const chosen = chosenCase(statement, context, settings);
      return chosen < 0 ? cases.length : chosen;
    };
    return decision(choose, [...ways, other]);
  }
}

function decision(
  choose: Decision["choose"],
  ways: readonly (readonly Decision[] | undefined)[],
): Decision | undefined {
  const known = ways.filter((way) => way !== undefined);
  return known.length < ways.length ? undefined : { choose, ways: known };
}
