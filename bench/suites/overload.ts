import { principals } from "../contenders/contenders.ts";
import { population } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { capacityOf, withServer } from "../harness/dhcp-run.ts";
import { START_MS, trialMs } from "../harness/expected-time.ts";
import { type Suite, simulator } from "../harness/suite.ts";

/** How much of its rate a server still serves when it is asked for more. */
export const overload: Suite = {
  id: "overload",
  title: "Goodput under overload",
  generator: simulator,
  contenders: principals,
  columns: [
    { id: "goodput", title: "goodput DORA/s", digits: 0, better: "more", hasRatio: true },
    { id: "share", title: "of its capacity, %", digits: 1, better: "more", hasRatio: false },
  ],
  method: ({ trial }) => [
    "DORA a second offered at multiples of the rate that the server was found to keep, bare configuration. " +
      `Goodput: complete within ${trial.answerMsMax / 1000} s of the intended start, open loop, ` +
      `${trial.measureMs / 1000} s; nothing is sent twice. A load that the generator cannot offer is not shown.`,
  ],
  turnMs: (plan) => START_MS + plan.overloads.length * trialMs(plan),
  measure,
};

async function measure(run: ContenderRun): Promise<void> {
  const { plan } = run.bench;
  const { maximumPerSecond: capacity } = await capacityOf(run, "bare");
  if (capacity === undefined) throw new Error("no rate is known that it keeps");
  const served = { name: `overload-${run.round}`, workload: "bare", population } as const;
  await withServer(run, served, async (server) => {
    for (const factor of plan.overloads) {
      const subject = `${factor} × capacity`;
      const trial = await server.doraTwice(Math.round(factor * capacity));
      run.keep(subject, trial);
      if (trial.verdict === "generator-limited") {
        run.explain(subject, "more than the generator can offer");
        return;
      }
      const goodput = (1000 * trial.answered) / plan.trial.measureMs;
      run.score(subject, "goodput", goodput);
      run.score(subject, "share", (100 * goodput) / capacity);
    }
  });
}
