import { setTimeout as sleep } from "node:timers/promises";
import type { CapacityExchange } from "../../reports/capacity/capacity-result.ts";
import type { Scenario } from "../../scenarios/language/scenario.ts";
import {
  coldOutstanding,
  doraPlan,
  measurementOf,
  type TrialResult,
  type TrialSettings,
  type TrialTarget,
} from "../../simulator/capacity/trial.ts";
import type { PhasePlan, RunPlan } from "../../simulator/plan/run-plan.ts";
import type { ServerAddress } from "../../simulator/relay/cmts.ts";
import { runSimulation } from "../../simulator/run/edge/coordinator.ts";
import type { SimulationOutcome } from "../../simulator/run/outcome.ts";
import { type BootServers, bootPlanOf } from "../run/plan/boot-plan-of.ts";

/** The server and the devices of the trials. */
export interface TrialAim {
  readonly scenario: Scenario;
  readonly exchange: CapacityExchange;
  readonly server: ServerAddress;
  readonly bootServers: BootServers;
  readonly workers: number;
  /** See RunPlan. */
  readonly segmentation: boolean;
}

/** The server did not recover after a trial. */
export class SettleError extends Error {
  override readonly name = "SettleError";
}

/** Before each trial of renewals, devices are bound for this long. */
const RENEWERS_MS_MAX = 10_000;
/** Trials in a row that other programs may spoil before one of them counts. */
const DISTURBED_MAX = 2;
/** After a rate that was not kept, a trickle shows when the server's queue is empty. */
const settle = { waitMs: 300, measureMs: 300, ratePerSecond: 40, triesMax: 10 } as const;

/** Plays trials against one server, each with transaction ids and an order of devices of its own. */
export class TrialPlayer {
  readonly #aim: TrialAim;
  readonly #settings: TrialSettings;
  readonly #signal: AbortSignal;
  #seed: number;
  #keptPerSecond = 0;
  #violations = 0;

  constructor(aim: TrialAim, settings: TrialSettings, signal: AbortSignal, firstSeed: number) {
    this.#aim = aim;
    this.#settings = settings;
    this.#signal = signal;
    this.#seed = firstSeed;
  }

  /** Acknowledgements so far that no correct server gives. */
  get violations(): number {
    return this.#violations;
  }

  /**
   * Plays one trial, and again if other programs spoilt it and `mayRepeat` says so. If the rate was not kept, waits
   * until the server answers a low rate again. Rejects with SettleError when it never does, and with the signal's
   * reason when that is aborted.
   */
  async play(ratePerSecond: number, mayRepeat: () => boolean): Promise<TrialResult> {
    for (let disturbed = 0; ; disturbed += 1) {
      const trial = await this.#run(ratePerSecond, this.#settings, (phases) => phases);
      if (trial.verdict === "kept") {
        this.#keptPerSecond = Math.max(this.#keptPerSecond, ratePerSecond);
      } else {
        const seed = this.#seed;
        await this.#settle(ratePerSecond);
        await this.#bindLeftovers(ratePerSecond, seed);
      }
      const isLast = disturbed >= DISTURBED_MAX || !this.#isDisturbed(trial);
      if (isLast || !mayRepeat()) return trial;
    }
  }

