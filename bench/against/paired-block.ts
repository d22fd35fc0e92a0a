import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ThreadTimes } from "../../lab/machine/process-usage.ts";
import { onProcessor, type Processors } from "../../lab/machine/processors.ts";
import { type BenchNetwork, loopbackNetwork } from "../../lab/machine/server-network.ts";
import { Population, type PopulationPlan } from "../../scenarios/population/population.ts";
import { doraPlan, type TrialTarget } from "../../simulator/capacity/trial.ts";
import { type PhasePlan, type RunPlan, runDefaults } from "../../simulator/plan/run-plan.ts";
import { provlab } from "../contenders/provlab.ts";
import { GeneratorProcess } from "../generators/generator-process.ts";
import { fullPlan, leaseSeconds, modems } from "../harness/bench-plan.ts";
import { ServerProcess } from "../harness/server-process.ts";
import type { LoopMeasurement } from "./generator.ts";

/** One of the two that are compared. */
export interface Duelist {
  readonly name: string;
  /** Its compiled `cli/main.js`. */
  readonly program: string;
  /** For Node, before the program. */
  readonly nodeFlags: readonly string[];
}

export interface DuelPlan {
  /** Each once before anything counts: work, not time, makes compilers and caches warm. */
  readonly warmUpDevices: number;
  readonly measureMs: number;
  /** Transactions that each server has under way: enough that it always has work. */
  readonly outstanding: number;
}

export interface DuelSetting {
  readonly plan: DuelPlan;
  readonly processors: Processors | undefined;
  readonly seed: number;
  /** Exists, and lies on the disk whose syncs are part of the work. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** What one server showed in one block. */
export interface BlockFigures {
  /** User and system time of the whole process over the transactions that it completed. */
  readonly cpuMicrosPerTransaction: number;
  /** Of its first thread, which serves: what others do in the meantime depends more on when they are let. */
  readonly servingMicrosPerTransaction: number;
  readonly completedPerSecond: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  readonly residentMiBMax: number;
  readonly completed: number;
}

/** A block cannot be judged: a server acknowledged what it must not, or completed nothing. */
export class DuelError extends Error {
  override readonly name = "DuelError";
}

export const duelPlan: DuelPlan = { warmUpDevices: 20_000, measureMs: 4000, outstanding: 256 };

const WARM_UP_MS_MAX = 30_000;

/** A run takes its phases' time and this much more at most, for threads to start and end. */
const RUN_GRACE_MS = 30_000;
const generatorProgram = new URL("./generator.js", import.meta.url);

/**
 * One block: two fresh servers under load at the same time, on one processor, each with a generator of
 * its own on the other one. What disturbs the machine meanwhile disturbs both, so their ratio is
 * steadier by far than that of two runs one after the other. `pair[0]` starts first; figures come in
 * the order of `pair`. Leaves no process.
 */
export async function playBlock(
  pair: readonly [Duelist, Duelist],
  setting: DuelSetting,
): Promise<readonly [BlockFigures, BlockFigures]> {
  const starts = await Promise.allSettled(
    pair.map((duelist, corner) => Fighter.start(duelist, corner, setting)),
  );
  const fighters = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  try {
    for (const start of starts) if (start.status === "rejected") throw start.reason;
    const [first, second] = fighters as [Fighter, Fighter];
    await Promise.all([first.warmUp(), second.warmUp()]);
    return await Promise.all([first.measure(), second.measure()]);
  } finally {
    await Promise.all(fighters.map((fighter) => fighter.stop()));
  }
}

/** A server and the generator that is aimed at it. */
class Fighter {
  readonly #server: ServerProcess;
  readonly #generator: GeneratorProcess<RunPlan, LoopMeasurement>;
  readonly #target: TrialTarget;
  readonly #setting: DuelSetting;
  readonly #folder: string;
  #runs = 0;

  private constructor(
    server: ServerProcess,
    target: TrialTarget,
    setting: DuelSetting,
    folder: string,
  ) {
    this.#server = server;
    this.#target = target;
    this.#setting = setting;
    this.#folder = folder;
    this.#generator = new GeneratorProcess(generatorProgram, (command) =>
      onProcessor(setting.processors?.generator, command),
    );
  }

