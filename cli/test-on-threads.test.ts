import { expect, test } from "vitest";
import { Prng } from "../base/prng.ts";
import { judge, type MetricRuns } from "../reports/compare/judge.ts";
import { testOnThreads } from "./test-on-threads.ts";

const settings = { design: "groups", alpha: 0.01, seed: 5 } as const;

/** So many metrics of as many runs a side; the current side of the second is dearer by half. */
function metricsOf(count: number, runs: number): readonly MetricRuns[] {
  const prng = new Prng(17, 0);
  const values = (factor: number): number[] =>
    Array.from({ length: runs }, () => factor * (100 + prng.nextBelow(20)));
  return Array.from({ length: count }, (_, index) => ({
    metric: { name: `m${index}`, unit: "µs", better: "less", scale: "ratio", effectMin: 0.05 },
    base: values(1),
    current: values(index === 1 ? 1.5 : 1),
  }));
}

test.each([
  ["few values, on this thread", 3, 8],
  ["many values, on several threads", 67, 8],
])("%s: the judgement is that of one test of all metrics", async (_name, count, runs) => {
  const metrics = metricsOf(count, runs);
  const judgement = judge(metrics, settings, await testOnThreads(metrics, settings));
  expect(judgement).toEqual(judge(metrics, settings));
  expect(judgement.metrics[1].verdict).toBe("regressed");
});

test("nothing to compare has no effects", async () => {
  expect(await testOnThreads([], settings)).toEqual([]);
});
