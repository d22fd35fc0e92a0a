import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { choose, permutationTest, relabellingsMax, smallestP } from "./permutation-test.ts";

const settings = { alpha: 0.05, seed: 1 };
const pairsOf = (differences: readonly number[]) => ({
  base: differences.map(() => 0),
  current: differences,
});
const only = (...args: Parameters<typeof permutationTest>) => permutationTest(...args)[0];

describe("known values", () => {
  test("Darwin's maize: 1,726 of the 32,768 signs differ as much (Fisher 1935, section 21)", () => {
    const eighths = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48];
    const { p, estimate } = only([pairsOf(eighths)], "pairs", settings);
    expect(p).toBe(1726 / 32_768);
    expect(estimate).toBeCloseTo(314 / 15, 10);
  });

  test.each([
    // The two that separate the sides altogether, of 20.
    [[1, 2, 3], [4, 5, 6], 2 / 20],
    // Sums of three of 1 to 6 that are at least 1.5 from 10.5: 9 and less, 12 and more.
    [[1, 2, 6], [3, 4, 5], 14 / 20],
    [[1, 1], [1, 1], 1],
    // Separated but for one figure that both have: exchanging the two is as large, and so are the mirror images.
    [[1, 2, 3, 4, 5], [5, 6, 7, 8, 9], 4 / 252],
    [[1, 2, 3, 4, 5, 6], [6, 7, 8, 9, 10, 11], 4 / 924],
    // With unequal sides: the mean of a pair can be as far off on the other side too.
    [[1, 2, 3], [9, 10], 1 / 10],
  ])("%j against %j: p %d", (base, current, p) => {
    expect(only([{ base, current }], "groups", settings).p).toBe(p);
  });

  test("the interval of three pairs at 0.5 ends where 4 of the 8 signs differ as much", () => {
    const { low, high } = only([pairsOf([1, 2, 6])], "pairs", { alpha: 0.5, seed: 1 });
    expect(low).toBeCloseTo(1.5, 10);
    expect(high).toBeCloseTo(4, 10);
  });
});

test("the interval is what the test itself does not reject", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("pairs" as const, "groups" as const),
      fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 12, maxLength: 12 }),
      (design, values) => {
        const [base, current] = [values.slice(0, 6), values.slice(6)];
        const shifted = (by: number) => current.map((value) => value - by);
        const { low, high } = only([{ base, current }], design, settings);
        const pAt = (by: number) => only([{ base, current: shifted(by) }], design, settings).p;
        const step = 1e-3 * (high - low + 1);
        fc.pre(high - low > 4 * step);
        for (const by of [low - step, high + step]) expect(pAt(by)).toBeLessThanOrEqual(0.05);
        for (const by of [low + step, high - step]) expect(pAt(by)).toBeGreaterThan(0.05);
      },
    ),
  );
});

test("several metrics: the adjusted p is that of the most extreme one", () => {
  const far = pairsOf([5, 6, 7, 8, 9, 10, 11, 12]);
  const noise = pairsOf([1, 2, 3, -1, 4, 2, -2, 3]);
  const [alone] = permutationTest([noise], "pairs", settings);
  const [a, b] = permutationTest([far, noise], "pairs", settings);
  expect(a!.p).toBe(2 / 256);
  expect(b!.p).toBeGreaterThan(alone!.p);
});

test("too few runs: the interval has no end", () => {
  const { low, high, p } = only([pairsOf([1, 2, 3])], "pairs", settings);
  expect([low, high, p]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0.25]);
});

test("one run a side says nothing", () => {
  expect(only([{ base: [1], current: [2] }], "groups", settings).p).toBe(1);
});

test("many runs: relabellings are drawn, by the seed, and p is near the exact one", () => {
  const values = Array.from({ length: 16 }, (_, index) => ((index * 7919) % 31) - 12);
  const exact = (() => {
    const sum = Math.abs(values.reduce((total, value) => total + value, 0));
    let asLarge = 0;
    for (let bits = 0; bits < 2 ** 16; bits += 1) {
      const flipped = values.reduce((t, v, k) => t + (((bits >>> k) & 1) === 1 ? -v : v), 0);
      if (Math.abs(flipped) >= sum) asLarge += 1;
    }
    return asLarge / 2 ** 16;
  })();
  const at = (seed: number) => only([pairsOf(values)], "pairs", { alpha: 0.05, seed }).p;
  expect(at(3)).toBe(at(3));
  const standardError = Math.sqrt((exact * (1 - exact)) / relabellingsMax);
  for (const seed of [1, 2, 3]) expect(Math.abs(at(seed) - exact)).toBeLessThan(5 * standardError);
});

test("choose and the smallest p", () => {
  expect([choose(10, 5), choose(16, 8), choose(5, 0)]).toEqual([252, 12_870, 1]);
  expect(smallestP("pairs", 8, 8)).toBe(2 / 256);
  expect(smallestP("groups", 5, 5)).toBe(2 / 252);
  expect(smallestP("groups", 3, 2)).toBe(1 / 10);
  expect([smallestP("groups", 0, 5), smallestP("pairs", 1, 1)]).toEqual([1, 1]);
});

test("refuses runs that do not belong together", () => {
  const one = { base: [1, 2], current: [1, 2] };
  expect(() => permutationTest([one, { base: [1], current: [2, 3] }], "groups", settings)).toThrow(
    "the same runs",
  );
  expect(() => permutationTest([{ base: [1], current: [2, 3] }], "pairs", settings)).toThrow(
    "are not pairs",
  );
  expect(permutationTest([], "groups", settings)).toEqual([]);
});
