import { expect, test } from "vitest";
import { REPEATS_MAX, repeatedMaximum } from "./repeat-interval.ts";

const bracket = (keptPerSecond: number, missedPerSecond?: number) => ({
  keptPerSecond,
  missedPerSecond,
});

test("is the t interval of the logarithms, from what was kept to what was missed", () => {
  const found = repeatedMaximum([bracket(900, 1000), bracket(1000, 1100), bracket(1100, 1200)]);
  expect(found.maximumPerSecond).toBeCloseTo((900 * 1000 * 1100) ** (1 / 3), 6);
  // Mean and standard deviation of the logarithms, worked out by hand: 6.904406 - 4.303 x 0.100391 / sqrt 3.
  expect(found.lowPerSecond).toBeCloseTo(777.0, 0);
  expect(found.highPerSecond!).toBeGreaterThan(1200);
});

test("equal repeats leave the width of the search", () => {
  const found = repeatedMaximum([bracket(1000, 1030), bracket(1000, 1030)]);
  expect(found.lowPerSecond).toBeCloseTo(1000, 6);
  expect(found.highPerSecond).toBeCloseTo(1030, 6);
});

test("one repeat has no interval, and a bound has no upper end", () => {
  expect(repeatedMaximum([bracket(500, 510)])).toEqual({
    maximumPerSecond: expect.closeTo(500, 6),
    lowPerSecond: undefined,
    highPerSecond: undefined,
  });
  const { lowPerSecond, highPerSecond } = repeatedMaximum([bracket(500), bracket(510, 520)]);
  expect([lowPerSecond === undefined, highPerSecond]).toEqual([false, undefined]);
});

test.each([0, REPEATS_MAX + 1])("refuses %i repeats", (count) => {
  expect(() => repeatedMaximum(Array.from({ length: count }, () => bracket(1)))).toThrow(
    RangeError,
  );
});