  /** Whether other programs kept the generator from its schedule: no limit of this machine. */
  #isDisturbed({ verdict, generatorStarvedPercent }: TrialResult): boolean {
    return (
      verdict === "generator-limited" && generatorStarvedPercent > this.#settings.starvedPercentMax
    );
  }

  /**
   * Binds as many devices as `timeLimitMs` allows, because a server with the leases of its plant may be slower than
   * an empty one. Returns how many are bound.
   */
  async fill(timeLimitMs: number): Promise<number> {
    this.#seed += 1;
    const plan = patient(doraPlan(this.#target(), this.#settings, 1));
    const phases = [bindPhase(this.#settings, timeLimitMs)];
    const outcome = await this.#simulate({ ...plan, phases });
    return outcome.phases[0].streams[0].counters.completed;
  }

  async #settle(afterPerSecond: number): Promise<void> {
    const settings = { ...this.#settings, measureMs: settle.measureMs };
    const rate = Math.min(settle.ratePerSecond, afterPerSecond);
    for (let tries = 0; tries < settle.triesMax; tries += 1) {
      await sleep(settle.waitMs, undefined, { signal: this.#signal });
      const { unansweredShare } = await this.#run(rate, settings, (phases) =>
        phases.filter(({ name }) => name !== "warm-up"),
      );
      if (unansweredShare <= settings.unansweredShareMax) return;
    }
    throw new SettleError(
      `after ${afterPerSecond}/s the server no longer answers ${rate}/s: see what it says, or stay below with --max-rate`,
    );
  }

  /**
   * Plays the devices of a trial again, in the same order, at half of a rate that was kept. An offer that no device
   * took may burden a server as long as the server holds it, which is two minutes in ISC dhcpd.
   */
  async #bindLeftovers(ratePerSecond: number, seed: number): Promise<void> {
    if (this.#keptPerSecond === 0) return;
    const slower = Math.max(1, (2 * ratePerSecond) / this.#keptPerSecond);
    const { warmUpMs, measureMs } = this.#settings;
    const settings = {
      ...this.#settings,
      warmUpMs: Math.ceil(warmUpMs * slower),
      measureMs: Math.ceil(measureMs * slower),
    };
    const plan = doraPlan({ ...this.#target(), seed }, settings, ratePerSecond / slower);
    await this.#simulate(plan);
  }

  async #run(
    ratePerSecond: number,
    settings: TrialSettings,
    choose: (phases: readonly PhasePlan[]) => readonly PhasePlan[],
  ): Promise<TrialResult> {
    this.#seed += 1;
    const plan = this.#planOf(ratePerSecond, settings);
    const outcome = await this.#simulate({ ...plan, phases: choose(plan.phases) });
    return measurementOf(outcome, settings).trials[0];
  }

  async #simulate(plan: RunPlan): Promise<SimulationOutcome> {
    const { workers, segmentation } = this.#aim;
    const outcome = await runSimulation({ ...plan, workers, segmentation }, () => {}, this.#signal);
    this.#signal.throwIfAborted();
    this.#violations += measurementOf(outcome, this.#settings).violations;
    return outcome;
  }

  #target(): TrialTarget {
    const { scenario, server } = this.#aim;
    const ports = { relay: server.port, client: server.port + 1 };
    return { population: scenario.population, server, ports, seed: this.#seed };
  }

  #planOf(ratePerSecond: number, settings: TrialSettings): RunPlan {
    const { scenario, exchange, bootServers } = this.#aim;
    const plan = doraPlan(this.#target(), settings, ratePerSecond);
    switch (exchange) {
      case "discover":
        return plan;
      case "boot":
        return { ...plan, ...bootOf(scenario, bootServers), phases: withExchange(plan, "boot") };
      case "renew":
        return {
          ...patient(plan),
          phases: [
            bindPhase(settings, RENEWERS_MS_MAX),
            ...withExchange(plan, "renew").map((phase) => ({ ...phase, powerCycle: false })),
          ],
        };
    }
  }
}

function withExchange(plan: RunPlan, exchange: CapacityExchange): readonly PhasePlan[] {
  return plan.phases.map((phase) => ({
    ...phase,
    streams: phase.streams.map((stream) => ({ ...stream, exchange }) as typeof stream),
  }));
}

function bootOf(scenario: Scenario, servers: BootServers): Pick<RunPlan, "boot"> {
  const streams = [{ kind: "rate", exchange: "boot", ratePerSecond: 1 }] as const;
  const phase = { ...scenario.phases[0], streams };
  const boot = bootPlanOf({ ...scenario, phases: [phase] }, servers);
  return boot === undefined ? {} : { boot };
}

/** Devices ask again, however often they were not answered. */
function patient(plan: RunPlan): RunPlan {
  return {
    ...plan,
    clients: { ...plan.clients, retransmit: { ...plan.clients.retransmit, persistent: true } },
  };
}

/** A closed loop, which suits every server. A device that is not bound in time stays without a lease. */
function bindPhase({ answerMsMax }: TrialSettings, timeLimitMs: number): PhasePlan {
  return {
    name: "bind",
    streams: [{ kind: "outstanding", exchange: "discover", outstanding: coldOutstanding }],
    until: "all-bound",
    timeLimitMs,
    drainMs: answerMsMax,
    powerCycle: false,
  };
}
