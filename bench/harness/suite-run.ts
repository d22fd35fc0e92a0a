import type { Contender } from "../contenders/contender.ts";
import type { SuiteResult } from "../results/bench-result.ts";
import type { BenchPlan } from "./bench-plan.ts";
import { ContenderRun } from "./contender-run.ts";
import type { Bench } from "./server-start.ts";
import type { Suite } from "./suite.ts";

/** How many rounds a contender takes part in, the first ones. */
export function roundsOf<Member extends Contender>(
  { rounds }: Pick<BenchPlan, "rounds">,
  suite: Pick<Suite<Member>, "takesOneRound">,
  contender: Member,
): number {
  return suite.takesOneRound?.(contender) ? 1 : rounds;
}

/**
 * All rounds of a suite, its contenders taking turns. A contender that fails is reported with the
 * reason and takes no further part; the signal and the plan's time end the suite early.
 */
export async function runSuite<Member extends Contender>(
  bench: Bench,
  suite: Suite<Member>,
  contenders: readonly Member[],
): Promise<SuiteResult> {
  const startMs = performance.now();
  const { plan, signal, onProgress } = bench;
  const runs = contenders.map((contender) => new ContenderRun(bench, contender));
  const cutShort = (): string | undefined => {
    if (signal.aborted) return "interrupted";
    return performance.now() - startMs > plan.suiteMsMax ? "out of time" : undefined;
  };
  let skipped: string | undefined;
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const run of runs) {
      if (run.missing !== undefined || round > roundsOf(plan, suite, run.contender)) continue;
      skipped ??= cutShort();
      if (skipped !== undefined) continue;
      const { contender, version } = run;
      run.round = round;
      onProgress(`${suite.id}, round ${round} of ${plan.rounds}: ${contender.name} ${version}`);
      try {
        await suite.measure(run);
      } catch (error) {
        // The others go on; an interruption is no fault of this contender.
        if (signal.aborted) continue;
        run.missing = error instanceof Error ? error.message : String(error);
        onProgress(`${contender.name}: ${run.missing}`);
      }
    }
  }
  // Running out of time after the last measurement costs nothing; an interruption ended that measurement.
  const reason = signal.aborted ? cutShort() : skipped;
  return {
    ...{
      id: suite.id,
      title: suite.title,
      generator: suite.generator ?? "",
      columns: suite.columns,
    },
    durationMs: Math.round(performance.now() - startMs),
    ...(reason === undefined ? {} : { cutShort: reason }),
    method: suite.method(plan),
    roundsPlanned: plan.rounds,
    servers: runs.map(({ server }) => server),
    rows: runs.flatMap(({ rows }) => rows),
    trials: runs.flatMap(({ contender, trials }) =>
      trials.map((trial) => ({ server: contender.id, ...trial })),
    ),
  };
}
