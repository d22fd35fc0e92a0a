import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { onProcessor, type Processors } from "../../lab/machine/processors.ts";
import type { BenchNetwork } from "../../lab/machine/server-network.ts";
import { Population, type PopulationPlan } from "../../scenarios/population/population.ts";
import type { DhcpContender, DhcpLaunch, Workload } from "../contenders/dhcp-contender.ts";
import { type BenchPlan, leaseSeconds } from "./bench-plan.ts";
import { writeLeases } from "./lease-files.ts";
import { type ServerCommand, ServerProcess } from "./server-process.ts";

/** What is the same for every suite, every contender and in every round. */
export interface Bench {
  readonly plan: BenchPlan;
  readonly network: BenchNetwork;
  readonly processors: Processors | undefined;
  readonly seed: number;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** What a server is to serve. */
export interface Arena {
  /** Of the folder that its files are in, beside the contender's. */
  readonly name: string;
  readonly workload: Workload;
  /** Without the address block, which is the network's. */
  readonly population: PopulationPlan;
  /** How many of the devices hold a lease, by the file that the server starts with; 0 unless told. */
  readonly leases?: number;
}

/** The population as it is in the bench's network. */
export function populationIn(bench: Bench, arena: Arena): PopulationPlan {
  return { ...arena.population, addressBlock: bench.network.addressBlock, seed: bench.seed };
}

/** Who shares the generator's processor must not make it late. */
const behindGenerator = ["nice", "--adjustment=5"] as const;

/** Writes configuration and lease file; says how to start the server where it belongs. */
export function prepareServer(
  bench: Bench,
  contender: DhcpContender,
  arena: Arena,
): {
  readonly command: ServerCommand;
  readonly launch: DhcpLaunch;
  readonly population: Population;
} {
  const { network, processors } = bench;
  const folder = join(bench.folder, `${contender.id}-${arena.name}`);
  mkdirSync(folder, { recursive: true });
  const population = new Population(populationIn(bench, arena));
  const { workload, leases = 0 } = arena;
  const launch = contender.prepare({ folder, network, workload, population, leaseSeconds });
  if (leases > 0) writeLeases(launch, population, { leases, leaseSeconds, nowMs: Date.now() });
  const { readyText } = launch;
  const command = {
    ...(readyText === undefined ? {} : { readyText }),
    name: contender.name,
    command: network.onServerSide(
      contender.hasAllProcessors === true
        ? [...behindGenerator, ...launch.command]
        : onProcessor(processors?.server, launch.command),
    ),
    environment: launch.environment,
    logFile: join(folder, "server.log"),
    port: network.ports.relay,
    entersNamespace: network.hasInterface,
  };
  return { command, launch, population };
}

export function startServer(
  bench: Bench,
  contender: DhcpContender,
  arena: Arena,
): Promise<ServerProcess> {
  return ServerProcess.start(prepareServer(bench, contender, arena).command, bench.signal);
}
