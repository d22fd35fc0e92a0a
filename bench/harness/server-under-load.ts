import type { LabProcess } from "../../lab/machine/lab-process.ts";
import { memoryMiBOf } from "../../lab/machine/process-usage.ts";
import {
  doraPlan,
  type RunMeasurement,
  renewalPlan,
  type TrialResult,
  type TrialSettings,
  type TrialTarget,
} from "../../simulator/capacity/trial.ts";
import type { RunPlan } from "../../simulator/plan/run-plan.ts";
import type { DhcpContender } from "../contenders/dhcp-contender.ts";
import { SimulatorProcess } from "../generators/simulator-process.ts";
import { type RenewalPlan, rateLimits, type SearchSteps } from "./bench-plan.ts";
import { type RateResult, searchRate } from "./rate-result.ts";
import { inGroups, isRisingOver, risingResultOf } from "./rising-rates.ts";
import {
  type BenchPlace,
  onGeneratorSide,
  populationIn,
  type ServedDevices,
  startServer,
} from "./server-start.ts";

const RATES_A_RUN = 4;

interface LoadOptions {
  readonly settings: TrialSettings;
  readonly onProgress: (line: string) => void;
  /** For the generator's Node. */
  readonly generatorFlags?: readonly string[];
}

/** One server, freshly started, and a generator aimed at it. */
export class ServerUnderLoad {
  readonly server: LabProcess;
  readonly #place: BenchPlace;
  readonly #served: ServedDevices;
  readonly #name: string;
  readonly #options: LoadOptions;
  readonly #generator: SimulatorProcess;
  #runs = 0;
  #violations = 0;

  private constructor(
    place: BenchPlace,
    served: ServedDevices,
    { name }: DhcpContender,
    options: LoadOptions,
    server: LabProcess,
  ) {
    this.#place = place;
    this.#served = served;
    this.#name = name;
    this.#options = options;
    this.server = server;
    this.#generator = new SimulatorProcess(([node, ...args]) =>
      onGeneratorSide(place, [node!, ...(options.generatorFlags ?? []), ...args]),
    );
  }

  /** Rejects with LabError, with nothing left behind, when the server does not serve. */
  static async start(
    place: BenchPlace,
    contender: DhcpContender,
    served: ServedDevices,
    options: LoadOptions,
  ): Promise<ServerUnderLoad> {
    const server = await startServer(place, contender, served);
    return new ServerUnderLoad(place, served, contender, options, server);
  }

  /** Acknowledgements so far that no correct server gives. */
  get violations(): number {
    return this.#violations;
  }

  /** The generator's memory at its peak so far, MiB; undefined where the kernel does not say. */
  get generatorMiBMax(): number | undefined {
    return memoryMiBOf(this.#generator.pid)?.peak;
  }

  /** Searches the highest DORA rate, beginning at `firstRate`. */
  async searchDora(firstRate: number, steps: SearchSteps): Promise<RateResult> {
    const first = Math.min(Math.max(firstRate, rateLimits.min), rateLimits.max);
    // Not counted: the server's compiler and caches warm up.
    await this.dora(Math.ceil(first / 2));
    return searchRate(first, steps, (rate) => this.doraTwice(rate));
  }

  /** Renewals of devices that are bound first, at one rate after the other until one is missed. */
  async searchRenewals(doraPerSecond: number, renewals: RenewalPlan): Promise<RateResult> {
    const rates = renewals.rungs.map((factor) => Math.round(doraPerSecond * factor));
    const bindRate = Math.max(1, Math.round(doraPerSecond * renewals.bindShare));
    const { devices } = renewals;
    const trials: TrialResult[] = [];
    // A run plays all of its phases, so the rates are spread over several runs.
    for (const few of inGroups(rates, RATES_A_RUN)) {
      const { trials: played } = await this.run((target, settings) =>
        renewalPlan(target, settings, { devices, bindRate, rates: few }),
      );
      trials.push(...played);
      if (isRisingOver(played)) break;
    }
    return risingResultOf(trials);
  }

  /** Cold devices at one rate; once more when the generator was the limit. */
  async doraTwice(rate: number): Promise<TrialResult> {
    const trial = await this.dora(rate);
    // One disturbance of the machine is not the generator's limit; two in a row are.
    return trial.verdict === "generator-limited" ? this.dora(rate) : trial;
  }

  async dora(rate: number): Promise<TrialResult> {
    const { trials } = await this.run((target, settings) => doraPlan(target, settings, rate));
    return trials[0];
  }

  /** Plays a plan; rejects with LabError when the server dies of it. */
  async run(
    planFor: (target: TrialTarget, settings: TrialSettings) => RunPlan,
  ): Promise<RunMeasurement> {
    const { settings, onProgress } = this.#options;
    const plan = planFor(this.#nextTarget(), settings);
    this.server.check();
    const measurement = await this.#generator.play(plan, settings, this.#place.signal);
    this.server.check();
    this.#violations += measurement.violations;
    for (const trial of measurement.trials) onProgress(`${this.#name}: ${trialWords(trial)}`);
    return measurement;
  }

  async stop(): Promise<void> {
    this.#generator.stop();
    await this.server.stop();
  }

  #nextTarget(): TrialTarget {
    const { network, seed } = this.#place;
    this.#runs += 1;
    return {
      population: populationIn(this.#place, this.#served),
      server: { address: network.serverAddress, port: network.ports.relay },
      ports: network.ports,
      seed: seed + this.#runs,
    };
  }
}

function trialWords(trial: TrialResult): string {
  const { exchange, outstanding, unansweredShare, latencyMsP99, slipMsP99, verdict } = trial;
  const loop = outstanding === undefined ? "" : `${outstanding} under way, `;
  return (
    `${exchange}, ${loop}${Math.round(trial.ratePerSecond)}/s: ` +
    `${(100 * unansweredShare).toFixed(2)} % unanswered, p99 ${latencyMsP99.toFixed(1)} ms, ` +
    `slip p99 ${slipMsP99.toFixed(1)} ms, generator ${trial.generatorCpuPercent.toFixed(0)} % ` +
    `(starved ${trial.generatorStarvedPercent.toFixed(0)} %): ${verdict}`
  );
}
