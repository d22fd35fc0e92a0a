import { expect } from "vitest";
import type { SimulationPlan } from "./plan.ts";
import { Simulation, type SimulationResult } from "./simulation.ts";

export const SEED = Number(process.env["PROVLAB_SEED"] ?? 20_261_124);

/** A day of 10,000 devices; renewals every two hours, and one outage that some leases outlast. */
export const day: SimulationPlan = {
  seed: SEED,
  population: { cableModems: 7000, mtas: 1500, cpes: 1100, smartMeters: 400, cmtsCount: 4 },
  hours: 24,
  leaseSeconds: 14_400,
  link: {
    lossRate: 0.01,
    duplicationRate: 0.01,
    delayMsMin: 1,
    delayMsMax: 20,
    strayRate: 0.002,
    strayMsMax: 4000,
  },
  crashes: 40,
  downMsMax: 120_000,
  outageMs: 7_500_000,
  incidentsAnHour: 600,
  defect: "none",
};

/** Few devices on a network and a server that are worse than any. */
export const storm: SimulationPlan = {
  ...day,
  population: { cableModems: 150, mtas: 50, cpes: 50, smartMeters: 100, cmtsCount: 2 },
  hours: 8,
  leaseSeconds: 1800,
  link: {
    lossRate: 0.1,
    duplicationRate: 0.1,
    delayMsMin: 1,
    delayMsMax: 200,
    strayRate: 0.02,
    strayMsMax: 8000,
  },
  crashes: 80,
  downMsMax: 200_000,
  outageMs: 2_000_000,
  incidentsAnHour: 400,
};

/** Enough devices that some batch is always being written when the server crashes. */
export const evening: SimulationPlan = {
  ...day,
  population: { cableModems: 1400, mtas: 300, cpes: 200, smartMeters: 100, cmtsCount: 4 },
  hours: 6,
  leaseSeconds: 3600,
  crashes: 30,
  outageMs: 0,
};

export function play(plan: SimulationPlan): SimulationResult {
  process.stdout.write(`simulation: seed ${plan.seed}, PROVLAB_SEED=${plan.seed} plays it again\n`);
  return new Simulation(plan).run();
}

const noViolation = {
  counters: {
    doubleAllocations: 0,
    acknowledgedLeasesLost: 0,
    addressesChangedOnRenewal: 0,
    neverOffered: 0,
    addressesOutsideNetwork: 0,
    malformedReplies: 0,
  },
  violations: [],
};

export function expectSafe(result: SimulationResult): void {
  expect(result.safety).toMatchObject(noViolation);
  expect(result.acknowledgedBeforeDurable).toBe(0);
  expect(result.leasesMissingAfterRestart).toBe(0);
}
