import { describe, expect, test } from "vitest";
import { median } from "./median.ts";

describe("the median", () => {
  test.each([
    [[], undefined],
    [[7], 7],
    [[9, 1], 5],
    [[100, 1, 20], 20],
    [[4, 1, 3, 2], 2.5],
  ])("of %j is %s", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  test("leaves its argument in order", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});
