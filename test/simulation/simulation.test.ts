import { describe, expect, test } from "vitest";
import { evening, expectSafe, play, SEED, storm } from "./plans.testing.ts";
import type { SimulationResult } from "./simulation.ts";

let eveningResult: SimulationResult | undefined;

/** The evening's first playing, which two tests look at. */
function playedEvening(): SimulationResult {
  eveningResult ??= play(evening);
  return eveningResult;
}

describe("a network and a disk that are worse than any", () => {
  // test/system/long-simulations.test.ts plays more of them.
  for (const seed of [SEED, SEED + 1]) {
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
