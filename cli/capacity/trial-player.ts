import { setTimeout as sleep } from "node:timers/promises";
import {
  doraPlan,
  measurementOf,
  type TrialResult,
  type TrialSettings,
} from "../../bench/trial.ts";
import type { CapacityExchange } from "../../reports/capacity/capacity-result.ts";
import type { Scenario } from "../../scenarios/scenario.ts";
import { runSimulation } from "../../simulator/coordinator.ts";
import type { ServerAddress } from "../../simulator/relay/cmts.ts";
import type { PhasePlan, RunPlan } from "../../simulator/run-plan.ts";
import { type BootServers, bootPlanOf } from "../run/boot-plan-of.ts";

/** What the trials are aimed at, and what is not part of a rate. */
export interface TrialAim {
  readonly scenario: Scenario;
  readonly exchange: CapacityExchange;
  readonly server: ServerAddress;
  readonly bootServers: BootServers;
  readonly workers: number;
  /** See RunPlan. */
  readonly segmentation: boolean;
}

/** The server did not come back to its senses after a trial. */
export class SettleError extends Error {
  override readonly name = "SettleError";
}

/** Before renewals, devices are bound by a closed loop, which suits every server, for so long. */
const bind = { outstanding: 64, timeLimitMs: 10_000 } as const;
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
   * One trial. After one that was not kept the server is given time until it answers a trickle again;
   * rejects with SettleError when it does not, with the signal's reason when that is aborted.
   */
  async play(ratePerSecond: number): Promise<TrialResult> {
    for (let disturbed = 0; ; disturbed += 1) {
      const trial = await this.#run(ratePerSecond, this.#settings, (phases) => phases);
      if (trial.verdict !== "kept") await this.#settle(ratePerSecond);
      if (!this.#isDisturbed(trial) || disturbed >= DISTURBED_MAX) return trial;
    }
  }

  /** Other programs kept the generator from its schedule: a limit of the moment, not of the machine. */
  #isDisturbed({ verdict, generatorStarvedPercent }: TrialResult): boolean {
    return (
      verdict === "generator-limited" && generatorStarvedPercent > this.#settings.starvedPercentMax
    );
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

  async #run(
    ratePerSecond: number,
    settings: TrialSettings,
    choose: (phases: readonly PhasePlan[]) => readonly PhasePlan[],
  ): Promise<TrialResult> {
    this.#seed += 1;
    const plan = this.#planOf(ratePerSecond, settings);
    const chosen = { ...plan, phases: choose(plan.phases) };
    const outcome = await runSimulation(chosen, () => {}, this.#signal);
    this.#signal.throwIfAborted();
    const { trials, violations } = measurementOf(outcome, settings);
    this.#violations += violations;
    return trials[0]!;
  }

  #planOf(ratePerSecond: number, settings: TrialSettings): RunPlan {
    const { scenario, exchange, server, bootServers, workers, segmentation } = this.#aim;
    const ports = { relay: server.port, client: server.port + 1 };
    const population = { ...scenario.population, seed: scenario.seed };
    const target = { population, server, ports, seed: this.#seed };
    const plan = { ...doraPlan(target, settings, ratePerSecond), workers, segmentation };
    switch (exchange) {
      case "discover":
        return plan;
      case "boot":
        return { ...plan, ...bootOf(scenario, bootServers), phases: withExchange(plan, "boot") };
      case "renew":
        return {
          ...plan,
          client: { ...plan.client, retry: { ...plan.client.retry, persistent: true } },
          phases: [
            bindPhase(settings),
            ...withExchange(plan, "renew").map((phase) => ({ ...phase, reset: false })),
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
  const phase = { ...scenario.phases[0]!, streams };
  const boot = bootPlanOf({ ...scenario, phases: [phase] }, servers);
  return boot === undefined ? {} : { boot };
}

/** Whoever is not bound in time has no part in the trial. */
function bindPhase({ answerMsMax }: TrialSettings): PhasePlan {
  return {
    name: "bind",
    streams: [{ kind: "outstanding", exchange: "discover", outstanding: bind.outstanding }],
    until: "all-bound",
    timeLimitMs: bind.timeLimitMs,
    drainMs: answerMsMax,
    reset: false,
  };
}
