import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  constantRate,
  RateProfile,
  type RateStage,
} from "../../scenarios/language/rate-profile.ts";
import { burstArrivals, burstTimes, countOf, timesOf } from "./arrival-times.ts";
import { RateArrivals } from "./arrivals.ts";
import { ChurnArrivals } from "./churn-arrivals.ts";

const SEED = 20_260_131;

const stage = fc
  .record({
    fromPerSecond: fc.integer({ min: 0, max: 500 }),
    toPerSecond: fc.integer({ min: 0, max: 500 }),
    durationMs: fc.integer({ min: 1, max: 5000 }),
  })
  .map((each): RateStage => each);
const stages = fc.array(stage, { minLength: 1, maxLength: 5 });

/** The integral of the rate until a time, by the trapezoidal rule over thin slices of each stage. */
function integral(written: readonly RateStage[], untilMs: number): number {
  const SLICES = 64;
  let sum = 0;
  let startMs = 0;
  for (const { fromPerSecond, toPerSecond, durationMs } of written) {
    const insideMs = Math.min(Math.max(0, untilMs - startMs), durationMs);
    const rateAt = (ms: number): number =>
      fromPerSecond + ((toPerSecond - fromPerSecond) * ms) / durationMs;
    for (let i = 0; i < SLICES; i += 1) {
      const a = (insideMs * i) / SLICES;
      const b = (insideMs * (i + 1)) / SLICES;
      sum += ((rateAt(a) + rateAt(b)) / 2) * ((b - a) / 1000);
    }
    startMs += durationMs;
  }
  return sum;
}

