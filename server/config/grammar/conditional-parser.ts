import type { BooleanExpression, Branch } from "../language/program.ts";
import { type BodyParser, innerTarget } from "./action-parser.ts";
import { parseBooleanExpression } from "./expression-parser.ts";
import type { Parser } from "./parser.ts";
import type { StatementTarget } from "./statement-target.ts";

/** `if`, which is the current word, its `elsif`s and its `else`. */
export function parseIf(parser: Parser, target: StatementTarget, parseBody: BodyParser): void {
  const branches: Branch[] = [];
  let stateReads = 0;
  const addBranch = (hasCondition: boolean): void => {
    const before = parser.stateReads;
    const condition = hasCondition ? parseCondition(parser) : undefined;
    stateReads += parser.stateReads - before;
    const inner = innerTarget(parser, target);
    parseBody(parser, inner);
    branches.push({ condition, statements: inner.statements });
  };
  parser.lexer.next();
  addBranch(true);
  for (;;) {
    if (parser.acceptWord("elsif")) {
      addBranch(true);
    } else if (parser.acceptWord("else")) {
      const hasCondition = parser.acceptWord("if");
      addBranch(hasCondition);
      if (!hasCondition) break;
    } else {
      break;
    }
  }
  target.statements.push({ kind: "if", branches, looksAtPacketOnly: stateReads === 0 });
}

/** A parenthesis at the start belongs to the statement: dhcpd takes nothing after its end but a brace. */
function parseCondition(parser: Parser): BooleanExpression {
  const isWrapped = parser.accept("(");
  const condition = parseBooleanExpression(parser);
  if (isWrapped) parser.expect(")", "right parenthesis expected.");
  return condition;
}
