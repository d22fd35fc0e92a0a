import { Prng } from "../../base/prng.ts";
import { comparisonVerdicts, judge, type MetricRuns } from "../../reports/compare/judge.ts";
import type { Design } from "../../reports/compare/permutation-test.ts";
import { markdownTable } from "../../reports/text/markdown-table.ts";

/** How runs of the same program are divided into a base and a current side, again and again. */
export interface SplitPlan {
  readonly design: Design;
  /** On each side. `groups`: any of the runs; `pairs`: runs that were made one after the other. */
  readonly runs: number;
  readonly comparisons: number;
  readonly alpha: number;
  readonly seed: number;
}

export interface SplitTally {
  readonly plan: SplitPlan;
  readonly verdicts: Readonly<Record<(typeof comparisonVerdicts)[number], number>>;
  /** Comparisons in which the test found a difference, whether it was large enough to count or not. */
  readonly found: number;
  /** More than this many would be found once in a thousand campaigns at most, if the level holds. */
  readonly foundMax: number;
}

/** A test at its level finds more than `foundMax` with at most this probability. */
const CHANCE = 0.001;

/**
 * Compares runs of the same program with each other: sides that are dealt at random are alike, so
 * every difference found is a false alarm. `metrics` has all runs, in the order of time, as its base.
 * Throws RangeError when there are too few for two sides.
 */
export function compareAlike({
  metrics,
  plan,
}: {
  readonly metrics: readonly MetricRuns[];
  readonly plan: SplitPlan;
}): SplitTally {
  const prng = new Prng(plan.seed, 0);
  const made = metrics[0]?.base.length ?? 0;
  if (2 * plan.runs > made) {
    throw new RangeError(`${made} runs are too few for two sides of ${plan.runs}`);
  }
  const verdicts = { improved: 0, same: 0, regressed: 0, undecided: 0 };
  let found = 0;
  for (let index = 0; index < plan.comparisons; index += 1) {
    const { base, current } = splits[plan.design](made, plan.runs, prng);
    const sides = metrics.map(({ metric, base: all }) => ({
      metric,
      base: base.map((run) => all[run]),
      current: current.map((run) => all[run]),
    }));
    const judgement = judge(sides, { ...plan, seed: plan.seed + index });
    verdicts[judgement.verdict] += 1;
    if (judgement.metrics.some(({ p }) => p <= plan.alpha)) found += 1;
  }
  return { plan, verdicts, found, foundMax: binomialLimit(plan.comparisons, plan.alpha, CHANCE) };
}

type Split = Readonly<Record<"base" | "current", readonly number[]>>;

const splits: Readonly<Record<Design, (made: number, runs: number, prng: Prng) => Split>> = {
  groups: (made, runs, prng) => {
    const order = shuffled(made, prng);
    return { base: order.slice(0, runs), current: order.slice(runs, 2 * runs) };
  },
  pairs: (made, runs, prng) => {
    const pairs = shuffled(Math.floor(made / 2), prng).slice(0, runs);
    const firsts = pairs.map((pair) => 2 * pair + prng.nextBelow(2));
    // The other run of the pair.
    return { base: firsts, current: firsts.map((run) => run ^ 1) };
  },
};

function shuffled(count: number, prng: Prng): readonly number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let left = count; left > 1; left -= 1) {
    const other = prng.nextBelow(left);
    [order[left - 1], order[other]] = [order[other], order[left - 1]];
  }
  return order;
}

/** The smallest number that `tries` events of probability `share` exceed with at most `chance`. */
export function binomialLimit(tries: number, share: number, chance: number): number {
  let probability = (1 - share) ** tries;
  let beyond = 1 - probability;
  let count = 0;
  while (beyond > chance && count < tries) {
    count += 1;
    probability *= ((tries - count + 1) / count) * (share / (1 - share));
    beyond -= probability;
  }
  return count;
}

export function alikeTable(tallies: readonly SplitTally[]): string {
  const figures = ["comparisons", ...comparisonVerdicts, "a difference found"];
  const rows = tallies.map(({ plan, verdicts, found, foundMax }) => [
    plan.design === "pairs" ? `${plan.runs} pairs` : `${plan.runs} runs a side`,
    ...[plan.comparisons, ...comparisonVerdicts.map((each) => verdicts[each])].map(String),
    `${found} (limit ${foundMax})`,
  ]);
  return markdownTable(
    [["sides", "left"], ...figures.map((head) => [head, "right"] as const)],
    rows,
  );
}
