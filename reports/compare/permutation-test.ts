import { Prng } from "../../base/prng.ts";

/**
 * How the runs of two sides belong together. `pairs`: run k of one side was made beside run k of the
 * other, so the same things disturbed both, and only their difference counts. `groups`: the runs are
 * independent.
 */
export type Design = "pairs" | "groups";

/** Measured values of one metric, on an additive scale. */
export interface TwoSides {
  readonly base: readonly number[];
  readonly current: readonly number[];
}

export interface Effect {
  /** Mean of the current side minus mean of the base. */
  readonly estimate: number;
  /**
   * The interval of all shifts that the test does not reject, for this metric alone; infinite with
   * too few runs to reject any.
   */
  readonly low: number;
  readonly high: number;
  /** Two-sided p-value, adjusted for all metrics that were tested together. */
  readonly p: number;
}

/** Up to this number all relabellings are listed; beyond, so many are drawn at random. */
export const relabellingsMax = 40_000;
/** Sums of the same numbers in another order differ by rounding. */
const ROUNDING = 1e-9;

/**
 * Exact permutation tests of several metrics of the same runs (Fisher; Westfall and Young's single-step
 * max-T for the family). If the sides do not differ, every relabelling of the runs (within each
 * pair, for pairs) was as likely as the real one. `p` is the share of relabellings in which *any*
 * metric differs as much as this one did. So the probability that any `p` is `alpha` or less is at
 * most `alpha`, whatever the distribution, the number of metrics and their correlation. `seed` draws
 * the relabellings if there are too many to list.
 */
export function permutationTest(
  metrics: readonly TwoSides[],
  design: Design,
  level: TestLevel,
): readonly Effect[] {
  return metrics.length === 0 ? [] : joinParts([testPart({ metrics, design, ...level })]);
}

export interface TestLevel {
  readonly alpha: number;
  readonly seed: number;
}

/** The result for some of the metrics. Other threads may test the rest. */
export interface TestPart {
  readonly effects: readonly (Omit<Effect, "p"> & { readonly scaled: number })[];
  /** By relabelling: the largest difference of any metric. */
  readonly largest: Float64Array;
}

/** A part of `permutationTest`, of at least one metric. */
export function testPart({
  metrics,
  design,
  alpha,
  seed,
}: TestLevel & { readonly metrics: readonly TwoSides[]; readonly design: Design }): TestPart {
  const { base, current } = metrics[0];
  for (const sides of metrics) {
    if (sides.base.length !== base.length || sides.current.length !== current.length) {
      throw new RangeError("metrics that are tested together come from the same runs");
    }
  }
  if (design === "pairs" && base.length !== current.length) {
    throw new RangeError(`${base.length} and ${current.length} runs are not pairs`);
  }
  const relabellings = relabellingsOf(design, base.length, current.length, seed);
  const columns = metrics.map((sides) => columnOf(sides, design));
  const shifts = columns.map(({ values }) => relabellings.map((weights) => dot(weights, values)));
  const largest = Float64Array.from(relabellings, (_, index) =>
    Math.max(...columns.map(({ spread }, metric) => scaled(shifts[metric][index], spread))),
  );
  // The effect of shifting the whole current side by one, under each relabelling.
  const unit = relabellings.map((weights) => dot(weights, columns[0].unit));
  const effects = columns.map(({ spread }, metric) => {
    const moved = shifts[metric];
    const estimate = moved[0];
    const high = highest(moved, unit, alpha);
    const low = -highest(
      moved.map((shift) => -shift),
      unit,
      alpha,
    );
    return { estimate, low, high, scaled: scaled(estimate, spread) };
  });
  return { effects, largest };
}

/** The effects of all metrics, in the order of the parts, which come from the same runs, level and seed. */
export function joinParts(parts: readonly TestPart[]): readonly Effect[] {
  const largest = parts
    .map((part) => part.largest)
    .reduce((all, one) => all.map((value, index) => Math.max(value, one[index])));
  return parts
    .flatMap(({ effects }) => effects)
    .map(({ scaled: found, ...effect }) => {
      const asLarge = largest.filter((value) => value >= found - ROUNDING).length;
      return { ...effect, p: asLarge / largest.length };
    });
}

/** The smallest p that so many runs can give. Above alpha, no verdict is possible. */
export function smallestP(design: Design, base: number, current: number): number {
  if (base === 0 || current === 0) return 1;
  if (design === "pairs") return Math.min(1, 2 / 2 ** base);
  // With sides of one size the relabelling that swaps them differs as much as the runs do.
  return (base === current ? 2 : 1) / choose(base + current, current);
}

interface Column {
  readonly values: readonly number[];
  /** How much each of `values` grows if the current side grows by 1. */
  readonly unit: readonly number[];
  /** The same under every relabelling, so that effects of several metrics can be laid side by side. */
  readonly spread: number;
}

