import { expect, test } from "vitest";
import type { TrialVerdict } from "../../simulator/capacity/rate-search.ts";
import type { TrialResult } from "../../simulator/capacity/trial.ts";
import { inGroups, isRisingOver, risingResultOf } from "./rising-rates.ts";

const verdicts: Readonly<Record<string, TrialVerdict>> = {
  k: "kept",
  m: "missed",
  g: "generator-limited",
};

/** A trial for each letter, at 100/s, 200/s, 300/s, ... */
function trialsOf(letters: string): readonly TrialResult[] {
  return Array.from(letters, (letter, index) => ({
    exchange: "renew",
    ratePerSecond: 100 * (index + 1),
    offered: 0,
    answered: 0,
    unansweredShare: 0,
    latencyMsP50: 0,
    latencyMsP99: 0,
    latencyMsP999: 0,
    latencyMsMax: 0,
    slipMsP99: 0,
    generatorCpuPercent: 0,
    generatorStarvedPercent: 0,
    verdict: verdicts[letter],
    problems: [],
  }));
}

test.each([
  ["kkm", 200, "found"],
  ["kkmk", 200, "found"],
  ["kmgg", 100, "found"],
  ["kgkm", 300, "found"],
  ["kkgm", 200, "generator"],
  ["kkg", 200, "generator"],
  ["kk", 200, "rate-max"],
  ["mk", undefined, "rate-min"],
  ["gg", undefined, "generator"],
  ["gm", undefined, "generator"],
  ["", undefined, "rate-max"],
])("rising rates with the verdicts %j keep %s (%s)", (letters, maximum, end) => {
  const { maximumPerSecond, end: actualEnd } = risingResultOf(trialsOf(letters));
  expect([maximumPerSecond, actualEnd]).toEqual([maximum, end]);
});

test.each([
  ["kkkk", false],
  ["kgkk", false],
  ["kmkk", true],
  ["kkkm", true],
  ["kkgg", true],
  ["kkkg", true],
])("after %s the search is over: %s", (letters, isOver) => {
  expect(isRisingOver(trialsOf(letters))).toBe(isOver);
});

test("groups hold every value once, in order", () => {
  expect(inGroups([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(inGroups([], 2)).toEqual([]);
});
