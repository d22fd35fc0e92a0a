import type { DhcpContender } from "../contenders/dhcp-contender.ts";
import type { Column } from "../results/bench-result.ts";
import type { BenchPlan } from "./bench-plan.ts";
import type { Turn } from "./contender-run.ts";

/** One question about the servers, and how it is answered. */
export interface Suite {
  readonly id: string;
  readonly title: string;
  readonly generator: string;
  readonly columns: readonly Column[];
  /** Who takes part, in the order of the table. */
  readonly contenders: readonly DhcpContender[];
  /** Whom one round is enough for: a second setting of a server, or a figure that is always the same. */
  readonly takesOneRound?: (contender: DhcpContender) => boolean;
  /** How the figures come about, for their reader. */
  readonly method: (plan: BenchPlan) => readonly string[];
  /** How long a contender's turn is going to take, roughly. */
  readonly turnMs: (plan: BenchPlan, contender: DhcpContender) => number;
  /** One contender in one round. What it throws is why the contender has no more figures. */
  readonly measure: (turn: Turn) => Promise<void>;
}

export const simulator = "Provlab simulator, 1 worker";
