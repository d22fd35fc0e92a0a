import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { judge, type Metric, runsNeeded } from "./judge.ts";
import { noiseModels, takeTurns } from "./noise.testing.ts";

const cpu: Metric = {
  name: "cpu",
  unit: "µs",
  better: "less",
  scale: "ratio",
  effectMin: 0.025,
};
const rate: Metric = { ...cpu, name: "rate", unit: "/s", better: "more" };
const lost: Metric = { ...cpu, name: "lost", unit: "", scale: "share", effectMin: 0.001 };
const settings = { design: "groups", alpha: 0.01, seed: 1 } as const;
const around = (value: number) => [0.99, 1.001, 1.01, 0.995, 1.003].map((near) => near * value);

describe("verdicts", () => {
  test.each([
    [cpu, 100, 110, "regressed"],
    [cpu, 100, 90, "improved"],
    [rate, 100, 90, "regressed"],
    [rate, 100, 110, "improved"],
    [lost, 0.01, 0.05, "regressed"],
    [lost, 0.0001, 0.0001, "same"],
    [cpu, 100, 100, "same"],
    // Found, but too little to count, and too much to be called the same.
    [{ ...cpu, effectMin: 0.04 }, 100, 103.9, "undecided"],
    // What is called the same may be wider than what is called a change.
    [{ ...cpu, effectMin: 0.03, sameWithin: 0.06 }, 100, 101.5, "same"],
    [{ ...cpu, effectMin: 0.03, sameWithin: 0.06 }, 100, 103.9, "regressed"],
  ] as const)("%o: %d to %d is %s", (metric, base, current, verdict) => {
    const runs = { metric, base: around(base), current: around(current) };
    const judgement = judge([runs], settings);
    expect(judgement.metrics[0].verdict).toBe(verdict);
    expect(judgement.verdict).toBe(verdict);
    expect(judgement.notes).toEqual([]);
  });

  test("the effect is the ratio, with its interval around it", () => {
    const { metrics } = judge([{ metric: cpu, base: around(100), current: around(110) }], settings);
    const { effect, effectLow, effectHigh, p, baseMean, currentMean } = metrics[0];
    expect(effect).toBeCloseTo(0.1, 10);
    expect(effectLow! < 0.1 && 0.1 < effectHigh!).toBe(true);
    expect(p).toBe(2 / 252);
    expect(currentMean / baseMean - 1).toBeCloseTo(effect, 10);
    expect(baseMean).toBeCloseTo(99.97765, 4);
  });

  test("one run far from the others moves the figures as it moves the effect", () => {
    const base = [5, 5.1, 5.083, 5.2, 5.05];
    const runs = { metric: cpu, base, current: [5.2, 5.3, 5.255, 5.1, 60] };
    const [{ effect, baseMean, currentMean }] = judge([runs], settings).metrics;
    expect(effect).toBeGreaterThan(0.5);
    expect(currentMean / baseMean - 1).toBeCloseTo(effect, 10);
  });

  test("the effect on a share is the difference of the plain means", () => {
    const runs = { metric: lost, base: [0, 0.1, 0.2, 0, 0], current: [0.2, 0.3, 0.1, 0.4, 0] };
    const [{ effect, baseMean, currentMean }] = judge([runs], settings).metrics;
    expect([baseMean, currentMean, effect].map((each) => each.toFixed(3))).toEqual([
      "0.060",
      "0.200",
      "0.140",
    ]);
  });

  test("one regressed metric decides, then one undecided", () => {
    const same = { metric: cpu, base: around(100), current: around(100) };
    const worse = { metric: rate, base: around(100), current: around(50) };
    const unclear = { metric: lost, base: [0, 0, 0, 0, 0.5], current: [0, 0.5, 0, 0, 0] };
    expect(judge([same, worse, unclear], settings).verdict).toBe("regressed");
    expect(judge([same, unclear], settings).verdict).toBe("undecided");
    expect(judge([], settings).verdict).toBe("undecided");
  });

  test("too few runs decide nothing, and the notes say how many would", () => {
    const runs = (count: number) => ({
      metric: cpu,
      base: around(100).slice(0, count),
      current: around(200).slice(0, count),
    });
    const single = judge([runs(1)], settings);
    expect(single.verdict).toBe("undecided");
    expect(single.metrics[0]).toMatchObject({ effectLow: null, effectHigh: null, p: 1 });
    expect(single.notes[0]).toMatch("One run a side cannot tell");
    expect(judge([runs(4)], settings).notes[0]).toMatch("make 5 a side");
    expect(runsNeeded("pairs", 0.01)).toBe(8);
  });

  test("a ratio of nothing is a mistake of the caller", () => {
    expect(() => judge([{ metric: cpu, base: [0], current: [1] }], settings)).toThrow(RangeError);
  });
});

/** Above which a count of `tries` events of probability `alpha` is once in a million tests. */
function tooMany(tries: number, alpha: number): number {
  return tries * alpha + 4.9 * Math.sqrt(tries * alpha * (1 - alpha)) + 1;
}

// What a comparison is for: alike sides pass, on whatever machine, and a slower one does not.
describe.each(noiseModels)("on a machine that is $name", (model) => {
  const seed = 20_260_101;
  // No least effect: the rate of false alarms of the test itself, not of what hides it.
  const bare = [cpu, rate, lost].map((metric) => ({
    ...metric,
    effectMin: 0,
    scale: "ratio" as const,
  }));

  test.each([
    ["pairs", 8, 600],
    ["groups", 5, 600],
  ] as const)("%s: alike sides differ no more often than stated", (design, runs, tries) => {
    const prng = new Prng(seed, runs);
    const alpha = 0.05;
    let alarms = 0;
    for (let index = 0; index < tries; index += 1) {
      const sides = bare.map((metric) => ({ metric, ...takeTurns(model, runs, 0, prng) }));
      const { metrics } = judge(sides, { design, alpha, seed: index });
      const isAlarm = metrics.some(({ p }) => p <= alpha);
      if (isAlarm) alarms += 1;
    }
    expect(alarms, `seed ${seed}`).toBeLessThanOrEqual(tooMany(tries, alpha));
  });
});

test.each(noiseModels.filter(({ name }) => name === "normal" || name.startsWith("drifting")))(
  "on a machine that is $name 5 % more is found in 95 % of the tries with 14 pairs",
  (model) => {
    const seed = 20_260_102;
    const prng = new Prng(seed, 0);
    const tries = 20;
    let found = 0;
    for (let index = 0; index < tries; index += 1) {
      const sides = takeTurns(model, 14, 0.05, prng);
      const pairs = { ...settings, design: "pairs", seed: index } as const;
      if (judge([{ metric: cpu, ...sides }], pairs).verdict === "regressed") found += 1;
    }
    expect(found / tries, `seed ${seed}`).toBeGreaterThanOrEqual(0.95);
  },
);
