import type { ProcessTimes } from "../../lab/machine/process-usage.ts";
import { mixedPlan } from "../../simulator/capacity/trial.ts";
import { replicated } from "../contenders/contenders.ts";
import { type BenchPlan, population } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { learnCapacity, searchFrom, withServer } from "../harness/dhcp-run.ts";
import { guideBindMs, START_MS, searchMs, trialMs } from "../harness/expected-time.ts";
import type { ServerUnderLoad } from "../harness/server-under-load.ts";
import { type Suite, simulator } from "../harness/suite.ts";

/** The share of the highest rate at which processor time is measured: nothing waits in queues then. */
const CPU_SHARE = 0.5;
/** The second node needs this time after a server's start until it has every lease. */
const PAIR_START_MS = 15_000;
const MICROSECONDS_A_MS = 1000;

/** The cost of having a lease on other machines before its ACK leaves: a pair beside one server. */
export const pair: Suite = {
  id: "pair",
  title: "The warm-standby pair beside a single server",
  generator: simulator,
  contenders: replicated,
  columns: [
    { id: "dora", title: "DORA/s", digits: 0, better: "more", hasRatio: true },
    { id: "p50", title: "p50 ms", digits: 2, better: "less", hasRatio: false },
    { id: "p99", title: "p99 ms", digits: 2, better: "less", hasRatio: false },
    { id: "p999", title: "p99.9 ms", digits: 2, better: "less", hasRatio: false },
    { id: "cpu", title: "CPU µs a lease", digits: 0, better: "less", hasRatio: true },
  ],
  method: ({ guide, trial }) => [
    `80,000 registered devices, as in the docsis suite. DORA/s is searched as there. The percentiles are ` +
      `those of Discovers at the guide's load: ${guide.discoverPerSecond} of them and ` +
      `${guide.renewPerSecond} Renews a second for ${guide.latencyMs / 1000} s.`,
    `CPU: in user and kernel mode, of each process, at half of the rate that was found, for ` +
      `${(trial.warmUpMs + trial.measureMs) / 1000} s.`,
    "The devices ask the node that serves. All three members of etcd and both nodes share the processors " +
      "with the generator and one disk: in the field they are three machines.",
  ],
  turnMs: (plan) =>
    START_MS +
    PAIR_START_MS +
    searchMs(plan) +
    trialMs(plan) +
    guideBindMs(plan) +
    plan.guide.latencyMs,
  measure,
};

async function measure(run: ContenderRun): Promise<void> {
  const { plan } = run.bench;
  const { rate, steps } = searchFrom(run, "docsis");
  const served = { name: `pair-${run.round}`, workload: "docsis", population } as const;
  await withServer(run, served, async (server) => {
    const dora = await server.searchDora(rate, steps);
    run.scoreRate("", "dora", dora);
    const { maximumPerSecond } = dora;
    if (maximumPerSecond !== undefined) {
      learnCapacity(run, "docsis", dora);
      await measureCpu(run, server, Math.round(CPU_SHARE * maximumPerSecond));
    }
    await measureLatency(run, server, plan);
  });
}

async function measureCpu(run: ContenderRun, server: ServerUnderLoad, rate: number): Promise<void> {
  const before = server.server.cpuTimes();
  const trial = await server.dora(rate);
  const after = server.server.cpuTimes();
  const { warmUpMs, warmUpShare, measureMs } = run.bench.plan.trial;
  const leases = (rate * (warmUpMs * warmUpShare + measureMs)) / 1000;
  const microseconds = (times: readonly ProcessTimes[]): number =>
    times.reduce((sum, { userMs, systemMs }) => sum + userMs + systemMs, 0) * MICROSECONDS_A_MS;
  run.score("", "cpu", (microseconds(after) - microseconds(before)) / leases);
  run.keep("cpu", { rate, leases, trial, before, after });
  // The first process is the single server, or the host that started the programs of the pair.
  for (const [index, each] of after.entries()) {
    if (index === 0) continue;
    const spent = microseconds([each]) - microseconds(before.slice(index, index + 1));
    run.score(each.name, "cpu", spent / leases);
  }
}

async function measureLatency(
  run: ContenderRun,
  server: ServerUnderLoad,
  { guide }: BenchPlan,
): Promise<void> {
  const { trials } = await server.run((target, settings) =>
    mixedPlan(target, settings, { ...guide, measureMs: guide.latencyMs }),
  );
  for (const trial of trials) {
    run.keep(trial.exchange, trial);
    if (trial.exchange !== "discover") continue;
    const isBound = trial.problems.length > 0;
    run.score("", "p50", trial.latencyMsP50, isBound);
    run.score("", "p99", trial.latencyMsP99, isBound);
    run.score("", "p999", trial.latencyMsP999, isBound);
  }
}
