import { rmSync } from "node:fs";
import type { ThreadTimes } from "../../lab/machine/process-usage.ts";
import { loopbackNetwork } from "../../lab/machine/server-network.ts";
import { coldPlan, type RunMeasurement, trialDefaults } from "../../simulator/capacity/trial.ts";
import { type ProvlabBuild, provlab } from "../contenders/provlab.ts";
import { modems } from "../harness/bench-plan.ts";
import { type BenchPlace, folderOf } from "../harness/server-start.ts";
import { ServerUnderLoad } from "../harness/server-under-load.ts";

/** One of the two servers that are compared. */
export interface ComparedServer extends ProvlabBuild {
  readonly name: string;
}

/** Its folder must lie on the disk whose syncs are part of the work. */
export type BlockSetting = Omit<BenchPlace, "network">;

/** What one server showed in one block. */
export interface BlockFigures {
  /** User and system time of the whole process over the transactions that it completed. */
  readonly cpuMicrosPerTransaction: number;
  /** The same of its first thread, which serves: the times of the others depend more on when they may run. */
  readonly servingMicrosPerTransaction: number;
  readonly completedPerSecond: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  readonly residentMiBMax: number;
  readonly completed: number;
}

/** A block cannot be judged: a server acknowledged what it must not, or completed nothing. */
export class BlockError extends Error {
  override readonly name = "BlockError";
}

/** Each once before anything counts: work, not time, makes compilers and caches warm. */
const WARM_UP_DEVICES = 20_000;
const MEASURE_MS = 4000;
/** Transactions that each server has under way: enough that it always has work. */
const OUTSTANDING = 256;
const WARM_UP_MS_MAX = 30_000;

/**
 * One block: two fresh servers under load at the same time, on one processor, each with a generator of
 * its own on the other one. What disturbs the machine meanwhile disturbs both, so their ratio is far
 * steadier than that of two runs one after the other. `pair[0]` starts first; figures come in the order of
 * `pair`. Leaves no process.
 */
export async function playBlock(
  pair: readonly [ComparedServer, ComparedServer],
  setting: BlockSetting,
): Promise<readonly [BlockFigures, BlockFigures]> {
  const starts = await Promise.allSettled(
    pair.map((compared, place) => startBlockServer(compared, place, setting)),
  );
  const servers = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  try {
    for (const start of starts) if (start.status === "rejected") throw start.reason;
    const [first, second] = servers as [BlockServer, BlockServer];
    const warmUp = { timeLimitMs: WARM_UP_MS_MAX };
    await Promise.all([play(first, warmUp), play(second, warmUp)]);
    return await Promise.all([measure(first), measure(second)]);
  } finally {
    await Promise.all(servers.map(stop));
  }
}

interface BlockServer {
  readonly name: string;
  readonly load: ServerUnderLoad;
  readonly folder: string;
}

/** `index` 0 or 1 decides its ports: both servers are on the loopback network, which needs no rights. */
async function startBlockServer(
  compared: ComparedServer,
  index: number,
  setting: BlockSetting,
): Promise<BlockServer> {
  const { name } = compared;
  const network = loopbackNetwork(29_000 + 4 * (process.pid % 400) + 2 * index);
  const place: BenchPlace = { ...setting, network };
  const contender = { ...provlab("batch", compared), name };
  const population = modems(WARM_UP_DEVICES);
  const served = { name: `block-${index}`, workload: "docsis", population } as const;
  const load = await ServerUnderLoad.start(place, contender, served, {
    ...{ settings: trialDefaults, onProgress: () => {} },
  });
  return { name, load, folder: folderOf(place, contender, served) };
}

async function measure(server: BlockServer): Promise<BlockFigures> {
  const { load } = server;
  const before = threadTimes(load);
  const { trials, lastPhase } = await play(server, {
    measureMs: MEASURE_MS,
    timeLimitMs: MEASURE_MS,
  });
  const after = threadTimes(load);
  const { completed } = lastPhase;
  const { ratePerSecond: completedPerSecond, latencyMsP50, latencyMsP99 } = trials[0];
  const microsPerTransaction = (ms: number): number => (1000 * ms) / completed;
  return {
    cpuMicrosPerTransaction: microsPerTransaction(after.allMs - before.allMs),
    servingMicrosPerTransaction: microsPerTransaction(after.mainMs - before.mainMs),
    ...{ completed, completedPerSecond, latencyMsP50, latencyMsP99 },
    residentMiBMax: load.server.memoryMiB()?.peak ?? Number.NaN,
  };
}

async function play(
  { name, load }: BlockServer,
  loop: Omit<Parameters<typeof coldPlan>[2], "outstanding">,
): Promise<RunMeasurement> {
  const measured = await load.run((target, settings) =>
    coldPlan(target, settings, { ...loop, outstanding: OUTSTANDING }),
  );
  if (measured.violations > 0) {
    throw new BlockError(
      `${name}: ${measured.violations} acknowledgements that no correct server gives`,
    );
  }
  if (measured.lastPhase.completed === 0 || measured.trials[0]?.ratePerSecond === 0) {
    throw new BlockError(
      `${name} completed nothing in ${loop.timeLimitMs / 1000} s: is the machine too busy?`,
    );
  }
  return measured;
}

async function stop({ load, folder }: BlockServer): Promise<void> {
  await load.stop();
  // Millions of lease records a block: they would fill a disk in an hour.
  rmSync(folder, { recursive: true, force: true });
}

function threadTimes({ server }: ServerUnderLoad): ThreadTimes {
  const times = server.threadTimes();
  if (times !== undefined) return times;
  throw new BlockError("the kernel does not say what processor time a process took");
}
