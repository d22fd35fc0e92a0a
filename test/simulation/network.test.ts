import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { EventQueue } from "./event-queue.ts";
import { LossyLink, perfectLink } from "./lossy-link.ts";

describe("event queue", () => {
  test("events come in order of time, and as pushed among equals", () => {
    const prng = new Prng(5, 5);
    const queue = new EventQueue<number>();
    const pushed = Array.from({ length: 2000 }, (_, index) => ({
      atMs: prng.nextBelow(50),
      index,
    }));
    for (const { atMs, index } of pushed) queue.push(atMs, index);
    const expected = pushed.toSorted((a, b) => a.atMs - b.atMs || a.index - b.index);
    for (const { atMs, index } of expected) {
      expect(queue.nextMs).toBe(atMs);
      expect(queue.pop()).toBe(index);
    }
    expect(queue.pop()).toBeUndefined();
    expect(queue.nextMs).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("lossy link", () => {
  function arrivals(faults: Partial<typeof perfectLink>, seed = 1): number[][] {
    const link = new LossyLink({ ...perfectLink, ...faults }, seed, 0);
    return Array.from({ length: 2000 }, (_, sentAtMs) => {
      const copies: number[] = [];
      link.carry(sentAtMs, (atMs) => copies.push(atMs - sentAtMs));
      return copies;
    });
  }
  test("a perfect one delivers each datagram once, a millisecond later", () => {
    expect(new Set(arrivals({}).map(String))).toEqual(new Set(["1"]));
  });
  for (const [what, faults, copies] of [
    ["loses", { lossRate: 0.25 }, 0],
    ["duplicates", { duplicationRate: 0.25 }, 2],
  ] as const) {
    test(`${what} as many as it should`, () => {
      const share = arrivals(faults).filter(({ length }) => length === copies).length / 2000;
      expect(share).toBeCloseTo(0.25, 1);
    });
  }
  test("strays are overtaken by what was sent later", () => {
    const delays = arrivals({ strayRate: 0.1, strayMsMax: 100 }).map(([delayMs]) => delayMs);
    expect(delays.some((delayMs, at) => at > 0 && delays[at - 1] > 1 + delayMs)).toBe(true);
    expect(Math.max(...delays)).toBeLessThanOrEqual(101);
  });
  test("the seed decides", () => {
    const faults = { lossRate: 0.5 };
    expect(arrivals(faults)).toEqual(arrivals(faults));
    expect(arrivals(faults, 2)).not.toEqual(arrivals(faults));
  });
});
