import { mixedPlan } from "../../simulator/capacity/trial.ts";
import { principals } from "../contenders/contenders.ts";
import { population } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { withServer } from "../harness/dhcp-run.ts";
import { guideBindMs, START_MS } from "../harness/expected-time.ts";
import { type Suite, simulator } from "../harness/suite.ts";

/** How long answers take at the load that the guide sizes a server for. */
export const latency: Suite = {
  id: "latency",
  title: "Latency at the guide's load",
  generator: simulator,
  contenders: principals,
  columns: [
    { id: "p50", title: "p50 ms", digits: 2, better: "less", hasRatio: true },
    { id: "p99", title: "p99 ms", digits: 2, better: "less", hasRatio: true },
    { id: "p999", title: "p99.9 ms", digits: 2, better: "less", hasRatio: true },
    { id: "answered", title: "answered %", digits: 3, better: "more", hasRatio: false },
  ],
  method: ({ guide, trial }) => [
    `${guide.discoverPerSecond} Discovers and ${guide.renewPerSecond} Renews a second at once for ` +
      `${guide.latencyMs / 1000} s, with the 80,000 registered devices of the docsis suite, of which ` +
      `${guide.devices.toLocaleString("en-US")} were bound before. From the intended start of a ` +
      "transaction to the kernel's timestamp of its ACK, of those that were answered at all. " +
      `Answered: complete within ${trial.answerMsMax / 1000} s.`,
  ],
  turnMs: (plan) => START_MS + guideBindMs(plan) + plan.guide.latencyMs,
  measure,
};

async function measure(run: ContenderRun): Promise<void> {
  const { guide } = run.bench.plan;
  const served = { name: `latency-${run.round}`, workload: "docsis", population } as const;
  await withServer(run, served, async (server) => {
    const { trials } = await server.run((target, settings) =>
      mixedPlan(target, settings, { ...guide, measureMs: guide.latencyMs }),
    );
    for (const trial of trials) {
      const isBound = trial.verdict === "generator-limited";
      run.score(trial.exchange, "p50", trial.latencyMsP50, isBound);
      run.score(trial.exchange, "p99", trial.latencyMsP99, isBound);
      run.score(trial.exchange, "p999", trial.latencyMsP999, isBound);
      run.score(trial.exchange, "answered", 100 * (1 - trial.unansweredShare), isBound);
      run.keep(trial.exchange, trial);
    }
  });
}