  static async start(duelist: Duelist, corner: number, setting: DuelSetting): Promise<Fighter> {
    const { seed, processors, signal } = setting;
    const network = networkOf(corner);
    const plan: PopulationPlan = {
      ...modems(setting.plan.warmUpDevices),
      ...{ addressBlock: network.addressBlock, seed },
    };
    const folder = join(setting.folder, `corner-${corner}`);
    mkdirSync(folder, { recursive: true });
    const launch = provlab("batch").prepare({
      ...{ folder, network, workload: "docsis", population: new Population(plan), leaseSeconds },
    });
    const [node, , ...args] = launch.command;
    const server = await ServerProcess.start(
      {
        name: duelist.name,
        command: onProcessor(processors?.server, [
          ...[node!, ...duelist.nodeFlags, duelist.program, ...args],
        ]),
        environment: launch.environment,
        logFile: join(folder, "server.log"),
        port: network.ports.relay,
        entersNamespace: false,
      },
      signal,
    );
    const target = {
      population: plan,
      server: { address: network.serverAddress, port: network.ports.relay },
      ...{ ports: network.ports, seed },
    };
    return new Fighter(server, target, setting, folder);
  }

  async warmUp(): Promise<void> {
    await this.#play({ until: "all-bound", timeLimitMs: WARM_UP_MS_MAX });
  }

  async measure(): Promise<BlockFigures> {
    const { measureMs } = this.#setting.plan;
    const before = this.#threadTimes();
    const { violations: _, ...loop } = await this.#play({
      until: { durationMs: measureMs },
      timeLimitMs: measureMs,
    });
    const after = this.#threadTimes();
    const microsPerTransaction = (ms: number): number => (1000 * ms) / loop.completed;
    return {
      cpuMicrosPerTransaction: microsPerTransaction(after.allMs - before.allMs),
      servingMicrosPerTransaction: microsPerTransaction(after.mainMs - before.mainMs),
      ...loop,
      residentMiBMax: this.#server.memoryMiB()?.peak ?? Number.NaN,
    };
  }

  async #play(end: Pick<PhasePlan, "until" | "timeLimitMs">): Promise<LoopMeasurement> {
    const { plan, signal } = this.#setting;
    this.#runs += 1;
    const target = { ...this.#target, seed: this.#target.seed + this.#runs };
    this.#server.check();
    const run = loopPlan(target, end, plan.outstanding);
    const measured = await this.#generator.run(run, end.timeLimitMs + RUN_GRACE_MS, signal);
    this.#server.check();
    if (measured.violations > 0) {
      throw new DuelError(
        `${this.#server.name}: ${measured.violations} acknowledgements that no correct server gives`,
      );
    }
    if (measured.completed === 0 || measured.completedPerSecond === 0) {
      throw new DuelError(
        `${this.#server.name} completed nothing in ${end.timeLimitMs / 1000} s: is the machine too busy?`,
      );
    }
    return measured;
  }

  async stop(): Promise<void> {
    this.#generator.stop();
    await this.#server.stop();
    // Millions of lease records a block: they would fill a disk in an hour.
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #threadTimes(): ThreadTimes {
    const times = this.#server.threadTimes();
    if (times === undefined) {
      throw new DuelError("the kernel does not say what processor time a process took");
    }
    return times;
  }
}

/** Both on the loopback network, with ports of their own: no rights needed. */
function networkOf(corner: number): BenchNetwork {
  const network = loopbackNetwork();
  const relay = 29_000 + 4 * (process.pid % 400) + 2 * corner;
  return { ...network, ports: { relay, client: relay + 1 } };
}

/** Cold devices in a closed loop: the server is the limit, not a schedule. */
function loopPlan(
  target: TrialTarget,
  end: Pick<PhasePlan, "until" | "timeLimitMs">,
  outstanding: number,
): RunPlan {
  const plan = doraPlan(target, fullPlan.trial, 1);
  const phase: PhasePlan = {
    ...plan.phases.at(-1)!,
    streams: [{ kind: "outstanding", exchange: "discover", outstanding }],
    ...end,
  };
  // Clients repeat as real ones do: one that gave up would keep an all-bound phase from its end.
  const client = { ...plan.client, retry: runDefaults.client.retry };
  return { ...plan, client, phases: [phase] };
}
