import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Population, type PopulationPlan } from "../scenarios/population.ts";
import {
  type BenchPlan,
  leaseSeconds,
  type RenewalPlan,
  rateLimits,
  type SearchSteps,
} from "./bench-plan.ts";
import type { RenewalResult, SearchResult } from "./bench-result.ts";
import { climbResultOf } from "./climb.ts";
import type { DhcpContender } from "./contenders/dhcp-contender.ts";
import type { GeneratorRequest } from "./generator-messages.ts";
import { GeneratorProcess } from "./generator-process.ts";
import type { BenchNetwork } from "./network.ts";
import { onProcessor, type Processors } from "./processors.ts";
import { RateSearch } from "./rate-search.ts";
import { ServerProcess } from "./server-process.ts";
import {
  doraPlan,
  type RunMeasurement,
  renewalPlan,
  type TrialResult,
  type TrialTarget,
} from "./trial.ts";

/** What is the same for every contender and in every round. */
export interface Bench {
  readonly plan: BenchPlan;
  readonly populationPlan: PopulationPlan;
  readonly network: BenchNetwork;
  readonly processors: Processors | undefined;
  readonly seed: number;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** A run takes its phases' time and this much more at most, for threads to start and end. */
const RUN_GRACE_MS = 60_000;
const generatorProgram = new URL("./generator.js", import.meta.url);

/** One server, freshly started with an empty lease file, and a generator aimed at it. */
export class Match {
  readonly #bench: Bench;
  readonly #contender: DhcpContender;
  readonly #server: ServerProcess;
  readonly #generator: GeneratorProcess<GeneratorRequest, RunMeasurement>;
  #runs = 0;
  #violations = 0;

  private constructor(bench: Bench, contender: DhcpContender, server: ServerProcess) {
    this.#bench = bench;
    this.#contender = contender;
    this.#server = server;
    const { network, processors } = bench;
    this.#generator = new GeneratorProcess(generatorProgram, (command) =>
      network.onGeneratorSide(onProcessor(processors?.generator, command)),
    );
  }

  static async start(bench: Bench, contender: DhcpContender, name: string): Promise<Match> {
    const { network, processors, signal } = bench;
    const folder = join(bench.folder, `${contender.id}-${name}`);
    mkdirSync(folder, { recursive: true });
    const population = new Population(bench.populationPlan);
    const launch = contender.prepare({
      ...{ folder, network, population, leaseSeconds },
      workload: "bare",
    });
    const server = await ServerProcess.start(
      {
        name: contender.name,
        command: network.onServerSide(onProcessor(processors?.server, launch.command)),
        environment: launch.environment,
        logFile: join(folder, "server.log"),
        port: network.ports.relay,
        entersNamespace: network.hasInterface,
      },
      signal,
    );
    return new Match(bench, contender, server);
  }

  /** Searches the highest DORA rate, beginning at `firstRate`. */
  async searchDora(firstRate: number, steps: SearchSteps): Promise<SearchResult> {
    const { min: rateMin, max: rateMax } = rateLimits;
    const first = Math.min(Math.max(firstRate, rateMin), rateMax);
    const search = new RateSearch({ firstRate: first, rateMin, rateMax, ...steps });
    // Not counted: the server's compiler and caches get to know the traffic.
    await this.#dora(Math.ceil(first / 2));
    const trials: TrialResult[] = [];
    for (let rate = search.nextRate(); rate !== undefined; rate = search.nextRate()) {
      let trial = await this.#dora(rate);
      // One disturbance of the machine is not the generator's limit; two in a row are.
      if (trial.verdict === "generator-limited") trial = await this.#dora(rate);
      trials.push(trial);
      search.record(rate, trial.verdict);
    }
    return {
      maximumPerSecond: search.maximum,
      end: search.end ?? "trials",
      trials,
      violations: this.#violations,
      memoryMiBMax: Math.round(this.#server.memoryMiB()?.peak ?? 0),
    };
  }

  /** Renewals of devices that are bound first, at one rate after the other. */
  async climbRenewals(doraPerSecond: number, renewals: RenewalPlan): Promise<RenewalResult> {
    const rates = renewals.rungs.map((factor) => Math.round(doraPerSecond * factor));
    const bindRate = Math.max(1, Math.round(doraPerSecond * renewals.bindShare));
    const { settings, target } = this.#next();
    const { devices } = renewals;
    const plan = renewalPlan(target, settings, { devices, bindRate, rates });
    const result = climbResultOf((await this.#run(plan)).trials);
    for (const trial of result.trials) this.#tell("renewals", trial);
    return result;
  }

  async stop(): Promise<void> {
    this.#generator.stop();
    await this.#server.stop();
  }

  async #dora(rate: number): Promise<TrialResult> {
    const { settings, target } = this.#next();
    const [trial] = (await this.#run(doraPlan(target, settings, rate))).trials;
    this.#tell("DORA", trial!);
    return trial!;
  }

  #next(): { readonly settings: BenchPlan["trial"]; readonly target: TrialTarget } {
    const { plan, populationPlan, network, seed } = this.#bench;
    this.#runs += 1;
    return {
      settings: plan.trial,
      target: {
        population: populationPlan,
        server: { address: network.serverAddress, port: network.ports.relay },
        ports: network.ports,
        seed: seed + this.#runs,
      },
    };
  }

  async #run(plan: ReturnType<typeof doraPlan>): Promise<RunMeasurement> {
    const { signal } = this.#bench;
    const runMs = plan.phases.reduce((sum, phase) => sum + phase.timeLimitMs + phase.drainMs, 0);
    this.#server.check();
    const measurement = await this.#generator.run(
      { plan, settings: this.#bench.plan.trial },
      runMs + RUN_GRACE_MS,
      signal,
    );
    this.#server.check();
    this.#violations += measurement.violations;
    return measurement;
  }

  #tell(what: string, trial: TrialResult): void {
    const { ratePerSecond, unansweredShare, latencyMsP99, slipMsP99, verdict } = trial;
    this.#bench.onProgress(
      `${this.#contender.name}: ${what} at ${ratePerSecond}/s: ` +
        `${(100 * unansweredShare).toFixed(2)} % unanswered, p99 ${latencyMsP99.toFixed(1)} ms, ` +
        `slip p99 ${slipMsP99.toFixed(1)} ms, generator ${trial.generatorCpuPercent.toFixed(0)} % ` +
        `(starved ${trial.generatorStarvedPercent.toFixed(0)} %): ${verdict}`,
    );
  }
}
