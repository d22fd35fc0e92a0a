import type { Contender } from "../contenders/contender.ts";
import type { DhcpContender } from "../contenders/dhcp-contender.ts";
import type { Column } from "../results/bench-result.ts";
import type { BenchPlan } from "./bench-plan.ts";
import type { ContenderRun } from "./contender-run.ts";

/** One question about the contenders, and how it is answered. */
export interface Suite<Member extends Contender = DhcpContender> {
  readonly id: string;
  readonly title: string;
  /** What puts the load on them. */
  readonly generator?: string;
  readonly columns: readonly Column[];
  /** Who takes part, in the order of the table. */
  readonly contenders: readonly Member[];
  /** Contenders for which one round is enough: a second setting of a server, or a figure that is always the same. */
  takesOneRound?(contender: Member): boolean;
  /** How the figures come about, for their reader. */
  readonly method: (plan: BenchPlan) => readonly string[];
  /** How long a contender takes in one round, roughly. */
  turnMs(plan: BenchPlan, contender: Member): number;
  /** Measures one contender in one round. What it throws is why the contender has no more figures. */
  measure(run: ContenderRun<Member>): Promise<void>;
}

export const simulator = "Provlab simulator, 1 worker";
