import { describe, expect, test } from "vitest";
import { IDLE_ROUND_MS, OutstandingArrivals, partOf } from "./outstanding-arrivals.ts";

const share = Uint32Array.of(4, 0, 3, 1, 2);

interface Loop {
  readonly arrivals: OutstandingArrivals;
  /** Starts one; -1 when none is due. */
  readonly start: (nowMs?: number, hasStarted?: boolean) => number;
  readonly finish: () => void;
}

function loopOf(limit: number, once: boolean, owns = (_device: number) => true): Loop {
  let inFlight = 0;
  const arrivals = new OutstandingArrivals({ share, owns, limit, once, inFlight: () => inFlight });
  return {
    arrivals,
    start: (nowMs = 0, hasStarted = true) => {
      if (arrivals.nextAtMs > nowMs) return -1;
      const device = arrivals.nextDevice;
      if (hasStarted) inFlight += 1;
      arrivals.skip(hasStarted, nowMs);
      return device;
    },
    finish: () => {
      inFlight -= 1;
    },
  };
}

describe("outstanding arrivals", () => {
  test("are due while fewer than the limit are under way, in the order of the share", () => {
    const { start, finish, arrivals } = loopOf(2, false);
    expect([start(), start(), start()]).toEqual([4, 0, -1]);
    expect(arrivals.nextAtMs).toBe(Number.POSITIVE_INFINITY);
    finish();
    expect([start(), start()]).toEqual([3, -1]);
  });

  test("go round again, or have each device once", () => {
    const order = (once: boolean): number[] => {
      const { start, finish } = loopOf(1, once);
      return Array.from({ length: 7 }, () => {
        const device = start();
        finish();
        return device;
      });
    };
    expect(order(false)).toEqual([4, 0, 3, 1, 2, 4, 0]);
    expect(order(true)).toEqual([4, 0, 3, 1, 2, -1, -1]);
  });

  test("have a worker's own devices only, and none without any", () => {
    const own = loopOf(9, true, (device) => device % 2 === 0);
    expect([own.start(), own.start(), own.start(), own.start()]).toEqual([4, 0, 2, -1]);
    expect(loopOf(9, false, () => false).start()).toBe(-1);
  });

  test("pause after a whole round in which no device could start", () => {
    const { start } = loopOf(9, false);
    const misses = Array.from({ length: 6 }, () => start(100, false));
    expect(misses).toEqual([4, 0, 3, 1, 2, -1]);
    expect(start(100 + IDLE_ROUND_MS - 1)).toBe(-1);
    expect(start(100 + IDLE_ROUND_MS)).toBe(4);
  });
});

test.each([
  [1, 1],
  [7, 3],
  [256, 5],
  [3, 3],
])("%i outstanding on %i workers are divided without a rest", (outstanding, count) => {
  const parts = Array.from({ length: count }, (_, index) => partOf(outstanding, { index, count }));
  expect(parts.reduce((sum, part) => sum + part, 0)).toBe(outstanding);
  expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
});