describe("a rate profile", () => {
  test("has arrival k where the integral of the rate is k, and as many as the integral has", () => {
    fc.assert(
      fc.property(stages, (written) => {
        const profile = new RateProfile(written);
        expect(profile.total).toBeCloseTo(integral(written, profile.durationMs), 5);
        const count = countOf(profile, "even", SEED, profile.durationMs);
        expect(count).toBe(Math.ceil(profile.total));
        let beforeMs = 0;
        let isInOrder = true;
        for (let k = 0; k < count; k += 1) {
          const atMs = profile.timeOf(k);
          isInOrder &&= beforeMs <= atMs && atMs < profile.durationMs + 1e-6;
          beforeMs = atMs;
          if (k % 37 === 0) expect(integral(written, atMs)).toBeCloseTo(k, 4);
        }
        expect(isInOrder).toBe(true);
        expect(profile.timeOf(count)).toBe(Number.POSITIVE_INFINITY);
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  test("of a straight ramp has the times of the closed form", () => {
    const profile = new RateProfile([{ fromPerSecond: 0, toPerSecond: 500, durationMs: 30_000 }]);
    expect(profile.total).toBe(7500);
    expect([0, 1, 1875, 7499].map((k) => profile.timeOf(k))).toEqual([
      0,
      expect.closeTo(Math.sqrt((2 * 30_000 * 1000) / 500), 9),
      expect.closeTo(15_000, 9),
      expect.closeTo(30_000 * Math.sqrt(7499 / 7500), 9),
    ]);
  });

  test("passes over a pause: the arrival at its border belongs to what comes after", () => {
    const flat = (rate: number): RateStage => ({
      fromPerSecond: rate,
      toPerSecond: rate,
      durationMs: 1000,
    });
    const profile = new RateProfile([flat(10), flat(0), flat(10)]);
    expect([9, 10, 11].map((k) => profile.timeOf(k))).toEqual([900, 2000, 2100]);
    expect([0, 999.9, 1000, 1500, 2000, 9000].map((ms) => profile.stageAt(ms))).toEqual([
      0, 0, 1, 1, 2, 2,
    ]);
  });

  test("refuses what is no rate", () => {
    expect(() => new RateProfile([])).toThrow(RangeError);
    expect(() => new RateProfile([{ fromPerSecond: -1, toPerSecond: 1, durationMs: 1 }])).toThrow(
      RangeError,
    );
    expect(
      () => new RateProfile([{ fromPerSecond: 1, toPerSecond: 1, durationMs: Number.NaN }]),
    ).toThrow(RangeError);
  });
});

interface Seen {
  readonly atMs: number;
  readonly device: number;
  readonly leaves: boolean;
}

function all(arrivals: RateArrivals | ChurnArrivals, endMs = Number.POSITIVE_INFINITY): Seen[] {
  const seen: Seen[] = [];
  while (arrivals.nextAtMs < endMs) {
    const leaves = arrivals instanceof ChurnArrivals && arrivals.nextLeaves;
    seen.push({ atMs: arrivals.nextAtMs, device: arrivals.nextDevice, leaves });
    arrivals.skip(true);
  }
  return seen;
}

const byTime = (a: Seen, b: Seen): number => a.atMs - b.atMs || a.device - b.device;

describe("any number of workers", () => {
  const share = Uint32Array.from({ length: 23 }, (_, i) => (i * 7) % 23);
  const workers = fc.integer({ min: 1, max: 8 });
  const ownedBy = (worker: number, count: number) => (device: number) => device % count === worker;

  test.each(["even", "poisson"] as const)("has the %s arrivals of one, each once", (spacing) => {
    fc.assert(
      fc.property(stages, workers, fc.integer(), (written, count, seed) => {
        const profile = new RateProfile(written);
        const arrivals = countOf(profile, spacing, seed, profile.durationMs);
        const of = (owns: (device: number) => boolean): Seen[] => {
          const own = new RateProfile(written);
          const times = timesOf(own, spacing, seed);
          return all(
            new RateArrivals({ share, owns, countsOrphans: false, startMs: 0, times, arrivals }),
          );
        };
        const one = of(() => true);
        expect(one).toHaveLength(arrivals);
        const many = Array.from({ length: count }, (_, worker) => of(ownedBy(worker, count)));
        expect(many.flat().sort(byTime)).toEqual(one.sort(byTime));
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  test("has the churn of one: who leaves and comes back, and when", () => {
    fc.assert(
      fc.property(
        workers,
        fc.integer(),
        fc.integer({ min: 1, max: 40 }),
        fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 3000 })),
        (count, seed, ratePerSecond, [min, more]) => {
          const of = (owns: (device: number) => boolean): Seen[] =>
            all(
              new ChurnArrivals({
                ...{ share, owns, seed, offForMs: { min, max: min + more } },
                countsOrphans: false,
                startMs: 0,
                times: timesOf(constantRate(ratePerSecond), "even", seed),
                arrivals: 100,
              }),
            );
          const one = of(() => true);
          const many = Array.from({ length: count }, (_, worker) => of(ownedBy(worker, count)));
          const inOrder = (seen: Seen[]): Seen[] =>
            seen.sort((a, b) => byTime(a, b) || Number(a.leaves) - Number(b.leaves));
          expect(inOrder(many.flat())).toEqual(inOrder(one));
        },
      ),
      { seed: SEED, numRuns: 100 },
    );
  });
});

describe("a Poisson process", () => {
  const RATE = 200;
  const COUNT = 20_000;
  const gapsOf = (profile: RateProfile, seed: number): number[] => {
    const times = timesOf(profile, "poisson", seed);
    let before = 0;
    return Array.from({ length: COUNT }, (_, k) => {
      const at = profile.arrivalsUntil(times(k));
      const gap = at - before;
      before = at;
      return gap;
    });
  };

  /** The largest distance from the exponential distribution of mean 1 (Kolmogorov and Smirnov). */
  function distance(gaps: readonly number[]): number {
    const sorted = gaps.toSorted((a, b) => a - b);
    return Math.max(
      ...sorted.map((gap, i) => {
        const expected = 1 - Math.exp(-gap);
        return Math.max(
          Math.abs((i + 1) / sorted.length - expected),
          Math.abs(expected - i / sorted.length),
        );
      }),
    );
  }

  const profiles: readonly (readonly [string, () => RateProfile])[] = [
    ["of one rate", () => constantRate(RATE)],
    [
      "along a ramp",
      () => new RateProfile([{ fromPerSecond: 0, toPerSecond: 1000, durationMs: 60_000 }]),
    ],
  ];
  test.each(profiles)("%s has exponential gaps, and one does not depend on the next", (_, of) => {
    const gaps = gapsOf(of(), SEED);
    // 1.95 / √n is where one sample in a thousand lies beyond.
    expect(distance(gaps), `seed ${SEED}`).toBeLessThan(1.95 / Math.sqrt(COUNT));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / COUNT;
    expect(Math.abs(mean - 1)).toBeLessThan(4 / Math.sqrt(COUNT));
    const correlation =
      gaps.slice(1).reduce((sum, gap, i) => sum + (gap - mean) * (gaps[i] - mean), 0) / COUNT;
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(COUNT));
  });

  test("is told from an even spacing by the same measure", () => {
    expect(distance(Array.from({ length: COUNT }, () => 1))).toBeGreaterThan(0.3);
  });

  test("has as many arrivals in its time as chance has it, the same for one seed", () => {
    const counts = Array.from({ length: 200 }, (_, i) =>
      countOf(constantRate(RATE), "poisson", SEED + i, 10_000),
    );
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / 199;
    expect(Math.abs(mean - 2000)).toBeLessThan(4 * Math.sqrt(2000 / 200));
    expect(variance / 2000).toBeGreaterThan(0.7);
    expect(variance / 2000).toBeLessThan(1.4);
    expect(countOf(constantRate(RATE), "poisson", SEED, 10_000)).toBe(counts[0]);
  });
});

test("bursts come at once and again, until their number or their time is up", () => {
  const times = burstTimes(3, 500);
  expect([0, 2, 3, 5, 6].map((k) => times(k))).toEqual([0, 0, 500, 500, 1000]);
  expect(burstArrivals(3, 500, Number.POSITIVE_INFINITY, 1001)).toBe(9);
  expect(burstArrivals(3, 500, Number.POSITIVE_INFINITY, 1000)).toBe(6);
  expect(burstArrivals(3, 500, 1, 60_000)).toBe(3);
});

describe("churn", () => {
  const churn = (overrides: Partial<ConstructorParameters<typeof ChurnArrivals>[0]> = {}) =>
    new ChurnArrivals({
      ...{ seed: SEED, offForMs: { min: 250, max: 250 }, startMs: 0, arrivals: 8 },
      share: Uint32Array.of(0, 1, 2, 3),
      owns: () => true,
      countsOrphans: true,
      times: timesOf(constantRate(10), "even", SEED),
      ...overrides,
    });

  test("everybody who leaves comes back after the time off, in order", () => {
    const seen = all(churn());
    expect(seen.filter(({ leaves }) => leaves).map(({ atMs }) => atMs)).toEqual([
      0, 100, 200, 300, 400, 500, 600, 700,
    ]);
    const returns = seen.filter(({ leaves }) => !leaves);
    expect(returns.map(({ atMs }) => atMs)).toEqual([250, 350, 450, 550, 650, 750, 850, 950]);
    expect(seen).toEqual([...seen].sort((a, b) => a.atMs - b.atMs));
  });

  test("a device that is away does not leave again: its turn has no device", () => {
    const seen = all(churn({ offForMs: { min: 450, max: 450 } }));
    expect(seen.filter(({ device }) => device < 0).map(({ atMs }) => atMs)).toEqual([
      400, 500, 600, 700,
    ]);
  });

  test("a device that did not leave does not come back", () => {
    const arrivals = churn();
    arrivals.skip(false);
    expect(arrivals.nextAtMs).toBe(100);
    expect(all(arrivals, 300).every(({ leaves }) => leaves)).toBe(true);
  });

  test("times off are spread over their range", () => {
    const many = churn({
      share: Uint32Array.from({ length: 2000 }, (_, device) => device),
      ...{ arrivals: 2000, offForMs: { min: 1000, max: 9000 } },
    });
    const left = new Map<number, number>();
    const off: number[] = [];
    for (const { atMs, device, leaves } of all(many)) {
      if (leaves) left.set(device, atMs);
      else off.push(atMs - left.get(device)!);
    }
    expect(off).toHaveLength(2000);
    expect(Math.min(...off)).toBeGreaterThanOrEqual(1000 - 1e-6);
    expect(Math.max(...off)).toBeLessThanOrEqual(9000);
    const mean = off.reduce((sum, ms) => sum + ms, 0) / off.length;
    expect(Math.abs(mean - 5000)).toBeLessThan((4 * 8000) / Math.sqrt(12 * 2000));
  });
});
