import { describe, expect, test } from "vitest";
import { CmtsGate, gateShare, NOT_HEARD } from "./cmts-gate.ts";

describe("CmtsGate", () => {
  const retry = { firstRetryMs: 1000, maxRetryMs: 1000, jitter: 0, triesMax: 3 };
  const policy = { perSecond: 10, serviceMs: 20, waitMsMax: 250, retry };

  test("one appointment every 100 ms, each CMTS by itself, and the queue has an end", () => {
    const gate = new CmtsGate("ranging", 2, policy);
    expect([0, 0, 0, 0, 1].map((cmts) => gate.doneAtMs(cmts, 1000))).toEqual([
      1020,
      1120,
      1220,
      NOT_HEARD,
      1020,
    ]);
    expect(gate.doneAtMs(0, 1100)).toBe(1320);
    expect(gate.doneAtMs(0, 9000)).toBe(9020);
  });

  test("a CMTS without limit answers everybody at once", () => {
    const gate = new CmtsGate("x", 1, { ...policy, perSecond: Number.POSITIVE_INFINITY });
    const times = Array.from({ length: 1000 }, () => gate.doneAtMs(0, 5));
    expect(new Set(times)).toEqual(new Set([25]));
  });

  test("workers that share a CMTS share its rate, and those that do not have all of it", () => {
    const cases = [
      [1, 1, 1],
      [1, 4, 0.25],
      [4, 2, 1],
      [3, 2, 0.5],
      [6, 4, 0.5],
    ] as const;
    for (const [cmtsCount, workers, share] of cases) {
      expect(gateShare(cmtsCount, workers)).toBe(share);
      // Modem u is on CMTS u mod cmtsCount and in worker u mod workers.
      const workersOfCmts0 = new Set<number>();
      for (let u = 0; u < 1000; u += 1) if (u % cmtsCount === 0) workersOfCmts0.add(u % workers);
      expect(workersOfCmts0.size * share).toBe(1);
    }
  });

  test("policies that cannot work are refused", () => {
    expect(() => new CmtsGate("ranging", 1, { ...policy, perSecond: 0 })).toThrow(/ranging/);
    const never = { ...policy, retry: { ...retry, triesMax: 0 } };
    expect(() => new CmtsGate("ranging", 1, never)).toThrow(/triesMax/);
  });
});
