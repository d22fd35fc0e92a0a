import { describe, expect, test } from "vitest";
import { constantRate } from "../../scenarios/language/rate-profile.ts";
import { countOf, timesOf } from "./arrival-times.ts";
import { AllWithinArrivals, type Arrivals, NO_DEVICE, RateArrivals } from "./arrivals.ts";

interface Arrival {
  readonly atMs: number;
  readonly device: number;
}

function all(arrivals: Arrivals): Arrival[] {
  const found: Arrival[] = [];
  while (arrivals.nextAtMs < Number.POSITIVE_INFINITY) {
    found.push({ atMs: arrivals.nextAtMs, device: arrivals.nextDevice });
    arrivals.skip(true, 0);
  }
  return found;
}

const byTime = (a: Arrival, b: Arrival): number => a.atMs - b.atMs || a.device - b.device;
const share = Uint32Array.of(4, 0, 3, 1, 2);

function rateArrivals(
  overrides: Partial<ConstructorParameters<typeof RateArrivals>[0]>,
): Arrival[] {
  return all(
    new RateArrivals({
      share,
      owns: () => true,
      countsOrphans: true,
      startMs: 1000,
      times: timesOf(constantRate(4), "even", 0),
      arrivals: 8,
      ...overrides,
    }),
  );
}

describe("arrivals of a rate", () => {
  test("arrival k is intended at start + k / rate, for device k of the share and round again", () => {
    expect(rateArrivals({})).toEqual([
      { atMs: 1000, device: 4 },
      { atMs: 1250, device: 0 },
      { atMs: 1500, device: 3 },
      { atMs: 1750, device: 1 },
      { atMs: 2000, device: 2 },
      { atMs: 2250, device: 4 },
      { atMs: 2500, device: 0 },
      { atMs: 2750, device: 3 },
    ]);
  });

  for (const workers of [2, 3, 4, 7]) {
    test(`${workers} workers have the arrivals of one, each once`, () => {
      const ofWorkers = Array.from({ length: workers }, (_, worker) =>
        rateArrivals({ owns: (device) => device % workers === worker, arrivals: 33 }),
      );
      expect(ofWorkers.flat().sort(byTime)).toEqual(rateArrivals({ arrivals: 33 }));
      for (const own of ofWorkers) expect(own).toEqual([...own].sort(byTime));
    });
  }

  test("no error adds up over a million arrivals", () => {
    const arrivals = new RateArrivals({
      share: Uint32Array.of(0, 1),
      owns: (device) => device === 1,
      countsOrphans: false,
      startMs: 0,
      times: timesOf(constantRate(3), "even", 0),
      arrivals: 1_000_000,
    });
    let last = 0;
    let count = 0;
    while (arrivals.nextAtMs < Number.POSITIVE_INFINITY) {
      last = arrivals.nextAtMs;
      count += 1;
      arrivals.skip();
    }
    expect(count).toBe(500_000);
    expect(last).toBe((999_999 * 1000) / 3);
  });

  test("a stream without devices has its arrivals all the same, on one worker", () => {
    const empty = new Uint32Array(0);
    expect(rateArrivals({ share: empty, countsOrphans: false })).toEqual([]);
    const orphans = rateArrivals({ share: empty, countsOrphans: true });
    expect(orphans).toHaveLength(8);
    expect(orphans.every(({ device }) => device === NO_DEVICE)).toBe(true);
    expect(orphans[7].atMs).toBe(2750);
  });

  test("a worker that owns none of the devices has no arrival", () => {
    expect(rateArrivals({ owns: () => false })).toEqual([]);
  });

  test.each([
    [1000, 300, 300],
    [120_000, 300, 36_000],
    [30_000, 0.1, 3],
    [100, 1, 1],
    [1001, 1, 2],
    [0, 1, 0],
    [25_000, 600, 15_000],
  ])("in %i ms at %d/s there are %i", (durationMs, ratePerSecond, expected) => {
    expect(countOf(constantRate(ratePerSecond), "even", 1, durationMs)).toBe(expected);
    // The last one is intended before the end.
    if (expected > 0) expect(((expected - 1) * 1000) / ratePerSecond).toBeLessThan(durationMs);
  });
});

describe("arrivals all at once", () => {
  const devices = Uint32Array.from({ length: 2000 }, (_, device) => device);
  const arrivalsOf = (owns: (device: number) => boolean, seed = 1): Arrival[] =>
    all(new AllWithinArrivals({ share: devices, owns, startMs: 500, seed, allWithinMs: 10_000 }));

  test("each device once, spread over the desynchronization time, in order", () => {
    const arrivals = arrivalsOf(() => true);
    expect(arrivals).toEqual([...arrivals].sort(byTime));
    expect(new Set(arrivals.map(({ device }) => device)).size).toBe(devices.length);
    expect(arrivals[0].atMs).toBeGreaterThanOrEqual(500);
    expect(arrivals.at(-1)!.atMs).toBeLessThan(10_500);
    const inFirstHalf = arrivals.filter(({ atMs }) => atMs < 5500).length;
    expect(inFirstHalf).toBeGreaterThan(900);
    expect(inFirstHalf).toBeLessThan(1100);
  });

  test("a device waits the same on 1 worker or 4, and otherwise with another seed", () => {
    const ofWorkers = [0, 1, 2, 3].flatMap((worker) => arrivalsOf((d) => d % 4 === worker));
    expect(ofWorkers.sort(byTime)).toEqual(arrivalsOf(() => true));
    expect(arrivalsOf(() => true, 2)).not.toEqual(arrivalsOf(() => true));
  });
});
