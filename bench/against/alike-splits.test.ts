import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import type { Metric, MetricRuns } from "../../reports/compare/judge.ts";
import { noiseModels } from "../../reports/compare/noise.testing.ts";
import { alikeTable, binomialLimit, compareAlike } from "./alike-splits.ts";

const metric: Metric = {
  ...{ name: "cpu", unit: "µs", better: "less", scale: "ratio", effectMin: 0.05 },
};
const groups = { design: "groups", runs: 5, comparisons: 200, alpha: 0.01, seed: 7 } as const;
const pairs = { ...groups, design: "pairs", runs: 8 } as const;

function runsOf(values: readonly number[]): readonly MetricRuns[] {
  return [{ metric, base: values, current: [] }];
}

describe.each(noiseModels)("24 runs on a machine that is $name", ({ draw }) => {
  const noise = draw(24, new Prng(20_260_103, 0));
  const runs = runsOf(noise.map((value) => Math.exp(value)));

  test.each([groups, pairs])("$design: no more is found than the level allows", (plan) => {
    const { found, foundMax, verdicts } = compareAlike({ metrics: runs, plan });
    expect(found).toBeLessThanOrEqual(foundMax);
    expect(Object.values(verdicts).reduce((sum, count) => sum + count)).toBe(plan.comparisons);
  });
});

test("runs that are not alike are found: every second one is twice as much, pair by pair", () => {
  // The sides of a pair are dealt at random, so that even these alarms keep to the level ...
  const uneven = runsOf(Array.from({ length: 24 }, (_, run) => 100 + (run % 2) * 100));
  expect(compareAlike({ metrics: uneven, plan: pairs }).found).toBeLessThanOrEqual(8);
  // ... and a level that is not kept shows: at 50 % half of them are found.
  const { found } = compareAlike({ metrics: uneven, plan: { ...pairs, alpha: 0.5 } });
  expect(found).toBeGreaterThan(50);
});

test("too few runs are refused", () => {
  expect(() => compareAlike({ metrics: runsOf([1, 2, 3]), plan: groups })).toThrow(
    "3 runs are too few",
  );
});

// As exact sums of the binomial distribution give them.
test.each([
  [200, 0.01, 0.001, 8],
  [200, 0.01, 0.05, 5],
  [10, 0.5, 0.011, 8],
  [10, 0.5, 0.01, 9],
  [5, 0.5, 0, 5],
])(
  "of %i events of probability %f more than … with at most %f: %i",
  (tries, share, chance, limit) => {
    expect(binomialLimit(tries, share, chance)).toBe(limit);
  },
);

test("the table", () => {
  const verdicts = { improved: 1, same: 150, regressed: 0, undecided: 49 };
  expect(alikeTable([{ plan: pairs, verdicts, found: 2, foundMax: 8 }])).toContain(
    "| 8 pairs | 200 | 1 | 150 | 0 | 49 | 2 (limit 8) |",
  );
});
