import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { onProcessor, type Processors, twoProcessors } from "../../lab/machine/processors.ts";
import { type BenchNetwork, chooseNetwork } from "../../lab/machine/server-network.ts";
import { Population, type PopulationPlan } from "../../scenarios/population/population.ts";
import { doraPlan, renewalPlan, type TrialTarget } from "../../simulator/capacity/trial.ts";
import type { RunPlan } from "../../simulator/plan/run-plan.ts";
import type { Workload } from "../contenders/dhcp-contender.ts";
import { provlab } from "../contenders/provlab.ts";
import { GeneratorProcess } from "../generators/generator-process.ts";
import { fullPlan, leaseSeconds, population } from "../harness/bench-plan.ts";
import { killServers, ServerProcess } from "../harness/server-process.ts";
import type { CpuProfile, TimeWindow } from "./cpu-profile.ts";
import type { ProfiledPhase } from "./generator.ts";

export const subjects = ["server", "simulator"] as const;
export type Subject = (typeof subjects)[number];
export const exchanges = ["discover", "renew"] as const;
export type Exchange = (typeof exchanges)[number];

export interface ProfileRequest {
  readonly subject: Subject;
  readonly exchange: Exchange;
  readonly workload: Workload;
  /** Transactions a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly seed: number;
  /** The compiled `cli/main.js` of the server: this package's, or that of another checkout. */
  readonly program: string;
  /** Exists; everything goes below it. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface ProfileOutcome {
  readonly profile: CpuProfile;
  readonly window: TimeWindow;
  readonly phase: ProfiledPhase;
  /** Datagrams that the subject received in the window: two a DORA, one a renewal. */
  readonly packets: number;
  readonly processors: Processors | undefined;
  readonly network: string;
}

/** Fine enough for functions of a microsecond once they ran ten thousand times. */
const SAMPLE_MICROS = 200;
const WARM_UP_MS = 5000;
const RENEWING_DEVICES = 40_000;
const RUN_GRACE_MS = 60_000;
const generatorProgram = new URL("./generator.js", import.meta.url);

/**
 * Plays one rate at a fresh server and brings back the subject's profile: the server's loop, or the
 * simulator's worker. Leaves no process and no namespace.
 */
export async function runProfile(request: ProfileRequest): Promise<ProfileOutcome> {
  const network = chooseNetwork(() => {});
  const cleanUp = (): void => {
    killServers();
    network.close();
  };
  process.on("exit", cleanUp);
  try {
    return await profileOn(request, network);
  } finally {
    process.off("exit", cleanUp);
    network.close();
  }
}

async function profileOn(request: ProfileRequest, network: BenchNetwork): Promise<ProfileOutcome> {
  const { subject, folder, signal, exchange } = request;
  const processors = twoProcessors();
  const plan = { ...population, addressBlock: network.addressBlock, seed: request.seed };
  const profiles = join(folder, "profiles");
  mkdirSync(profiles, { recursive: true });
  const server = await startServer(request, network, processors, plan, profiles);
  let phase: ProfiledPhase;
  try {
    phase = await play(request, network, processors, plan, profiles);
    server.check();
  } finally {
    await server.stop();
  }
  signal.throwIfAborted();
  return {
    profile: readProfile(profiles, subject === "server" ? MAIN_THREAD : FIRST_WORKER),
    window: { fromMicros: monotonicMicros(phase.fromMs), toMicros: monotonicMicros(phase.toMs) },
    phase,
    packets: phase.completed * (exchange === "discover" ? 2 : 1),
    processors,
    network: network.description,
  };
}

function startServer(
  { subject, folder, workload, program, signal }: ProfileRequest,
  network: BenchNetwork,
  processors: Processors | undefined,
  plan: PopulationPlan,
  profiles: string,
): Promise<ServerProcess> {
  const contender = provlab("batch");
  const setting = { folder, network, workload, population: new Population(plan), leaseSeconds };
  const { command, environment } = contender.prepare(setting);
  const [node, , ...args] = command;
  const flags = subject === "server" ? profileFlags(profiles) : [];
  return ServerProcess.start(
    {
      name: contender.name,
      command: network.onServerSide(
        onProcessor(processors?.server, [node!, ...flags, program, ...args]),
      ),
      environment,
      logFile: join(folder, "server.log"),
      port: network.ports.relay,
      entersNamespace: network.hasInterface,
    },
    signal,
  );
}

async function play(
  request: ProfileRequest,
  network: BenchNetwork,
  processors: Processors | undefined,
  populationPlan: PopulationPlan,
  profiles: string,
): Promise<ProfiledPhase> {
  const flags = request.subject === "simulator" ? profileFlags(profiles) : [];
  const generator = new GeneratorProcess<RunPlan, ProfiledPhase>(
    generatorProgram,
    ([node, ...args]) =>
      network.onGeneratorSide(onProcessor(processors?.generator, [node!, ...flags, ...args])),
  );
  try {
    const plan = planOf(request, network, populationPlan);
    const runMs = plan.phases.reduce((sum, phase) => sum + phase.timeLimitMs + phase.drainMs, 0);
    return await generator.run(plan, runMs + RUN_GRACE_MS, request.signal);
  } finally {
    generator.stop();
  }
}

function planOf(
  { exchange, rate, seconds, seed }: ProfileRequest,
  network: BenchNetwork,
  populationPlan: PopulationPlan,
): RunPlan {
  const target: TrialTarget = {
    population: populationPlan,
    server: { address: network.serverAddress, port: network.ports.relay },
    ports: network.ports,
    seed,
  };
  const settings = {
    ...fullPlan.trial,
    warmUpMs: WARM_UP_MS,
    warmUpShare: 1,
    measureMs: seconds * 1000,
  };
  if (exchange === "discover") return doraPlan(target, settings, rate);
  const bindRate = Math.min(rate, Math.ceil((RENEWING_DEVICES * 1000) / WARM_UP_MS));
  return renewalPlan(target, settings, { devices: RENEWING_DEVICES, bindRate, rates: [rate] });
}

function profileFlags(folder: string): readonly string[] {
  return ["--cpu-prof", `--cpu-prof-interval=${SAMPLE_MICROS}`, `--cpu-prof-dir=${folder}`];
}

const MAIN_THREAD = "0";
const FIRST_WORKER = "1";

/** Node names them CPU.date.time.process.thread.number.cpuprofile. */
function readProfile(folder: string, thread: string): CpuProfile {
  const name = readdirSync(folder).find((file) => file.split(".").at(-3) === thread);
  if (name === undefined)
    throw new Error(`no profile of thread ${thread} was written to ${folder}`);
  return JSON.parse(readFileSync(join(folder, name), "utf8")) as CpuProfile;
}

/** V8's clock for a moment of the wall clock; both are of this machine, and now. */
function monotonicMicros(wallMs: number): number {
  const agoMs = Date.now() - wallMs;
  return Number(process.hrtime.bigint() / 1000n) - agoMs * 1000;
}
