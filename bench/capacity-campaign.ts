import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabProcess } from "../lab/machine/lab-process.ts";
import { provCommand } from "../lab/machine/package-root.ts";
import { twoProcessors } from "../lab/machine/processors.ts";
import { runToEnd } from "../lab/machine/run-to-end.ts";
import {
  namespaceNetwork,
  type ServerNetwork,
  withNetwork,
} from "../lab/machine/server-network.ts";
import { formatIpv4 } from "../protocol/ipv4.ts";
import type { CapacityResult } from "../reports/capacity/capacity-result.ts";
import { principals } from "./contenders/contenders.ts";
import type { DhcpContender } from "./contenders/dhcp-contender.ts";
import { population } from "./harness/bench-plan.ts";
import {
  exitStatus,
  listOf,
  runProgram,
  tellProgress,
  wholeNumber,
} from "./harness/cli-options.ts";
import { type BenchPlace, onGeneratorSide, startServer } from "./harness/server-start.ts";
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

/** Beyond its time limit a search takes the trials at shares of its answer. */
const GRACE_MS = 180_000;

process.exitCode = await runProgram(program, async (options, folder, signal) => {
  const { servers = ids, repeats, minutes, seed } = options;
  const network = namespaceNetwork();
  const place = { network, processors: twoProcessors(), seed, folder, signal };
  const rows = await withNetwork(network, async () => {
    writeScenario(folder, network, seed);
    const chosen = principals.filter(({ id }) => servers.includes(id));
    const found: Found[] = [];
    // The second round of all comes after the first of all: hours of a machine differ more than minutes.
    for (const round of [1, 2]) {
      for (const contender of chosen) {
        found.push(await searchOnce(place, contender, { round, repeats, minutes }));
      }
    }
    return chosen.map(
      ({ name }, index): FoundTwice => ({
        ...{ name, first: found[index], second: found[chosen.length + index] },
      }),
    );
  });
  const table = capacityTable(rows);
  writeFileSync(join(folder, "capacity-campaign.md"), table);
  process.stdout.write(table);
  return isRepeated(rows) ? exitStatus.pass : exitStatus.found;
});

async function searchOnce(
  place: BenchPlace,
  contender: DhcpContender,
  limits: { readonly round: number; readonly repeats: number; readonly minutes: number },
): Promise<Found> {
  const { round, repeats, minutes } = limits;
  const { network, folder, signal } = place;
  const served = { name: `capacity-${round}`, workload: "bare", population } as const;
  const out = join(folder, `${contender.id}-${round}`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  let server: LabProcess | undefined;
  try {
    tellProgress(`${contender.name}, round ${round}`);
    server = await startServer(place, contender, served);
    const command = provCommand(
      ...["capacity", join(folder, "devices.yaml"), "--out", out],
      ...["--target", `${formatIpv4(network.serverAddress)}:${network.ports.relay}`],
      ...["--repeats", String(repeats), "--time-limit", `${minutes} min`, "--workers", "1"],
    );
    await runToEnd(onGeneratorSide(place, command), {
      ...{ signal, msMax: minutes * 60_000 + GRACE_MS, showsErrors: true },
    });
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

/** The bench's headend, in the network's own address block. */
function writeScenario(folder: string, network: ServerNetwork, seed: number): void {
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
