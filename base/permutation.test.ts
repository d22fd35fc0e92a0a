import { describe, expect, test } from "vitest";
import { Permutation } from "./permutation.ts";

function orderOf(size: number, seed: number): number[] {
  const permutation = new Permutation(size, seed);
  return Array.from({ length: size }, (_, i) => permutation.at(i));
}

describe("Permutation", () => {
  test.each([0, 1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 1000, 4096, 80_000])(
    "of %i elements holds each exactly once",
    (size) => {
      const seen = new Uint8Array(size);
      for (const value of orderOf(size, 11)) seen[value] += 1;
      expect(seen.every((count) => count === 1)).toBe(true);
    },
  );

  test("is the same for the same seed, and another for another", () => {
    expect(orderOf(100, 5)).toEqual(orderOf(100, 5));
    expect(orderOf(100, 5)).not.toEqual(orderOf(100, 6));
  });

  test("leaves no trace of the original order", () => {
    const order = orderOf(10_000, 1);
    const ascending = order.filter((value, i) => i > 0 && value > order[i - 1]).length;
    expect(Math.abs(ascending - 5000)).toBeLessThan(200);
    const inPlace = order.filter((value, i) => value === i).length;
    expect(inPlace).toBeLessThan(10);
  });

  test("reaches 2^31 elements without memory for them", () => {
    const permutation = new Permutation(2 ** 31, 3);
    for (const i of [0, 1, 2 ** 31 - 1]) {
      expect(permutation.at(i)).toBeGreaterThanOrEqual(0);
      expect(permutation.at(i)).toBeLessThan(2 ** 31);
    }
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 31 + 1])("refuses a size of %s", (size) => {
    expect(() => new Permutation(size, 0)).toThrow(RangeError);
  });

  test.each([-1, 10, 0.5, Number.NaN])("refuses position %s of 10", (i) => {
    expect(() => new Permutation(10, 0).at(i)).toThrow(RangeError);
  });
});
