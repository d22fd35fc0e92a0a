import { expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { normal } from "../../reports/compare/noise.testing.ts";
import {
  type Block,
  isBalanced,
  isClear,
  lookAt,
  lookPlan,
  startsWithCurrent,
} from "./comparison-looks.ts";
import type { BlockFigures } from "./paired-block.ts";

const seed = 20_260_103;

/** Figures whose logarithm differs between the sides of a block by about `spread`. */
function blocksOf(count: number, slowdown: number, spread: number, prng: Prng): readonly Block[] {
  const figures = (factor: number): BlockFigures => {
    const noisy = (value: number): number => value * Math.exp((spread / Math.SQRT2) * normal(prng));
    return {
      cpuMicrosPerTransaction: noisy(40 * factor),
      servingMicrosPerTransaction: noisy(32 * factor),
      completedPerSecond: noisy(20_000 / factor),
      latencyMsP50: noisy(12 * factor),
      latencyMsP99: noisy(40 * factor),
      residentMiBMax: noisy(105),
      completed: 80_000,
    };
  };
  return Array.from({ length: count }, () => ({
    base: figures(1),
    current: figures(1 + slowdown),
  }));
}

/** What a series ends with. */
function verdictOf(slowdown: number, spread: number, prng: Prng): string {
  const all = blocksOf(lookPlan.blocks.at(-1)!, slowdown, spread, prng);
  const looks = lookPlan.blocks.map((count) => lookAt(all.slice(0, count), seed));
  return (looks.find(isClear) ?? looks.at(-1)!).verdict;
}

test("alike servers raise no false alarm, looked at twice", () => {
  const prng = new Prng(seed, 0);
  const verdicts = Array.from({ length: 30 }, () => verdictOf(0, 0.03, prng));
  // Of 30 at 1 % four and more are once in four thousand times.
  const alarms = verdicts.filter((verdict) => verdict === "regressed" || verdict === "improved");
  expect(alarms.length, `seed ${seed}`).toBeLessThan(4);
});

test("5 % more processor time is found where blocks differ by 2.5 %", () => {
  const prng = new Prng(seed, 1);
  const verdicts = Array.from({ length: 20 }, () => verdictOf(0.05, 0.025, prng));
  const found = verdicts.filter((verdict) => verdict === "regressed").length;
  expect(found, `seed ${seed}`).toBeGreaterThanOrEqual(19);
});

test("the first look can find something: half of alpha is more than its smallest p", () => {
  const [first] = lookPlan.blocks;
  const { notes } = lookAt(blocksOf(first!, 0, 0.01, new Prng(seed, 2)), seed);
  expect(notes).toEqual([]);
});

test("after every number of blocks that a series may end with, each has started first as often", () => {
  const firsts = (blocks: number): number =>
    Array.from({ length: blocks }, (_, block) => startsWithCurrent(block)).filter(Boolean).length;
  const balanced = Array.from({ length: 20 }, (_, blocks) => blocks).filter(isBalanced);
  expect(balanced).toHaveLength(10);
  for (const blocks of [...balanced, ...lookPlan.blocks]) expect(firsts(blocks)).toBe(blocks / 2);
});

test("A B B A", () => {
  expect(Array.from({ length: 8 }, (_, block) => startsWithCurrent(block))).toEqual([
    ...[false, true, true, false],
    ...[false, true, true, false],
  ]);
});
