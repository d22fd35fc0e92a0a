import { coldOutstanding, coldPlan } from "../../simulator/capacity/trial.ts";
import { contenders, principals } from "../contenders/contenders.ts";
import { modems } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { withServer } from "../harness/dhcp-run.ts";
import { bindMs, START_MS } from "../harness/expected-time.ts";
import type { ServedDevices } from "../harness/server-start.ts";
import { type Suite, simulator } from "../harness/suite.ts";

const columns = [
  { id: "seconds", title: "seconds", digits: 2, better: "less", hasRatio: true },
  { id: "server", title: "server MiB", digits: 0, better: "less", hasRatio: false },
  { id: "simulator", title: "simulator MiB", digits: 0, better: "less", hasRatio: false },
] as const;

const method =
  "From the first DISCOVER until every device holds a lease: closed loop, " +
  `${coldOutstanding} devices under way at any time, the same for all servers; clients repeat as RFC 2131 ` +
  "says. Memory is resident memory at its peak, of the whole process.";

/** The whole headend after a power cut. */
export const cold: Suite = {
  ...{ id: "cold", title: "The headend, cold to bound", generator: simulator, columns },
  contenders: principals,
  method: () => [`Modems, all of them registered. ${method}`],
  turnMs: (plan, contender) => START_MS + bindMs(plan.cold.devices, contender),
  measure: (run) => {
    const { devices, timeLimitMs } = run.bench.plan.cold;
    return bindAll(run, { workload: "docsis", population: modems(devices) }, timeLimitMs);
  },
};

/** More devices than one server is meant for. */
export const million: Suite = {
  ...{ id: "million", title: "A million devices, cold to bound", generator: simulator, columns },
  contenders: contenders.slice(0, 1),
  method: () => [`Modems, with the bare configuration. ${method}`],
  turnMs: (plan, contender) => START_MS + bindMs(plan.million.devices, contender),
  measure: (run) => {
    const { devices, timeLimitMs } = run.bench.plan.million;
    return bindAll(run, { workload: "bare", population: modems(devices) }, timeLimitMs);
  },
};

async function bindAll(
  run: ContenderRun,
  served: Pick<ServedDevices, "workload" | "population">,
  timeLimitMs: number,
): Promise<void> {
  const devices = served.population.cableModems;
  const subject = `${devices.toLocaleString("en-US")} devices`;
  await withServer(run, { ...served, name: `cold-${devices}-${run.round}` }, async (server) => {
    const measurement = await server.run((target, settings) =>
      coldPlan(target, settings, { outstanding: coldOutstanding, timeLimitMs }),
    );
    const { lastPhase, trials } = measurement;
    run.keep(subject, measurement);
    if (lastPhase.isGoalReached) {
      const isBound = trials.some(({ verdict }) => verdict === "generator-limited");
      run.score(subject, "seconds", lastPhase.durationMs / 1000, isBound);
    } else run.explain(subject, `not all bound within ${timeLimitMs / 1000} s`);
    run.score(subject, "server", server.server.memoryMiB()?.peak);
    run.score(subject, "simulator", server.generatorMiBMax);
  });
}
