import { expect, test } from "vitest";
import { RateSearch, type TrialVerdict } from "../../simulator/capacity/rate-search.ts";
import { knowledgeOf, type RateTrial } from "./rate-result.ts";

const verdicts: Readonly<Record<string, TrialVerdict>> = {
  k: "kept",
  m: "missed",
  g: "generator-limited",
};

function trialsOf(text: string): readonly RateTrial[] {
  return text
    .split(" ")
    .filter(Boolean)
    .map((part) => ({ ratePerSecond: Number(part.slice(1)), verdict: verdicts[part[0]] }));
}

test.each([
  ["k100 m200 k150 m160", 150, "found", "found"],
  ["k100 m200 k150 g160", 150, "generator", "bound"],
  // Out of trials: whoever missed the lowest rate above the maximum decides.
  ["k100 m200 g150", 100, "trials", "bound"],
  ["k100 g200 m150", 100, "trials", "found"],
  ["k100 k200", 200, "rate-max", "bound"],
  ["k100 k200", 200, "trials", "found"],
  ["m200 m100 m50", undefined, "rate-min", "found"],
  ["m200 g100", undefined, "trials", "unknown"],
  ["g200 m100", undefined, "trials", "found"],
  ["g200 g100", undefined, "generator", "unknown"],
  ["", undefined, "rate-max", "unknown"],
] as const)("%j, at most %s, ended by %s: %s", (text, maximumPerSecond, end, knowledge) => {
  expect(knowledgeOf({ maximumPerSecond, end, trials: trialsOf(text) })).toBe(knowledge);
});

test("a search that the generator limits at every rate publishes nothing", () => {
  const search = new RateSearch({
    ...{ firstRate: 8000, rateMin: 50, rateMax: 100_000 },
    ...{ growth: 1.5, precision: 1.06, trialsMax: 5 },
  });
  const trials: RateTrial[] = [];
  for (let rate = search.nextRate(); rate !== undefined; rate = search.nextRate()) {
    search.record(rate, "generator-limited");
    trials.push({ ratePerSecond: rate, verdict: "generator-limited" });
  }
  expect(trials).toHaveLength(5);
  const result = { maximumPerSecond: search.maximum, end: search.end!, trials };
  expect(knowledgeOf(result)).toBe("unknown");
});
