import type { PopulationPlan } from "../../scenarios/population/population.ts";
import { type TrialSettings, trialDefaults } from "../../simulator/capacity/trial.ts";
import { type ConfigCase, fullCases } from "../config/config-files.ts";
import type { LoadTimes } from "../generators/download-load.ts";

/** How much is measured; everything is bounded in count and time. */
export interface BenchPlan {
  readonly rounds: number;
  readonly trial: TrialSettings;
  /** The first search of a contender begins at its guess, the later ones at what was found. */
  readonly firstSearch: SearchSteps;
  readonly laterSearch: SearchSteps;
  readonly renewals: RenewalPlan;
  /** The guide's load: PERF-3 and PERF-4 at once. */
  readonly guide: {
    readonly devices: number;
    readonly bindRate: number;
    readonly discoverPerSecond: number;
    readonly renewPerSecond: number;
    readonly latencyMs: number;
    readonly floodMs: number;
    readonly floodPerSecond: number;
  };
  /** Devices that come on line at once, and the time that the slowest server is given. */
  readonly cold: { readonly devices: number; readonly timeLimitMs: number };
  readonly million: { readonly devices: number; readonly timeLimitMs: number };
  /** Sizes: a lease and a device cost the difference between the first and the last. */
  readonly memoryDevices: readonly number[];
  /** Leases in the file that a server starts with. */
  readonly restartLeases: readonly number[];
  readonly growthLeases: readonly number[];
  /** Multiples of the rate that the server keeps. */
  readonly overloads: readonly number[];
  /** Length of one run of perfdhcp. */
  readonly perfdhcpSeconds: number;
  /** Length of its run beside a disk that stands still again and again. */
  readonly stallSeconds: number;
  readonly tftp: TftpPlan;
  readonly config: ConfigPlan;
  readonly generators: GeneratorsPlan;
  /** No contender's turn begins after this; the report has the figures so far. */
  readonly suiteMsMax: number;
}

export interface TftpPlan {
  readonly loads: readonly TftpLoad[];
  /** Put on each server that was just started, not counted: its caches and compiler warm up. */
  readonly warmUp: TftpLoad;
  readonly times: LoadTimes;
  /** Files of each size, fetched in turns. */
  readonly filesPerSize: number;
}

/** Files of one size, so many at once. */
export interface TftpLoad {
  readonly fileBytes: number;
  readonly blockBytes: number;
  readonly atOnce: number;
}

export interface ConfigPlan {
  readonly cases: readonly ConfigCase[];
  /** A run that takes longer is ended, and that program does not read that file again. */
  readonly secondsMax: number;
}

export interface GeneratorsPlan {
  /** Length of each measurement at the maximum. */
  readonly maximumSeconds: number;
  readonly fixedSeconds: number;
  readonly fixedPerSecond: number;
  /** Transactions under way, by our generator at its maximum. */
  readonly outstanding: number;
  /** Rates that perfdhcp tries besides "as fast as it can", where it floods and loses its replies. */
  readonly peerRates: readonly number[];
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

/** As many devices as asked for, all of one kind, behind as many CMTSs as the headend has. */
export function modems(devices: number): PopulationPlan {
  return { ...population, cableModems: devices, mtas: 0, smartMeters: 0 };
}

/** Long enough that no lease ends while the bench runs. */
export const leaseSeconds = 7200;

const guide = {
  devices: 10_000,
  bindRate: 1200,
  discoverPerSecond: 300,
  renewPerSecond: 600,
  latencyMs: 30_000,
  floodMs: 60_000,
  floodPerSecond: 20_000,
};

/** The configuration file of a modem and the image of a meter, in the blocks of both kinds of client. */
const tftpLoads: readonly TftpLoad[] = [4096, 65_536].flatMap((fileBytes) =>
  [512, 1428].flatMap((blockBytes) =>
    [10, 100, 1000].map((atOnce) => ({ fileBytes, blockBytes, atOnce })),
  ),
);

const tftp: TftpPlan = {
  loads: tftpLoads,
  warmUp: { fileBytes: 4096, blockBytes: 512, atOnce: 20 },
  times: { warmUpMs: 200, measureMs: 1200, partMsMax: 4500, drainMsMax: 5500 },
  filesPerSize: 100,
};

const generators: GeneratorsPlan = {
  ...{ maximumSeconds: 5, fixedSeconds: 60, fixedPerSecond: 10_000, outstanding: 256 },
  peerRates: [12_000, 16_000, 20_000, 25_000, 30_000],
};

export const fullPlan: BenchPlan = {
  rounds: 3,
  trial: trialDefaults,
  firstSearch: { growth: 1.5, precision: 1.06, trialsMax: 8 },
  laterSearch: { growth: 1.15, precision: 1.06, trialsMax: 4 },
  renewals: {
    devices: 10_000,
    bindShare: 0.6,
    rungs: [0.8, 1, 1.25, 1.6, 2, 2.5, 3.2],
  },
  guide,
  cold: { devices: 80_000, timeLimitMs: 150_000 },
  million: { devices: 1_000_000, timeLimitMs: 300_000 },
  memoryDevices: [100_000, 1_000_000],
  restartLeases: [80_000, 1_000_000],
  growthLeases: [10_000, 80_000, 300_000, 1_000_000],
  overloads: [1, 2, 5, 10],
  perfdhcpSeconds: 4,
  stallSeconds: 30,
  ...{ tftp, generators },
  config: { cases: fullCases, secondsMax: 120 },
  suiteMsMax: 30 * 60_000,
};

/** Shows that everything runs; its figures come from too little data to be worth anything. */
export const quickPlan: BenchPlan = {
  rounds: 1,
  trial: { ...trialDefaults, warmUpMs: 500, measureMs: 1000 },
  firstSearch: { growth: 1.6, precision: 1.2, trialsMax: 5 },
  laterSearch: { growth: 1.3, precision: 1.2, trialsMax: 2 },
  renewals: { devices: 2000, bindShare: 0.6, rungs: [0.6, 1, 1.6] },
  guide: { ...guide, devices: 3000, latencyMs: 3000, floodMs: 3000, floodPerSecond: 5000 },
  cold: { devices: 5000, timeLimitMs: 30_000 },
  million: { devices: 20_000, timeLimitMs: 30_000 },
  memoryDevices: [5000, 20_000],
  restartLeases: [5000, 20_000],
  growthLeases: [5000, 20_000],
  overloads: [1, 2],
  perfdhcpSeconds: 1,
  stallSeconds: 10,
  tftp: {
    ...tftp,
    loads: tftpLoads.filter(
      ({ fileBytes, blockBytes }) => fileBytes === 4096 && blockBytes === 512,
    ),
    times: { ...tftp.times, measureMs: 800 },
  },
  config: { cases: fullCases.slice(0, 1), secondsMax: 120 },
  generators: { ...generators, maximumSeconds: 2, fixedSeconds: 4, peerRates: [16_000, 24_000] },
  suiteMsMax: 3 * 60_000,
};
