import { expect, test } from "vitest";
import { contenders } from "../contenders/contenders.ts";
import { suites } from "../suites/suites.ts";
import { fullPlan, quickPlan } from "./bench-plan.ts";
import { expectedMinutes } from "./expected-time.ts";

const plan = { ...fullPlan, rounds: 3, suiteMsMax: 600_000 };

test("a suite takes all turns of all rounds, but never more than the plan lets it", () => {
  const suite = { turnMs: (_: unknown, { id }: { readonly id: string }) => id.length * 1000 };
  const two = contenders.slice(0, 2);
  const seconds = two.reduce((sum, { id }) => sum + id.length, 0);
  expect(expectedMinutes(plan, suite, two)).toBeCloseTo((3 * seconds) / 60);
  const once = { ...suite, takesOneRound: () => true };
  expect(expectedMinutes(plan, once, two)).toBeCloseTo(seconds / 60);
  expect(expectedMinutes(plan, { turnMs: () => 1e9 }, two)).toBe(10);
});

test.each(suites.map((suite) => [suite.id, suite] as const))(
  "%s is quicker when it shall be quick",
  (_, suite) => {
    const minutes = expectedMinutes(fullPlan, suite, suite.contenders);
    expect(minutes).toBeGreaterThan(expectedMinutes(quickPlan, suite, suite.contenders));
    expect(minutes).toBeLessThanOrEqual(30);
  },
);

test("the suites that are compared again and again fit into fifty minutes", () => {
  const often = ["rate", "docsis", "latency", "cold", "memory", "restart", "flood"];
  const minutes = suites
    .filter(({ id }) => often.includes(id))
    .map((suite) => expectedMinutes(fullPlan, suite, suite.contenders));
  expect(minutes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(50);
});
