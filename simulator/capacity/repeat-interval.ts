/** The two-sided 95 % quantile of Student's t distribution, for 1, 2, 3 ... degrees of freedom. */
const studentT95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

export const REPEATS_MAX = studentT95.length + 1;

/** One search of several: the maximum lies from the highest rate kept to the lowest one missed. */
interface RepeatBracket {
  readonly keptPerSecond: number;
  /** Undefined: the server was not the limit. */
  readonly missedPerSecond: number | undefined;
}

export interface RepeatedMaximum {
  /** The geometric mean of the rates that were kept. */
  readonly maximumPerSecond: number;
  /** Undefined for one repeat alone. */
  readonly lowPerSecond: number | undefined;
  /** Undefined for one repeat, and where the server was not the limit. */
  readonly highPerSecond: number | undefined;
}

/**
 * The result of 1 to REPEATS_MAX searches together, with 95 % confidence. Rates vary by factors, so the
 * interval is Student's t on their logarithms. It reaches from the low end over the kept rates to the high
 * end over the missed rates, and so includes the width of the search itself. Throws RangeError for another
 * number of repeats.
 */
export function repeatedMaximum(repeats: readonly RepeatBracket[]): RepeatedMaximum {
  if (repeats.length < 1 || repeats.length > REPEATS_MAX) {
    throw new RangeError(`${repeats.length} repeats: give 1 to ${REPEATS_MAX}`);
  }
  const kept = logSpread(repeats.map(({ keptPerSecond }) => keptPerSecond));
  const missedRates = repeats.flatMap(({ missedPerSecond }) => missedPerSecond ?? []);
  const missed = missedRates.length < repeats.length ? undefined : logSpread(missedRates);
  return {
    maximumPerSecond: Math.exp(kept.mean),
    lowPerSecond: kept.margin === undefined ? undefined : Math.exp(kept.mean - kept.margin),
    highPerSecond: missed?.margin === undefined ? undefined : Math.exp(missed.mean + missed.margin),
  };
}

function logSpread(values: readonly number[]): { mean: number; margin: number | undefined } {
  const logs = values.map(Math.log);
  const count = logs.length;
  const mean = logs.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { mean, margin: undefined };
  const variance = logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { mean, margin: studentT95[count - 2] * Math.sqrt(variance / count) };
}
