import type { TrialResult } from "../../simulator/capacity/trial.ts";
import type { RateResult } from "./rate-result.ts";

/**
 * The highest rate kept among rates that were tried in rising order: the last one before the first that
 * was missed. A rate that the generator could not offer says nothing either way; when no rate was missed,
 * the maximum is a lower bound.
 */
export function risingResultOf(trials: readonly TrialResult[]): RateResult {
  const firstMissed = trials.findIndex(({ verdict }) => verdict === "missed");
  const tried = firstMissed < 0 ? trials : trials.slice(0, firstMissed);
  const maximumPerSecond = tried.findLast(({ verdict }) => verdict === "kept")?.ratePerSecond;
  // Between the highest rate kept and the lowest one missed nothing may be unknown.
  const isGenerator = tried.at(-1)?.verdict === "generator-limited";
  if (isGenerator) return { maximumPerSecond, end: "generator", trials };
  if (firstMissed < 0) return { maximumPerSecond, end: "rate-max", trials };
  return { maximumPerSecond, end: maximumPerSecond === undefined ? "rate-min" : "found", trials };
}

/** Whether higher rates would change nothing, or the generator has reached its limit. */
export function isRisingOver(trials: readonly TrialResult[]): boolean {
  return trials.some(({ verdict }) => verdict === "missed") || trials.at(-1)?.verdict !== "kept";
}

/** The values in their order, `size` at a time. */
export function inGroups<Value>(
  values: readonly Value[],
  size: number,
): readonly (readonly Value[])[] {
  const count = Math.ceil(values.length / size);
  return Array.from({ length: count }, (_, index) =>
    values.slice(index * size, (index + 1) * size),
  );
}
