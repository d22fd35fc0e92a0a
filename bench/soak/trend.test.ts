import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { type Point, trendOf } from "./trend.ts";

const SEED = 20_261_203;
const HOURS = 2;

const series = (count: number, value: (hours: number, index: number) => number): Point[] =>
  Array.from({ length: count }, (_, index) => {
    const hours = (HOURS * index) / count;
    return { hours, value: value(hours, index) };
  });

/** Standard normal values, each `memory` of the one before. */
function noise(seed: number, memory: number): () => number {
  const prng = new Prng(seed, 1);
  let last = 0;
  return () => {
    const normal =
      Math.sqrt(-2 * Math.log(1 - prng.nextFloat())) * Math.cos(2 * Math.PI * prng.nextFloat());
    last = memory * last + Math.sqrt(1 - memory * memory) * normal;
    return last;
  };
}

test("a constant has the slope 0, and nothing else is possible", () => {
  expect(
    trendOf(
      series(600, () => 25),
      SEED,
    ),
  ).toEqual({ slope: 0, low: 0, high: 0 });
});

test("a straight line has its slope, and nothing else is possible", () => {
  const trend = trendOf(
    series(600, (hours) => 100 + 3 * hours),
    SEED,
  )!;
  for (const slope of [trend.slope, trend.low, trend.high]) expect(slope).toBeCloseTo(3, 6);
});

test("the same seed gives the same interval, another seed nearly the same", () => {
  const next = noise(SEED, 0.5);
  const points = series(600, () => next());
  expect(trendOf(points, 1)).toEqual(trendOf(points, 1));
  expect(trendOf(points, 2)).not.toEqual(trendOf(points, 1));
  expect(trendOf(points, 2)!.slope).toBe(trendOf(points, 1)!.slope);
});

test("a few points say nothing", () => {
  expect(trendOf([], SEED)).toBeUndefined();
  expect(
    trendOf(
      series(11, (hours) => hours),
      SEED,
    ),
  ).toBeUndefined();
});

describe("the interval has 0 in it", () => {
  const next = noise(SEED, 0.8);
  test.each([
    ["of noise", () => 200 + next()],
    ["of a collector's sawtooth", (_: number, index: number) => 200 + (index % 37)],
    ["of a long sawtooth", (_: number, index: number) => (index % 75) / 10],
    ["with spikes", (_: number, index: number) => (index % 50 === 0 ? 5000 : 25) + next()],
  ])("%s", (_, value) => {
    const { low, high } = trendOf(series(600, value), SEED)!;
    expect(low).toBeLessThanOrEqual(0);
    expect(high).toBeGreaterThanOrEqual(0);
  });
});

test("a leak below the noise of single values is found", () => {
  const next = noise(SEED, 0.5);
  const { slope, low } = trendOf(
    series(600, (hours) => 200 + 2 * hours + 2 * next()),
    SEED,
  )!;
  expect(low).toBeGreaterThan(0);
  expect(slope).toBeGreaterThan(1);
  expect(slope).toBeLessThan(3);
});

test.each([0, 0.9])(
  "the interval has the true slope in it in most series: noise with a memory of %d",
  (memory) => {
    const trials = 60;
    let covered = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const next = noise(SEED + trial, memory);
      const { low, high } = trendOf(
        series(480, (hours) => 5 * hours + next()),
        trial,
      )!;
      if (low <= 5 && high >= 5) covered += 1;
    }
    expect(covered).toBeGreaterThanOrEqual(0.85 * trials);
  },
);
