import type { PopulationPlan } from "../scenarios/population.ts";
import type { TrialSettings } from "./trial.ts";

/** How much is measured; everything is bounded in count and time. */
export interface BenchPlan {
  readonly rounds: number;
  readonly trial: TrialSettings;
  /** The first search of a contender begins at its guess, the later ones at what was found. */
  readonly firstSearch: SearchSteps;
  readonly laterSearch: SearchSteps;
  /** Renewals are measured after the last round; left out of a quick run. */
  readonly renewals: RenewalPlan | undefined;
  /** No contender is begun after this: what is measured by then is what is reported. */
  readonly totalMsMax: number;
}

export interface SearchSteps {
  readonly growth: number;
  readonly precision: number;
  readonly trialsMax: number;
}

export interface RenewalPlan {
  /** Devices that hold a lease before the first rung. */
  readonly devices: number;
  /** The share of the found DORA rate at which they are bound. */
  readonly bindShare: number;
  /** Rates to try one after the other, as multiples of the found DORA rate. */
  readonly rungs: readonly number[];
}

/** The lowest and the highest rate that a search tries, DORA a second. */
export const rateLimits = { min: 50, max: 200_000 } as const;

/**
 * 80,000 devices behind 40 CMTSs, three kinds of pools each: the headend of the guide. Cut from a
 * private block when there are namespaces, else from the loopback network.
 */
export const population: PopulationPlan = {
  cableModems: 62_000,
  mtas: 13_000,
  cpes: 0,
  smartMeters: 5000,
  cmtsCount: 40,
};

/** Long enough that no lease ends while the bench runs. */
export const leaseSeconds = 7200;

const trial: TrialSettings = {
  warmUpMs: 800,
  warmUpShare: 0.4,
  measureMs: 2500,
  answerMsMax: 1000,
  unansweredShareMax: 0.025,
  slipMsP99Max: 20,
  cpuPercentMax: 98,
};

export const fullPlan: BenchPlan = {
  rounds: 3,
  trial,
  firstSearch: { growth: 1.5, precision: 1.06, trialsMax: 8 },
  laterSearch: { growth: 1.15, precision: 1.06, trialsMax: 4 },
  renewals: {
    devices: 10_000,
    bindShare: 0.6,
    rungs: [0.6, 0.8, 1, 1.25, 1.6, 2, 2.5, 3.2],
  },
  totalMsMax: 12 * 60_000,
};

export const quickPlan: BenchPlan = {
  rounds: 1,
  trial: { ...trial, warmUpMs: 600, measureMs: 1500 },
  firstSearch: { growth: 1.6, precision: 1.12, trialsMax: 6 },
  laterSearch: { growth: 1.15, precision: 1.12, trialsMax: 3 },
  renewals: undefined,
  totalMsMax: 3 * 60_000,
};
