import { describe, expect, test } from "vitest";
import { closestWord, didYouMean } from "./closest-word.ts";

const verbs = ["discover", "renew", "rebind", "reboot", "release"];

describe("didYouMean", () => {
  test.each([
    ["discver", "discover"],
    ["rnew", "renew"],
    ["rboeot", "reboot"],
    ["RENEW", "renew"],
    ["inform", undefined],
    ["", undefined],
  ])("%j: %s", (written, expected) => {
    expect(didYouMean(written, verbs)).toBe(expected);
  });
});

test("two letters that changed places are one slip", () => {
  expect(closestWord("rneew", verbs, { min: 1, max: 1 })).toBe("renew");
});

test("the limits hold, and so does the number of candidates", () => {
  expect(closestWord("renew", verbs, { min: 1, max: 3 })).toBeUndefined();
  const many = function* (): Generator<string> {
    for (;;) yield "nothing-like-it";
  };
  expect(closestWord("renew", many(), { min: 0, max: 2 })).toBeUndefined();
});
