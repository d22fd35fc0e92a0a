import { contenders, principals } from "../contenders/contenders.ts";
import type { DhcpContender, Workload } from "../contenders/dhcp-contender.ts";
import { type BenchPlan, population } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { learnCapacity, searchFrom, withServer } from "../harness/dhcp-run.ts";
import { START_MS, searchMs } from "../harness/expected-time.ts";
import { type Suite, simulator } from "../harness/suite.ts";

const columns = [
  { id: "dora", title: "DORA/s", digits: 0, better: "more", hasRatio: true },
  { id: "renew", title: "renewals/s", digits: 0, better: "more", hasRatio: true },
  { id: "memory", title: "server MiB", digits: 0, better: "less", hasRatio: false },
] as const;

/** The highest rates that a server keeps, every server in every setting, without classes and hosts. */
export const rate: Suite = rateSuite({
  ...{ id: "rate", title: "Highest rate, bare configuration" },
  ...{ workload: "bare", contenders },
  what: "A subnet with one range for each of 40 relays; no classes, no hosts: the same for all.",
});

/** The same with the guide's headend. */
export const docsis = rateSuite({
  ...{ id: "docsis", title: "Highest rate, 80,000 registered DOCSIS devices" },
  ...{ workload: "docsis", contenders: principals },
  what:
    "80,000 hosts and subclasses, classes with options and files, 40 CMTSs with a pool for each " +
    "class. Kea has no subclasses: its global reservations alone make a device known.",
});

function rateSuite(about: {
  readonly id: string;
  readonly title: string;
  readonly workload: Workload;
  readonly contenders: readonly DhcpContender[];
  readonly what: string;
}): Suite {
  const { id, title, workload, what } = about;
  return {
    ...{ id, title, columns, generator: simulator, contenders: about.contenders },
    method: (plan) => [what, ...methodOf(plan)],
    turnMs,
    takesOneRound: (contender) => !principals.includes(contender),
    measure: (run) => measure(run, workload),
  };
}

function methodOf({ trial, renewals }: BenchPlan): readonly string[] {
  return [
    `A rate is kept when at most ${100 * trial.unansweredShareMax} % of the transactions are not ` +
      `complete within ${trial.answerMsMax / 1000} s of their intended start: open loop, ` +
      `${trial.measureMs / 1000} s a trial after a warm-up, nothing is sent twice. DORA/s is the highest ` +
      "rate kept, found by halving; devices come back after a power cut, some with a lease that still runs.",
    `Renewals/s: of ${renewals.devices.toLocaleString("en-US")} bound devices, at rising rates up to ` +
      `${renewals.rungs.at(-1)} times the DORA rate; the last one before the first that is missed. ` +
      "Every ACK is written to the lease file, renewals too.",
  ];
}

function turnMs(plan: BenchPlan, { firstRate }: DhcpContender): number {
  const { devices, bindShare, rungs } = plan.renewals;
  const climbMs = (1000 * devices) / (bindShare * firstRate) + rungs.length * plan.trial.measureMs;
  return START_MS + searchMs(plan) + climbMs;
}

async function measure(run: ContenderRun, workload: Workload): Promise<void> {
  const { plan } = run.bench;
  const { rate, steps } = searchFrom(run, workload);
  const served = { name: `rate-${workload}-${run.round}`, workload, population };
  await withServer(run, served, async (server) => {
    const dora = await server.searchDora(rate, steps);
    run.scoreRate("", "dora", dora);
    if (dora.maximumPerSecond !== undefined) {
      learnCapacity(run, workload, dora);
      const renewals = await server.searchRenewals(dora.maximumPerSecond, plan.renewals);
      run.scoreRate("", "renew", renewals);
    }
    run.score("", "memory", server.server.memoryMiB()?.peak);
  });
}
