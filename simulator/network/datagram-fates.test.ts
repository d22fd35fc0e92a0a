import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { conditionsOf, isFair } from "../../scenarios/language/network-conditions.ts";
import type { NetworkDelay, NetworkPlan } from "../../scenarios/language/network-section.ts";
import { CmtsThrottle } from "./cmts-throttle.ts";
import { DatagramFates, delayMs } from "./datagram-fates.ts";
import { DelayLine } from "./delay-line.ts";

const SEED = 4711;
const STREAM = 99;

function fatesOf(plan: Partial<NetworkPlan>, throttle?: CmtsThrottle): DatagramFates {
  const conditions = conditionsOf({ lossPercent: 0, ...plan }, "toServer");
  return new DatagramFates(conditions, throttle, SEED, STREAM);
}

/** Datagrams 0.. of one path, a millisecond apart: when each arrives, once for every copy. */
function arrivals(fates: DatagramFates, count: number, pathOf = (n: number) => n): number[][] {
  return Array.from({ length: count }, (_, n) => {
    const copies = fates.decide(pathOf(n), 7, n);
    return Array.from({ length: copies }, () => fates.arrivesAtMs);
  });
}

describe("what becomes of datagrams", () => {
  test("counts are what happened, and the seed gives the same again", () => {
    const plan = { lossPercent: 10, duplicatePercent: 5, reorderPercent: 3, reorderByMs: 40 };
    const fates = fatesOf(plan);
    const seen = arrivals(fates, 20_000);
    expect(arrivals(fatesOf(plan), 20_000)).toEqual(seen);
    const { lost, duplicated, reordered, delayed } = fates.counters;
    expect(seen.filter((copies) => copies.length === 0)).toHaveLength(lost);
    expect(seen.filter((copies) => copies.length === 2)).toHaveLength(duplicated);
    expect(seen.filter(([at], n) => at !== undefined && at > n)).toHaveLength(delayed);
    expect(delayed).toBe(reordered);
    // Within five standard deviations of what was asked for: a fixed seed, so never by luck.
    expect(Math.abs(lost - 2000)).toBeLessThan(5 * 42.5);
    expect(Math.abs(duplicated - 900)).toBeLessThan(5 * 29.3);
    expect(Math.abs(reordered - 540)).toBeLessThan(5 * 22.9);
  });

  test("who is lost does not depend on the other conditions", () => {
    const lostOf = (plan: Partial<NetworkPlan>) =>
      arrivals(fatesOf({ lossPercent: 20, ...plan }), 2000).map((copies) => copies.length === 0);
    const alone = lostOf({});
    expect(lostOf({ delay: { meanMs: 30, jitterMs: 10, distribution: "normal" } })).toEqual(alone);
    expect(lostOf({ duplicatePercent: 50, reorderPercent: 10, reorderByMs: 5 })).toEqual(alone);
  });

  test("one path keeps its order whatever the delays, and is passed only on purpose", () => {
    const delay: NetworkDelay = { minMs: 0, maxMs: 50 };
    const inOrder = arrivals(fatesOf({ delay }), 5000, () => 1).flat();
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
    const passed = arrivals(fatesOf({ delay, reorderPercent: 5, reorderByMs: 20 }), 5000, () => 1);
    expect(passed.flat().some((at, n, all) => n > 0 && at < all[n - 1])).toBe(true);
  });

  test("changed conditions hold from then on", () => {
    const fates = fatesOf({ lossPercent: 100 });
    expect(fates.decide(1, 7, 0)).toBe(0);
    fates.change(conditionsOf({ lossPercent: 0 }, "toServer"), undefined);
    expect(fates.decide(1, 7, 5)).toBe(1);
    expect(fates.arrivesAtMs).toBe(5);
    expect(() => fates.change(conditionsOf({ lossPercent: 101 }, "toServer"), undefined)).toThrow(
      "lossPercent is 101; give 0 to 100",
    );
  });
});

describe("delays", () => {
  const draws = 50_000;
  for (const [delay, mean, deviation] of [
    [{ fixedMs: 12 }, 12, 0],
    [{ minMs: 10, maxMs: 30 }, 20, 20 / Math.sqrt(12)],
    [{ meanMs: 50, jitterMs: 8, distribution: "normal" }, 50, 8],
    [{ meanMs: 50, jitterMs: 8, distribution: "exponential" }, 50, 8],
  ] as readonly (readonly [NetworkDelay, number, number])[]) {
    test(`${JSON.stringify(delay)}: mean ${mean}, standard deviation ${deviation.toFixed(2)}`, () => {
      const random = new Prng(SEED, STREAM);
      const values = Array.from({ length: draws }, () => delayMs(delay, random));
      const found = values.reduce((sum, value) => sum + value, 0) / draws;
      const variance = values.reduce((sum, value) => sum + (value - found) ** 2, 0) / draws;
      expect(Math.abs(found - mean)).toBeLessThanOrEqual((5 * deviation) / Math.sqrt(draws));
      expect(Math.abs(Math.sqrt(variance) - deviation)).toBeLessThanOrEqual(deviation * 0.03);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...values)).toBeLessThanOrEqual(mean + 8 * deviation);
    });
  }
  test("the exponential one has its shortest way at mean less jitter, the normal one is cut at 0", () => {
    const random = new Prng(SEED, STREAM);
    const shortest = (delay: NetworkDelay) =>
      Math.min(...Array.from({ length: draws }, () => delayMs(delay, random)));
    expect(shortest({ meanMs: 50, jitterMs: 8, distribution: "exponential" })).toBeCloseTo(42, 1);
    expect(shortest({ meanMs: 2, jitterMs: 2, distribution: "normal" })).toBe(0);
  });
});

