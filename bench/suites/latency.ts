import type { LatencyHistogram } from "../../base/histogram.ts";
import { streamOfSyncs } from "../../lab/doctor/edge/sync-stream.ts";
import { LEASE_RECORD_BYTES } from "../../lab/doctor/guide-load.ts";
import { mixedPlan, type TrialResult } from "../../simulator/capacity/trial.ts";
import { principals } from "../contenders/contenders.ts";
import type { DhcpContender } from "../contenders/dhcp-contender.ts";
import { population } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { withServer } from "../harness/dhcp-run.ts";
import { guideBindMs, START_MS } from "../harness/expected-time.ts";
import type { Bench } from "../harness/server-start.ts";
import { type Suite, simulator } from "../harness/suite.ts";
import { againstDisk } from "../results/latency-bar.ts";

const SYNCS = "syncs alone";
const BESIDE = `discover beside ${SYNCS}`;

/** How long answers take at the load that the guide sizes a server for, beside what the disk alone takes. */
export const latency: Suite = {
  id: "latency",
  title: "Latency at the guide's load",
  generator: simulator,
  contenders: principals,
  columns: [
    { id: "p50", title: "p50 ms", digits: 2, better: "less", hasRatio: true },
    { id: "p99", title: "p99 ms", digits: 2, better: "less", hasRatio: true },
    { id: "p999", title: "p99.9 ms", digits: 2, better: "less", hasRatio: true },
    { id: "max", title: "max ms", digits: 1, better: "less", hasRatio: false },
    { id: "answered", title: "answered %", digits: 3, better: "more", hasRatio: false },
  ],
  method: ({ guide, trial }) => [
    `${guide.discoverPerSecond} Discovers and ${guide.renewPerSecond} Renews a second at once for ` +
      `${guide.latencyMs / 1000} s, with the 80,000 registered devices of the docsis suite, of which ` +
      `${guide.devices.toLocaleString("en-US")} were bound before. From the intended start of a ` +
      "transaction to the kernel's timestamp of its ACK, of those that were answered at all. " +
      `Answered: complete within ${trial.answerMsMax / 1000} s.`,
    `${SYNCS}, beside servers that sync: a program that does nothing but append ${LEASE_RECORD_BYTES} bytes for each of these ` +
      "exchanges to a file on the same disk and sync them, all that are due with one sync, for half of that " +
      "time before the server and half after it. From the moment that a record fell due to the end of its sync.",
  ],
  turnMs: (plan, contender) =>
    START_MS + guideBindMs(plan) + (isSynced(contender) ? 2 : 1) * plan.guide.latencyMs,
  measure,
};

async function measure(run: ContenderRun): Promise<void> {
  const { guide } = run.bench.plan;
  const served = { name: `latency-${run.round}`, workload: "docsis", population } as const;
  const syncs = isSynced(run.contender) ? await syncsAlone(run.bench) : undefined;
  const { trials } = await withServer(run, served, (server) =>
    server.run((target, settings) =>
      mixedPlan(target, settings, { ...guide, measureMs: guide.latencyMs }),
    ),
  );
  syncs?.merge(await syncsAlone(run.bench));
  for (const trial of trials) {
    const isBound = trial.problems.length > 0;
    run.score(trial.exchange, "p50", trial.latencyMsP50, isBound);
    run.score(trial.exchange, "p99", trial.latencyMsP99, isBound);
    run.score(trial.exchange, "p999", trial.latencyMsP999, isBound);
    run.score(trial.exchange, "max", trial.latencyMsMax, isBound);
    run.score(trial.exchange, "answered", 100 * (1 - trial.unansweredShare), isBound);
    run.keep(trial.exchange, trial);
    if (syncs !== undefined && trial.exchange === "discover") compare(run, trial, syncs);
  }
}

function isSynced({ durability }: Pick<DhcpContender, "durability">): boolean {
  return durability.startsWith("fsync");
}

async function syncsAlone({ plan, folder, signal }: Bench): Promise<LatencyHistogram> {
  const { discoverPerSecond, renewPerSecond, latencyMs } = plan.guide;
  const { waits } = await streamOfSyncs(
    {
      ...{ folder, durationMs: latencyMs / 2, recordBytes: LEASE_RECORD_BYTES },
      recordsPerSecond: discoverPerSecond + renewPerSecond,
    },
    signal,
  );
  return waits;
}

/** A row for the syncs, and the round's judgement in the notes below the table. */
function compare(run: ContenderRun, discover: TrialResult, syncs: LatencyHistogram): void {
  const disk = { p99: syncs.percentileMs(99), p999: syncs.percentileMs(99.9) };
  run.score(SYNCS, "p50", syncs.percentileMs(50));
  run.score(SYNCS, "p99", disk.p99);
  run.score(SYNCS, "p999", disk.p999);
  run.score(SYNCS, "max", syncs.maxMs());
  run.keep(SYNCS, { histogram: syncs.toBase64() });
  const found = againstDisk({ p99: discover.latencyMsP99, p999: discover.latencyMsP999 }, disk);
  const isLimited = discover.problems.length > 0;
  const words = `round ${run.round}: ${found}${isLimited ? ", but the generator was late" : ""}`;
  run.bench.onProgress(`Discover beside ${SYNCS}, ${words}`);
  run.keep(BESIDE, words);
  const rounds = run.trials.filter(({ subject }) => subject === BESIDE);
  run.explain("discover", `beside ${SYNCS}, ${rounds.map(({ trial }) => trial).join("; ")}`);
}
