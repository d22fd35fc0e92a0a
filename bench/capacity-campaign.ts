import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onProcessor, twoProcessors } from "../lab/machine/processors.ts";
import { type BenchNetwork, namespaceNetwork } from "../lab/machine/server-network.ts";
import { formatIpv4 } from "../protocol/ipv4.ts";
import type { CapacityResult } from "../reports/capacity/capacity-result.ts";
import { provCommand } from "./contenders/contender.ts";
import { principals } from "./contenders/contenders.ts";
import type { DhcpContender } from "./contenders/dhcp-contender.ts";
import { fullPlan, population } from "./harness/bench-plan.ts";
import {
  exitStatus,
  listOf,
  runProgram,
  tellProgress,
  wholeNumber,
} from "./harness/cli-options.ts";
import { killServers } from "./harness/server-process.ts";
import { type Bench, startServer } from "./harness/server-start.ts";
import {
  capacityTable,
  type Found,
  type FoundTwice,
  isRepeated,
} from "./results/capacity-table.ts";

const ids = principals.map(({ id }) => id);

const usage = `node dist/bench/capacity-campaign.js [--servers ${ids.join(",")}]
                 [--repeats N] [--minutes N] [--seed N] [--out FOLDER]

Has \`prov capacity --target\` find the maximum of each server twice, in network namespaces, each time
from a fresh start, and compares: 99 when one of them is not within 5 % of its first. --minutes bounds
one search (default 10). Needs root and the servers.
`;

const program = {
  name: "capacity",
  usage,
  folder: "capacity-campaign",
  options: {
    servers: listOf("server", ids),
    repeats: wholeNumber({ min: 1, max: 10 }, 3),
    minutes: wholeNumber({ min: 1, max: 120 }, 10),
    seed: wholeNumber({ min: 0, max: 0xfff_ffff }, 1),
  },
};

/** Over and above its time limit a search takes the trials at shares of its answer. */
const GRACE_MS = 180_000;

process.exitCode = await runProgram(program, async (options, folder, signal) => {
  const { servers = ids, repeats, minutes, seed } = options;
  const network = namespaceNetwork();
  const cleanUp = (): void => {
    killServers();
    network.close();
  };
  process.once("exit", cleanUp);
  const bench: Bench = {
    ...{ plan: fullPlan, network, processors: twoProcessors(), seed, folder, signal },
    onProgress: tellProgress,
  };
  const rows: FoundTwice[] = [];
  writeScenario(folder, network, seed);
  const chosen = principals.filter(({ id }) => servers.includes(id));
  const firsts: Found[] = [];
  // The second round of all comes after the first of all: hours of a machine differ more than minutes.
  for (const contender of chosen) {
    firsts.push(await searchOnce(bench, contender, { round: 1, repeats, minutes }));
  }
  for (const [index, contender] of chosen.entries()) {
    const second = await searchOnce(bench, contender, { round: 2, repeats, minutes });
    rows.push({ name: contender.name, first: firsts[index]!, second });
  }
  const table = capacityTable(rows);
  writeFileSync(join(folder, "capacity-campaign.md"), table);
  process.stdout.write(table);
  return isRepeated(rows) ? exitStatus.pass : exitStatus.found;
});

async function searchOnce(
  bench: Bench,
  contender: DhcpContender,
  limits: { readonly round: number; readonly repeats: number; readonly minutes: number },
): Promise<Found> {
  const { round, repeats, minutes } = limits;
  const { network, processors, folder, signal } = bench;
  const arena = { name: `capacity-${round}`, workload: "bare", population } as const;
  const out = join(folder, `${contender.id}-${round}`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  let server: Awaited<ReturnType<typeof startServer>> | undefined;
  try {
    tellProgress(`${contender.name}, round ${round}`);
    server = await startServer(bench, contender, arena);
    const command = provCommand(
      ...["capacity", join(folder, "devices.yaml"), "--out", out],
      ...["--target", `${formatIpv4(network.serverAddress)}:${network.ports.relay}`],
      ...["--repeats", String(repeats), "--time-limit", `${minutes} min`, "--workers", "1"],
    );
    const [first, ...args] = network.onGeneratorSide(onProcessor(processors?.generator, command));
    const child = spawn(first!, args, {
      stdio: ["ignore", "ignore", "inherit"],
      signal: AbortSignal.any([signal, AbortSignal.timeout(minutes * 60_000 + GRACE_MS)]),
    });
    await once(child, "exit");
    server.check();
    const text = readFileSync(join(out, "capacity.json"), "utf8");
    const { maximumPerSecond, verdict } = JSON.parse(text) as CapacityResult;
    return { maximumPerSecond, verdict };
  } catch (error) {
    tellProgress(`${contender.name}: ${(error as Error).message}`);
    return { maximumPerSecond: null, verdict: "failed" };
  } finally {
    await server?.stop();
  }
}

/** The bench's headend, in the network's own block. */
function writeScenario(folder: string, network: BenchNetwork, seed: number): void {
  const { network: address, prefixLength } = network.addressBlock;
  const devices = {
    schema: "provlab/scenario@1",
    name: "headend",
    seed,
    population: { ...population, addressBlock: `${formatIpv4(address)}/${prefixLength}` },
    phases: [
      {
        name: "connect",
        streams: [{ exchange: "discover", ratePerSecond: 100 }],
        until: "all-bound",
      },
    ],
  };
  // JSON is YAML as well.
  writeFileSync(join(folder, "devices.yaml"), JSON.stringify(devices, null, 2));
}
