import { coldOutstanding, coldPlan } from "../../simulator/capacity/trial.ts";
import { contenders, principals } from "../contenders/contenders.ts";
import { modems } from "../harness/bench-plan.ts";
import type { ContenderRun } from "../harness/contender-run.ts";
import { withServer } from "../harness/dhcp-run.ts";
import { bindMs, START_MS, startWithLeasesMs } from "../harness/expected-time.ts";
import { type ServedDevices, startServer } from "../harness/server-start.ts";
import { type Suite, simulator } from "../harness/suite.ts";

const BYTES_A_MIB = 1024 * 1024;
const TIME_LIMIT_MS = 240_000;

const read = "read from the lease file";
const bound = "bound one by one";

/** Memory: of the server by lease, of the simulator by device. */
export const memory: Suite = {
  id: "memory",
  title: "Memory a lease and a device",
  generator: simulator,
  contenders: principals,
  takesOneRound: () => true,
  columns: [
    { id: "lease", title: "bytes a lease", digits: 0, better: "less", hasRatio: true },
    { id: "server", title: "server MiB", digits: 0, better: "less", hasRatio: false },
    { id: "device", title: "bytes a device", digits: 0, better: "less", hasRatio: false },
    { id: "simulator", title: "simulator MiB", digits: 0, better: "less", hasRatio: false },
  ],
  method: ({ memoryDevices }) => [
    "Resident memory of the whole process with " +
      `${memoryDevices.map((count) => count.toLocaleString("en-US")).join(" and with ")} leases, ` +
      "each time of a fresh process: the difference, divided by the leases between. Bare configuration with " +
      "pools for the devices. MiB: with the most. " +
      `"${bound}": the simulator binds them all; its own memory is taken at its peak. ` +
      `Of the other servers only "${read}": they are slower; what binding costs them was not measured.`,
  ],
  turnMs: ({ memoryDevices }, contender) => {
    const way = (each: (devices: number) => number): number =>
      memoryDevices.reduce((sum, devices) => sum + each(devices), 0);
    const binding =
      contender === contenders[0] ? way((devices) => START_MS + bindMs(devices, contender)) : 0;
    return way(startWithLeasesMs) + binding;
  },
  measure,
};

interface Sample {
  readonly devices: number;
  readonly serverMiB: number;
  readonly simulatorMiB?: number;
}

async function measure(run: ContenderRun): Promise<void> {
  const { memoryDevices } = run.bench.plan;
  const ways = run.contender === contenders[0] ? [read, bound] : [read];
  for (const way of ways) {
    const samples: Sample[] = [];
    for (const devices of memoryDevices) {
      samples.push(await (way === read ? afterReading : afterBinding)(run, devices));
    }
    run.keep(way, samples);
    const [first, last] = [samples[0], samples.at(-1)!];
    const devices = last.devices - first.devices;
    run.score(way, "lease", ((last.serverMiB - first.serverMiB) * BYTES_A_MIB) / devices);
    run.score(way, "server", last.serverMiB);
    if (first.simulatorMiB === undefined || last.simulatorMiB === undefined) continue;
    run.score(way, "device", ((last.simulatorMiB - first.simulatorMiB) * BYTES_A_MIB) / devices);
    run.score(way, "simulator", last.simulatorMiB);
  }
}

async function afterReading(run: ContenderRun, devices: number): Promise<Sample> {
  const server = await startServer(run.bench, run.contender, {
    ...{ name: `memory-read-${devices}-${run.round}`, workload: "bare" },
    ...{ population: modems(devices), leases: devices },
  });
  try {
    return { devices, serverMiB: known(server.memoryMiB()?.now) };
  } finally {
    await server.stop();
  }
}

async function afterBinding(run: ContenderRun, devices: number): Promise<Sample> {
  const name = `memory-bound-${devices}-${run.round}`;
  const served: ServedDevices = { name, workload: "bare", population: modems(devices) };
  return withServer(run, served, async (server) => {
    const { lastPhase } = await server.run((target, settings) =>
      coldPlan(target, settings, { outstanding: coldOutstanding, timeLimitMs: TIME_LIMIT_MS }),
    );
    if (!lastPhase.isGoalReached) throw new Error(`${devices} devices were not bound in time`);
    return {
      devices,
      serverMiB: known(server.server.memoryMiB()?.now),
      simulatorMiB: known(server.generatorMiBMax),
    };
  });
}

function known(mebibytes: number | undefined): number {
  if (mebibytes === undefined) throw new Error("the kernel does not say how much memory is in use");
  return mebibytes;
}
