import { describe, expect, test } from "vitest";
import { day, expectSafe, play, SEED, storm } from "../simulation/plans.testing.ts";

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

test.each([2, 3, 4, 5, 6, 7])("storm, seed %i after the first: every rule holds", (after) => {
  const result = play({ ...storm, seed: SEED + after });
  expectSafe(result);
  expect(result.server.crashes).toBeGreaterThan(30);
});
