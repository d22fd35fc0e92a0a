import { memoryMiBOf } from "../../lab/machine/process-usage.ts";
import { onProcessor } from "../../lab/machine/processors.ts";
import { RateSearch } from "../../simulator/capacity/rate-search.ts";
import {
  doraPlan,
  type RunMeasurement,
  renewalPlan,
  type TrialResult,
  type TrialSettings,
  type TrialTarget,
} from "../../simulator/capacity/trial.ts";
import type { DhcpContender } from "../contenders/dhcp-contender.ts";
import { GeneratorProcess } from "../generators/generator-process.ts";
import { type BenchPlan, type RenewalPlan, rateLimits, type SearchSteps } from "./bench-plan.ts";
import type { GeneratorRequest } from "./generator-messages.ts";
import type { RateResult } from "./rate-result.ts";
import { climbResultOf, inGroups, isClimbOver } from "./rising-rates.ts";
import type { ServerProcess } from "./server-process.ts";
import { type Arena, type Bench, populationIn, startServer } from "./server-start.ts";

/** A run takes its phases' time and this much more at most, for threads to start and end. */
const RUN_GRACE_MS = 60_000;
const RUNGS_A_RUN = 4;
const generatorProgram = new URL("../generators/simulation.js", import.meta.url);

/** One server, freshly started, and a generator aimed at it. */
export class Match {
  readonly server: ServerProcess;
  readonly #bench: Bench;
  readonly #arena: Arena;
  readonly #name: string;
  readonly #generator: GeneratorProcess<GeneratorRequest, RunMeasurement>;
  #runs = 0;
  #violations = 0;

  private constructor(bench: Bench, arena: Arena, name: string, server: ServerProcess) {
    this.#bench = bench;
    this.#arena = arena;
    this.#name = name;
    this.server = server;
    const { network, processors } = bench;
    this.#generator = new GeneratorProcess(generatorProgram, (command) =>
      network.onGeneratorSide(onProcessor(processors?.generator, command)),
    );
  }

  static async start(bench: Bench, contender: DhcpContender, arena: Arena): Promise<Match> {
    const server = await startServer(bench, contender, arena);
    return new Match(bench, arena, contender.name, server);
  }

  /** Acknowledgements so far that no correct server gives. */
  get violations(): number {
    return this.#violations;
  }

  /** Of the generator, at its peak so far, MiB; undefined where the kernel does not say. */
  get generatorMiBMax(): number | undefined {
    return memoryMiBOf(this.#generator.pid)?.peak;
  }

  /** Searches the highest DORA rate, beginning at `firstRate`. */
  async searchDora(firstRate: number, steps: SearchSteps): Promise<RateResult> {
    const { min: rateMin, max: rateMax } = rateLimits;
    const first = Math.min(Math.max(firstRate, rateMin), rateMax);
    const search = new RateSearch({ firstRate: first, rateMin, rateMax, ...steps });
    // Not counted: the server's compiler and caches get to know the traffic.
    await this.dora(Math.ceil(first / 2));
    const trials: TrialResult[] = [];
    for (let rate = search.nextRate(); rate !== undefined; rate = search.nextRate()) {
      const trial = await this.doraTwice(rate);
      trials.push(trial);
      search.record(rate, trial.verdict);
    }
    return { maximumPerSecond: search.maximum, end: search.end ?? "trials", trials };
  }

  /** Renewals of devices that are bound first, at one rate after the other until one is missed. */
  async climbRenewals(doraPerSecond: number, renewals: RenewalPlan): Promise<RateResult> {
    const rates = renewals.rungs.map((factor) => Math.round(doraPerSecond * factor));
    const bindRate = Math.max(1, Math.round(doraPerSecond * renewals.bindShare));
    const { devices } = renewals;
    const trials: TrialResult[] = [];
    // A run plays its phases to the end, so the rungs come in several runs.
    for (const few of inGroups(rates, RUNGS_A_RUN)) {
      const { trials: played } = await this.run((target, settings) =>
        renewalPlan(target, settings, { devices, bindRate, rates: few }),
      );
      trials.push(...played);
      if (isClimbOver(played)) break;
    }
    return climbResultOf(trials);
  }

  /** Cold devices at one rate; once more when the generator was the limit. */
  async doraTwice(rate: number): Promise<TrialResult> {
    const trial = await this.dora(rate);
    // One disturbance of the machine is not the generator's limit; two in a row are.
    return trial.verdict === "generator-limited" ? this.dora(rate) : trial;
  }

  async dora(rate: number): Promise<TrialResult> {
    const { trials } = await this.run((target, settings) => doraPlan(target, settings, rate));
    return trials[0]!;
  }

  /** Plays a plan; throws when the server dies of it. */
  async run(
    planFor: (target: TrialTarget, settings: TrialSettings) => ReturnType<typeof doraPlan>,
  ): Promise<RunMeasurement> {
    const { settings, target } = this.#next();
    const plan = planFor(target, settings);
    const runMs = plan.phases.reduce((sum, phase) => sum + phase.timeLimitMs + phase.drainMs, 0);
    this.server.check();
    const measurement = await this.#generator.run(
      { plan, settings },
      runMs + RUN_GRACE_MS,
      this.#bench.signal,
    );
    this.server.check();
    this.#violations += measurement.violations;
    for (const trial of measurement.trials) this.#tell(trial);
    return measurement;
  }

  async stop(): Promise<void> {
    this.#generator.stop();
    await this.server.stop();
  }

  #next(): { readonly settings: BenchPlan["trial"]; readonly target: TrialTarget } {
    const { plan, network, seed } = this.#bench;
    this.#runs += 1;
    return {
      settings: plan.trial,
      target: {
        population: populationIn(this.#bench, this.#arena),
        server: { address: network.serverAddress, port: network.ports.relay },
        ports: network.ports,
        seed: seed + this.#runs,
      },
    };
  }

  #tell(trial: TrialResult): void {
    const { exchange, outstanding, unansweredShare, latencyMsP99, slipMsP99, verdict } = trial;
    const loop = outstanding === undefined ? "" : `${outstanding} under way, `;
    this.#bench.onProgress(
      `${this.#name}: ${exchange}, ${loop}${Math.round(trial.ratePerSecond)}/s: ` +
        `${(100 * unansweredShare).toFixed(2)} % unanswered, p99 ${latencyMsP99.toFixed(1)} ms, ` +
        `slip p99 ${slipMsP99.toFixed(1)} ms, generator ${trial.generatorCpuPercent.toFixed(0)} % ` +
        `(starved ${trial.generatorStarvedPercent.toFixed(0)} %): ${verdict}`,
    );
  }
}
