import { describe, expect, test, vi } from "vitest";
import type { SimulationPlan } from "./plan.ts";
import { Simulation, type SimulationResult } from "./simulation.ts";

// Many times what the longest takes: a busy machine does not reach it, a hang does.
vi.setConfig({ testTimeout: 300_000 });

const SEED = Number(process.env["PROVLAB_SEED"] ?? 20_261_124);

/** A day of 10,000 devices; renewals every two hours, and one outage that some leases outlast. */
const day: SimulationPlan = {
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
const storm: SimulationPlan = {
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
const evening: SimulationPlan = {
  ...day,
  population: { cableModems: 1400, mtas: 300, cpes: 200, smartMeters: 100, cmtsCount: 4 },
  hours: 6,
  leaseSeconds: 3600,
  crashes: 30,
  outageMs: 0,
};

function play(plan: SimulationPlan): SimulationResult {
  process.stdout.write(`simulation: seed ${plan.seed}, PROVLAB_SEED=${plan.seed} plays it again\n`);
  return new Simulation(plan).run();
}

let eveningResult: SimulationResult | undefined;

/** The evening's first playing, which two tests look at. */
function playedEvening(): SimulationResult {
  eveningResult ??= play(evening);
  return eveningResult;
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

function expectSafe(result: SimulationResult): void {
  expect(result.safety).toMatchObject(noViolation);
  expect(result.acknowledgedBeforeDurable).toBe(0);
  expect(result.leasesMissingAfterRestart).toBe(0);
}

describe("10,000 devices through 24 hours, with crashes in between", () => {
  test("no double allocation, no lost lease, no changed address, and everybody is served", () => {
    const result = play(day);
    expectSafe(result);
    // Nothing of this means anything unless all that can go wrong did.
    expect(result.safety.acknowledged).toBeGreaterThan(110_000);
    expect(result.server.crashes).toBeGreaterThan(20);
    expect(result.server.batchesLost).toBeGreaterThan(5);
    expect(result.server.overlapped).toBeGreaterThan(1000);
    expect(result.server.commitFailures).toBeGreaterThan(20);
    expect(Math.min(...Object.values(result.link))).toBeGreaterThan(1000);
    expect(result.retransmissions).toBeGreaterThan(10_000);
    for (const kind of ["discover", "renew", "rebind", "reboot", "release"]) {
      expect(result.completed[kind], kind).toBeGreaterThan(1000);
    }
    for (const reason of ["released", "declined", "expired", "restarted"]) {
      expect(result.surrendered[reason], reason).toBeGreaterThan(100);
    }
    // The meters have 380 addresses for 400, and some devices were just switched off or released.
    expect(result.bound).toBeGreaterThan(9900);
    expect(result.bound).toBeLessThanOrEqual(9980);
  });
});

describe("a network and a disk that are worse than any", () => {
  for (const seed of [SEED, SEED + 1, SEED + 2, SEED + 3]) {
    test(`seed ${seed}: every rule holds`, () => {
      const result = play({ ...storm, seed });
      expectSafe(result);
      expect(result.server.crashes).toBeGreaterThan(30);
      expect(result.safety.acknowledged).toBeGreaterThan(3000);
    });
  }
});

describe("replay", () => {
  test("one seed is one history: the same digest and the same counts, twice", () => {
    expect(play(evening)).toEqual(playedEvening());
  });

  test("another seed is another history", () => {
    const seed = evening.seed + 1;
    expect(play({ ...evening, seed }).digest).not.toBe(playedEvening().digest);
  });
});

describe("the rules notice a server that breaks them", () => {
  test("ACK before commit: seen as it leaves, and again after the crash", () => {
    const result = play({ ...evening, defect: "acknowledges-before-commit" });
    expect(result.acknowledgedBeforeDurable).toBeGreaterThan(1000);
    expect(result.leasesMissingAfterRestart).toBeGreaterThan(0);
  });

  test("a lease file that is not read: two devices with one address", () => {
    const result = play({ ...evening, defect: "forgets-on-restart" });
    expect(result.leasesMissingAfterRestart).toBeGreaterThan(1000);
    expect(result.safety.counters.doubleAllocations).toBeGreaterThan(0);
    expect(result.safety.counters.acknowledgedLeasesLost).toBeGreaterThan(0);
    expect(result.safety.violations[0]?.kind).toBeDefined();
  });
});