function columnOf({ base, current }: TwoSides, design: Design): Column {
  if (design === "pairs") {
    const values = current.map((value, index) => value - base[index]);
    return { values, unit: values.map(() => 1), spread: Math.hypot(...values) };
  }
  const all = [...base, ...current];
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const values = all.map((value) => value - mean);
  return {
    values,
    unit: all.map((_, index) => (index < base.length ? 0 : 1)),
    spread: Math.hypot(...values),
  };
}

function scaled(shift: number, spread: number): number {
  return spread === 0 ? 0 : Math.abs(shift) / spread;
}

/**
 * The largest shift that is not rejected. For a shift, the difference of a relabelling is
 * `|moved - shift * unit|`, that of the real labels is `|moved[0] - shift|`. Above the estimate, the
 * former is at least as large up to a limit that can be solved for. So the p of a shift is the
 * share of limits above it.
 */
function highest(moved: readonly number[], unit: readonly number[], alpha: number): number {
  const estimate = moved[0];
  const limits = moved.map((shift, index) => {
    const slope = unit[index];
    const up = slope > -1 + ROUNDING ? (shift + estimate) / (1 + slope) : Number.POSITIVE_INFINITY;
    const down = slope < 1 - ROUNDING ? (estimate - shift) / (1 - slope) : Number.POSITIVE_INFINITY;
    return Math.max(up, down);
  });
  // Typed arrays sort numbers without a call for each comparison.
  const rising = Float64Array.from(limits).sort();
  return rising[moved.length - 1 - Math.floor(alpha * moved.length + ROUNDING)];
}

/**
 * The weights of the values under each relabelling, the real one first. The dot product with the
 * values is the difference of the means.
 */
function relabellingsOf(
  design: Design,
  base: number,
  current: number,
  seed: number,
): readonly Float64Array[] {
  if (design === "pairs") {
    return 2 ** base <= relabellingsMax
      ? Array.from({ length: 2 ** base }, (_, bits) => signs(base, (pair) => (bits >>> pair) & 1))
      : drawn(
          seed,
          (prng) => signs(base, () => prng.nextUInt32() >>> 31),
          signs(base, () => 0),
        );
  }
  const all = base + current;
  const weightsOf = (chosen: readonly number[]): Float64Array => {
    const weights = new Float64Array(all).fill(-1 / base);
    for (const index of chosen) weights[index] = 1 / current;
    return weights;
  };
  const measured = Array.from({ length: current }, (_, index) => base + index);
  if (choose(all, current) > relabellingsMax) {
    const draw = (prng: Prng): Float64Array => weightsOf(someOf(all, current, prng));
    return drawn(seed, draw, weightsOf(measured));
  }
  const choices = [...subsets(all, current)];
  const isMeasured = (choice: readonly number[]): boolean => choice[0] >= base;
  return [...choices.filter(isMeasured), ...choices.filter((choice) => !isMeasured(choice))].map(
    weightsOf,
  );
}

/** The real labels, then random ones. With the real ones included, the test stays exact. */
function drawn(
  seed: number,
  draw: (prng: Prng) => Float64Array,
  measured: Float64Array,
): readonly Float64Array[] {
  const prng = new Prng(seed, 0);
  return [measured, ...Array.from({ length: relabellingsMax - 1 }, () => draw(prng))];
}

function signs(pairs: number, isSwapped: (pair: number) => number): Float64Array {
  const weights = new Float64Array(pairs);
  for (let pair = 0; pair < pairs; pair += 1) weights[pair] = (isSwapped(pair) ? -1 : 1) / pairs;
  return weights;
}

function dot(weights: Float64Array, values: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < weights.length; index += 1) sum += weights[index] * values[index];
  return sum;
}

export function choose(all: number, some: number): number {
  let ways = 1;
  for (let index = 1; index <= some; index += 1) ways = (ways * (all - some + index)) / index;
  return Math.round(ways);
}

/** `some` of the numbers 0..all-1, without order, each such set as likely as any other. */
function someOf(all: number, some: number, prng: Prng): readonly number[] {
  const numbers = Array.from({ length: all }, (_, index) => index);
  for (let index = 0; index < some; index += 1) {
    const other = index + prng.nextBelow(all - index);
    [numbers[index], numbers[other]] = [numbers[other], numbers[index]];
  }
  return numbers.slice(0, some);
}

/** All sets of `some` of the numbers 0..all-1, each in rising order. */
function* subsets(all: number, some: number, from = 0): Generator<readonly number[]> {
  if (some === 0) {
    yield [];
    return;
  }
  for (let first = from; first <= all - some; first += 1) {
    for (const rest of subsets(all, some - 1, first + 1)) yield [first, ...rest];
  }
}
