import type { PopulationPlan } from "../../scenarios/population/population.ts";
import { rfc2131Retry } from "../../simulator/device/retry-policy.ts";
import type { PhasePlan, RunPlan, StreamPlan } from "../../simulator/plan/run-plan.ts";

/** How much is measured; everything is bounded in count and time. */
export interface GeneratorBenchPlan {
  readonly rounds: number;
  /** Of each measurement at the maximum. */
  readonly maximumSeconds: number;
  readonly fixedSeconds: number;
  readonly fixedPerSecond: number;
  /** Transactions under way, by our generator at its maximum. */
  readonly outstanding: number;
  /** Rates that perfdhcp tries besides "as fast as it can", where it floods and loses its replies. */
  readonly peerRates: readonly number[];
}

export const fullPlan: GeneratorBenchPlan = {
  rounds: 3,
  maximumSeconds: 5,
  fixedSeconds: 60,
  fixedPerSecond: 10_000,
  outstanding: 256,
  peerRates: [12_000, 16_000, 20_000, 25_000, 30_000],
};

export const quickPlan: GeneratorBenchPlan = {
  ...fullPlan,
  rounds: 1,
  maximumSeconds: 2,
  fixedSeconds: 4,
  peerRates: [16_000, 24_000],
};

/** One network, because the responder gives an address by the relay and the last octets of the MAC. */
export const population: PopulationPlan = {
  cableModems: 200_000,
  mtas: 0,
  cpes: 0,
  smartMeters: 0,
  cmtsCount: 1,
};

const WARM_UP_MS = 1500;
const DRAIN_MS = 1100;
const ANSWER_MS_MAX = 1000;

export interface GeneratorTarget {
  readonly address: number;
  readonly port: number;
  readonly seed: number;
}

/** Cold devices again and again: a warm-up, then what is measured. */
export function loadPlan(stream: StreamPlan, seconds: number, target: GeneratorTarget): RunPlan {
  const { address, port, seed } = target;
  const phase = (name: string, durationMs: number): PhasePlan => ({
    name,
    streams: [stream],
    until: { durationMs },
    timeLimitMs: durationMs,
    drainMs: DRAIN_MS,
    powerCycle: true,
  });
  return {
    population,
    seed,
    workers: 1,
    servers: [{ address, port }],
    ports: { relay: port, client: port + 1 },
    // The responder has UDP sockets and nothing else.
    segmentation: true,
    clients: {
      // As perfdhcp does it: a lost message stays lost.
      retransmit: {
        ...rfc2131Retry,
        firstDelayMs: ANSWER_MS_MAX,
        jitterMs: 0,
        transmissionsMax: 1,
        restartsMax: 0,
      },
      ownTimers: false,
    },
    network: { lossPercent: 0 },
    phases: [phase("warm-up", WARM_UP_MS), phase("measured", seconds * 1000)],
    // What is measured here is the generator: its limits are results, not reasons.
    generator: { slipMsP99Max: 10_000, socketDropsMax: 1_000_000_000, cpuPercentMax: 1000 },
  };
}
