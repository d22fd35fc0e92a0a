import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { LabProcess } from "../../lab/machine/lab-process.ts";
import { onProcessor, type Processors } from "../../lab/machine/processors.ts";
import type { ServerNetwork } from "../../lab/machine/server-network.ts";
import { type ServerCommand, startServerProcess } from "../../lab/machine/server-process.ts";
import { Population, type PopulationPlan } from "../../scenarios/population/population.ts";
import type { Contender, Launch } from "../contenders/contender.ts";
import type { DhcpContender, DhcpLaunch, Workload } from "../contenders/dhcp-contender.ts";
import { type BenchPlan, leaseSeconds } from "./bench-plan.ts";
import { writeLeases } from "./lease-files.ts";
import type { RateResult } from "./rate-result.ts";

/** Where servers and generators run. */
export interface BenchPlace {
  readonly network: ServerNetwork;
  readonly processors: Processors | undefined;
  readonly seed: number;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** What is the same for every suite, every contender and in every round. */
export interface Bench extends BenchPlace {
  readonly plan: BenchPlan;
  /** The rate that each server was found to keep, by its id and workload: a yardstick for other suites. */
  readonly capacities: Map<string, RateResult>;
  readonly onProgress: (line: string) => void;
}

/** What a server is to serve. */
export interface ServedDevices {
  /** Names the folder that its files are in, beside the contender. */
  readonly name: string;
  readonly workload: Workload;
  /** Without the address block, which is the network's. */
  readonly population: PopulationPlan;
  /** How many of the devices hold a lease, by the file that the server starts with; 0 when left out. */
  readonly leases?: number;
}

/** The population as it is in the bench's network. */
export function populationIn(place: BenchPlace, { population }: ServedDevices): PopulationPlan {
  return { ...population, addressBlock: place.network.addressBlock, seed: place.seed };
}

/** The command line that runs a generator where generators belong. */
export function onGeneratorSide(
  { network, processors }: BenchPlace,
  command: readonly string[],
): readonly string[] {
  return network.onGeneratorSide(onProcessor(processors?.generator, command));
}

/** Servers that share the generator's processor must not make it late. */
const behindGenerator = ["nice", "--adjustment=5"] as const;

/** How to start a server where servers belong; its folder must exist. */
export function serverCommand(
  { network, processors }: BenchPlace,
  { name, hasAllProcessors }: Pick<Contender, "name"> & Pick<DhcpContender, "hasAllProcessors">,
  { command, environment, readyText }: Launch & Pick<DhcpLaunch, "readyText">,
  at: { readonly folder: string; readonly port: number },
): ServerCommand {
  return {
    ...{ title: name, environment, ...at, entersNamespace: network.hasInterface },
    ...(readyText === undefined ? {} : { readyText }),
    command: network.onServerSide(
      hasAllProcessors === true
        ? [...behindGenerator, ...command]
        : onProcessor(processors?.server, command),
    ),
  };
}

/** The folder of a contender that serves these devices. */
export function folderOf(place: BenchPlace, { id }: Contender, { name }: ServedDevices): string {
  return join(place.folder, `${id}-${name}`);
}

/** Writes configuration and lease file; says how to start the server where it belongs. */
export function prepareServer(
  place: BenchPlace,
  contender: DhcpContender,
  served: ServedDevices,
): { readonly command: ServerCommand; readonly population: Population } {
  const { network } = place;
  const folder = folderOf(place, contender, served);
  mkdirSync(folder, { recursive: true });
  const population = new Population(populationIn(place, served));
  const { workload, leases = 0 } = served;
  const launch = contender.prepare({ folder, network, workload, population, leaseSeconds });
  if (leases > 0) writeLeases(launch, population, { leases, leaseSeconds, nowMs: Date.now() });
  const at = { folder, port: network.ports.relay };
  return { command: serverCommand(place, contender, launch, at), population };
}

export function startServer(
  place: BenchPlace,
  contender: DhcpContender,
  served: ServedDevices,
): Promise<LabProcess> {
  return startServerProcess(prepareServer(place, contender, served).command, place.signal);
}