describe("the queue of a CMTS", () => {
  const plant = { cmtsCount: 2, cmtsOfAddress: (address: number) => address - 10 };

  test("forwards at its rate, holds what it may, drops the rest; others are not held up", () => {
    const throttle = new CmtsThrottle({ packetsPerSecond: 100, queuePackets: 3 }, plant);
    const burst = Array.from({ length: 6 }, () => throttle.forwardedAtMs(10, 1000));
    expect(burst).toEqual([1000, 1010, 1020, ...Array(3).fill(Number.POSITIVE_INFINITY)]);
    expect(throttle.forwardedAtMs(11, 1000)).toBe(1000);
    expect(throttle.forwardedAtMs(9, 1000)).toBe(1000);
    expect(throttle.forwardedAtMs(10, 1015)).toBe(1030);
    expect(throttle.forwardedAtMs(10, 5000)).toBe(5000);
  });

  test("through the fates: throttled and dropped are counted, and a steady rate passes untouched", () => {
    const throttle = new CmtsThrottle({ packetsPerSecond: 500, queuePackets: 10 }, plant);
    const fates = fatesOf({}, throttle);
    for (let n = 0; n < 1000; n += 1) fates.decide(n, 10, n);
    // The last to be taken wait for 18 ms and leave at 1016 ms, one every 2 ms since 0 ms.
    expect(fates.counters.dropped).toBe(1000 - (1016 / 2 + 1));
    expect(fates.counters.throttled).toBeGreaterThan(400);
    const slow = fatesOf({}, new CmtsThrottle({ packetsPerSecond: 500, queuePackets: 10 }, plant));
    for (let n = 0; n < 1000; n += 1) slow.decide(n, 10, 2 * n);
    expect(slow.counters).toMatchObject({ dropped: 0, throttled: 0, delayed: 0 });
  });

  test("a share of the plant has that share of the rate; no rate and no queue are refused", () => {
    const half = new CmtsThrottle({ packetsPerSecond: 100, queuePackets: 3 }, plant, 0.5);
    expect([0, 0].map(() => half.forwardedAtMs(10, 0))).toEqual([0, 20]);
    for (const plan of [
      { packetsPerSecond: 0, queuePackets: 1 },
      { packetsPerSecond: 1, queuePackets: 0 },
    ]) {
      expect(() => new CmtsThrottle(plan, plant)).toThrow(/forwards nothing/);
    }
  });
});

describe("the delay line", () => {
  test("gives back what is due, soonest first, equal times in their order, and never holds more than it may", () => {
    const random = new Prng(SEED, STREAM);
    const line = new DelayLine<{ atMs: number; n: number }>(500);
    const taken: { atMs: number; n: number }[] = [];
    const items = Array.from({ length: 600 }, (_, n) => ({ atMs: random.nextBelow(50), n }));
    expect(items.filter((item) => line.add(item))).toHaveLength(500);
    for (const nowMs of [10, 30, 60]) {
      for (let item = line.take(nowMs); item !== undefined; item = line.take(nowMs)) {
        expect(item.atMs).toBeLessThanOrEqual(nowMs);
        taken.push(item);
      }
      expect(line.dueAtMs).toBeGreaterThan(nowMs);
    }
    const expected = items.slice(0, 500).sort((a, b) => a.atMs - b.atMs || a.n - b.n);
    expect(taken).toEqual(expected);
    expect([line.size, line.dueAtMs]).toEqual([0, Number.POSITIVE_INFINITY]);
  });
});

test("a plan is fair when nothing happens in either direction", () => {
  expect(isFair({ lossPercent: 0 })).toBe(true);
  expect(isFair({ lossPercent: 5, toServer: { lossPercent: 0 } })).toBe(false);
  expect(
    isFair({ lossPercent: 5, toServer: { lossPercent: 0 }, toDevices: { lossPercent: 0 } }),
  ).toBe(true);
  for (const plan of [
    { delay: { fixedMs: 1 } },
    { toDevices: { duplicatePercent: 1 } },
    { cmts: { packetsPerSecond: 10, queuePackets: 5 } },
  ]) {
    expect(isFair({ lossPercent: 0, ...plan })).toBe(false);
  }
});
