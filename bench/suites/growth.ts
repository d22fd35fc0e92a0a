import { doraPlan } from "../../simulator/capacity/trial.ts";
import { contenders } from "../contenders/contenders.ts";
import { modems } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { paceOf, withServer } from "../harness/dhcp-run.ts";
import { searchMs, startWithLeasesMs, trialMs } from "../harness/expected-time.ts";
import { knowledgeOf } from "../harness/rate-result.ts";
import type { ServedDevices } from "../harness/server-start.ts";
import type { ServerUnderLoad } from "../harness/server-under-load.ts";
import { type Suite, simulator } from "../harness/suite.ts";

/** A share of the rate that is kept: the server is busy, and loses nothing. */
const PACE = 0.8;
/** The server receives two packets in a DORA: DISCOVER and REQUEST. */
const PACKETS_A_DORA = 2;
const NANOSECONDS_A_MS = 1e6;

/** How the cost of a packet grows with the leases that a server holds. */
export const growth: Suite = {
  id: "growth",
  title: "Cost by number of leases",
  generator: simulator,
  contenders: contenders.slice(0, 1),
  columns: [
    { id: "dora", title: "DORA/s", digits: 0, better: "more", hasRatio: true },
    { id: "doraShare", title: "of the first row, %", digits: 0, better: "more", hasRatio: false },
    { id: "cpu", title: "ns of CPU a packet", digits: 0, better: "less", hasRatio: true },
    { id: "cpuShare", title: "of the first row, %", digits: 0, better: "less", hasRatio: false },
  ],
  method: () => [
    "The server starts with so many leases in its file, all of them running, and as many devices ask again. " +
      "DORA/s as in the rate suite, bare configuration. " +
      `CPU: of all threads of the server, at ${PACE} of that rate, divided by the packets that it received ` +
      "(two a DORA): with receiving, writing and sending, in user and system mode.",
  ],
  turnMs: (plan) =>
    plan.growthLeases.reduce(
      (sum, leases) => sum + startWithLeasesMs(leases) + searchMs(plan) + trialMs(plan),
      0,
    ),
  measure,
};

async function measure(run: ContenderRun): Promise<void> {
  const { growthLeases, laterSearch } = run.bench.plan;
  const pace = await paceOf(run, "bare");
  let first: Record<"perSecond" | "cpuNs", number | undefined> | undefined;
  for (const leases of growthLeases) {
    const subject = `${leases.toLocaleString("en-US")} leases`;
    const name = `growth-${leases}-${run.round}`;
    const served: ServedDevices = { name, workload: "bare", population: modems(leases), leases };
    const { dora, cpuNs } = await withServer(run, served, async (server) => {
      const found = await server.searchDora(pace, laterSearch);
      const rate = Math.round(PACE * (found.maximumPerSecond ?? pace));
      return { dora: found, cpuNs: await nanosecondsAPacket(server, rate) };
    });
    run.scoreRate(subject, "dora", dora);
    run.score(subject, "cpu", cpuNs);
    const cost = { perSecond: dora.maximumPerSecond, cpuNs };
    first ??= cost;
    run.score(
      subject,
      "doraShare",
      percentOf(cost.perSecond, first.perSecond),
      knowledgeOf(dora) === "bound",
    );
    run.score(subject, "cpuShare", percentOf(cost.cpuNs, first.cpuNs));
  }
}

function percentOf(value: number | undefined, whole: number | undefined): number | undefined {
  return value === undefined || whole === undefined ? undefined : (100 * value) / whole;
}

async function nanosecondsAPacket(
  server: ServerUnderLoad,
  rate: number,
): Promise<number | undefined> {
  const before = server.server.threadTimes()?.allMs;
  let warmUp = 0;
  const { trials } = await server.run((target, settings) => {
    warmUp = Math.round((rate * settings.warmUpShare * settings.warmUpMs) / 1000);
    return doraPlan(target, settings, rate);
  });
  const after = server.server.threadTimes()?.allMs;
  if (before === undefined || after === undefined) return undefined;
  const packets = PACKETS_A_DORA * (trials[0].offered + warmUp);
  return ((after - before) * NANOSECONDS_A_MS) / packets;
}
