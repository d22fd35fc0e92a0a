import { type Design, permutationTest, smallestP, type TwoSides } from "./permutation-test.ts";

export const comparisonVerdicts = ["improved", "same", "regressed", "undecided"] as const;
export type ComparisonVerdict = (typeof comparisonVerdicts)[number];

/** A figure that is compared, and how much of a difference matters. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly better: "more" | "less";
  /**
   * `ratio`: the effect is a ratio, of geometric means; all values are above zero. `share`: the values
   * are shares from 0 to 1, and the effect is their difference.
   */
  readonly scale: "ratio" | "share";
  /** The least effect that counts: 0.05 is 5 % of a ratio, or 5 points of a share. */
  readonly effectMin: number;
  /** The sides are the same if the effect certainly lies within this; default and minimum: `effectMin`. */
  readonly sameWithin?: number;
}

/** One value a run. All metrics of a comparison list the runs in the same order. */
export interface MetricRuns {
  readonly metric: Metric;
  readonly base: readonly number[];
  readonly current: readonly number[];
}

export interface MetricComparison {
  readonly metric: Metric;
  /** Over the runs: of a ratio the geometric mean, of a share the plain one. */
  readonly baseMean: number;
  readonly currentMean: number;
  /** Ratio: the current mean over the base's, minus 1. Share: the current mean minus the base's. */
  readonly effect: number;
  /** Confidence interval of the effect at level 1 - alpha, for this metric alone; null: unbounded. */
  readonly effectLow: number | null;
  readonly effectHigh: number | null;
  /** p-value, adjusted for all metrics of the comparison. */
  readonly p: number;
  readonly verdict: ComparisonVerdict;
}

export interface Judgement {
  readonly design: Design;
  readonly runs: { readonly base: number; readonly current: number };
  /** The probability that any metric of two alike sides is called improved or regressed. */
  readonly alpha: number;
  readonly verdict: ComparisonVerdict;
  readonly metrics: readonly MetricComparison[];
  /** Warnings for the reader, one sentence each. */
  readonly notes: readonly string[];
}

export interface JudgeSettings {
  readonly design: Design;
  readonly alpha: number;
  readonly seed: number;
}

/**
 * A metric has improved or regressed when the permutation test says so at `alpha` for all metrics
 * together *and* the effect is at least the metric's `effectMin`. It is the same when the whole
 * interval lies within `sameWithin`. Otherwise it is undecided, and more runs would help. `effects` is
 * the test of `testedSides`, if it was done elsewhere.
 */
export function judge(
  metrics: readonly MetricRuns[],
  settings: JudgeSettings,
  effects = permutationTest(testedSides(metrics), settings.design, settings),
): Judgement {
  const { design, alpha } = settings;
  const runs = {
    base: metrics[0]?.base.length ?? 0,
    current: metrics[0]?.current.length ?? 0,
  };
  const compared = metrics.map(({ metric, base, current }, index): MetricComparison => {
    const { estimate, low, high, p } = effects[index];
    const effect = offScale(metric, estimate);
    const [effectLow, effectHigh] = [offScale(metric, low), offScale(metric, high)];
    return {
      metric,
      baseMean: meanOf(metric, base),
      currentMean: meanOf(metric, current),
      ...{ effect, p },
      effectLow: Number.isFinite(low) ? effectLow : null,
      effectHigh: Number.isFinite(high) ? effectHigh : null,
      verdict: verdictOf(metric, { effect, low: effectLow, high: effectHigh, isFound: p <= alpha }),
    };
  });
  return {
    ...{ design, runs, alpha },
    verdict: overall(compared.map(({ verdict }) => verdict)),
    metrics: compared,
    notes: notesOf(design, runs, alpha),
  };
}

/** The values on the scales of their metrics, for the permutation test. */
export function testedSides(metrics: readonly MetricRuns[]): readonly TwoSides[] {
  return metrics.map(({ metric, base, current }) => ({
    base: base.map((value) => onScale(metric, value)),
    current: current.map((value) => onScale(metric, value)),
  }));
}

interface Found {
  readonly effect: number;
  readonly low: number;
  readonly high: number;
  readonly isFound: boolean;
}

function verdictOf(
  { better, effectMin, sameWithin = effectMin, scale }: Metric,
  { effect, low, high, isFound }: Found,
): ComparisonVerdict {
  // The loss that mirrors a gain: on a ratio's scale 1 / 1.25 is as far from 1 as 1.25.
  const asMuchLess = (more: number): number => (scale === "ratio" ? 1 / (1 + more) - 1 : -more);
  if (isFound && (effect >= effectMin || effect <= asMuchLess(effectMin))) {
    return effect > 0 === (better === "more") ? "improved" : "regressed";
  }
  return low > asMuchLess(sameWithin) && high < sameWithin ? "same" : "undecided";
}

function overall(verdicts: readonly ComparisonVerdict[]): ComparisonVerdict {
  const order: readonly ComparisonVerdict[] = ["regressed", "undecided", "improved"];
  if (verdicts.length === 0) return "undecided";
  return order.find((verdict) => verdicts.includes(verdict)) ?? "same";
}

function notesOf(
  design: Design,
  { base, current }: Judgement["runs"],
  alpha: number,
): readonly string[] {
  if (smallestP(design, base, current) <= alpha) return [];
  if (base <= 1 || current <= 1) {
    return ["One run a side cannot tell a change from the noise of the machine: make several."];
  }
  const needed = runsNeeded(design, alpha);
  return [
    `${base} and ${current} runs cannot show a change at the ${shortPercent(alpha)} level: ` +
      `make ${needed} a side, or give a larger --alpha.`,
  ];
}

/** Runs a side, when both sides have the same number. */
export function runsNeeded(design: Design, alpha: number): number {
  let runs = 2;
  while (smallestP(design, runs, runs) > alpha) runs += 1;
  return runs;
}

export function shortPercent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

/** The mean that the effect is about: the permutation test compares means on the metric's scale. */
function meanOf(metric: Metric, values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + onScale(metric, value), 0) / values.length;
  return metric.scale === "share" ? mean : Math.exp(mean);
}

function onScale({ scale, name }: Metric, value: number): number {
  if (scale === "share") return value;
  if (value > 0) return Math.log(value);
  throw new RangeError(`${name}: a ratio of ${value} says nothing`);
}

function offScale({ scale }: Metric, effect: number): number {
  return scale === "share" ? effect : Math.expm1(effect);
}
