import { describe, expect, test } from "vitest";
import { describeMemory, judgeMemory } from "./memory-watch.ts";

const count = 40;
const series = (size: (index: number) => number): readonly number[] =>
  Array.from({ length: count }, (_, index) => size(index));

describe("memory is flat", () => {
  test.each([
    ["when nothing changes", series(() => 50)],
    ["after a warm-up", series((index) => Math.min(50, index * 6))],
    ["with a sawtooth of a garbage collector", series((index) => 50 + (index % 5) * 4)],
    ["with one spike at the end", series((index) => (index === count - 1 ? 300 : 50))],
    ["when it shrinks", series((index) => 90 - index)],
  ])("%s", (_, samples) => {
    expect(judgeMemory(samples, 2).isFlat).toBe(true);
  });
});

describe("memory grows", () => {
  test.each([
    ["by a steady leak", series((index) => 50 + index * 0.2)],
    ["by a step that stays", series((index) => (index < 25 ? 50 : 60))],
  ])("%s", (_, samples) => {
    const verdict = judgeMemory(samples, 2);
    expect(verdict.isFlat).toBe(false);
    expect(describeMemory(verdict)).toContain("GROWS");
  });
});

test("a handful of samples says nothing", () => {
  const verdict = judgeMemory([1, 100, 200], 2);
  expect(verdict).toEqual({ before: undefined, after: undefined, isFlat: true });
  expect(describeMemory(verdict)).toContain("too few");
});
