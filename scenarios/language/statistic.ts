// The 100th is `max`: taken for p10.0, it would be a bound that hardly fails.
const percentile = /^p(?!100)(\d\d)(\d{0,3})$/;
const named = ["p50", "p90", "p95", "p99", "p999", "max", "mean"];

/**
 * The percentile that a name such as `p95` means: two digits, then up to three decimals, so that `p999` is 99.9 and
 * `p9999` is 99.99. Undefined for any other name.
 */
export function percentileOf(name: string): number | undefined {
  const match = percentile.exec(name);
  return match === null ? undefined : Number(`${match[1]}.${match[2]}`);
}

/** What is wrong with what follows a distribution: a percentile, `max` or `mean`; undefined if nothing is. */
export function statisticProblem(name: string, rest: readonly string[]): string | undefined {
  if (rest.length === 1 && percentileOf(rest[0]) !== undefined) return undefined;
  return leafProblem(name, rest, named);
}

/** What is wrong with what follows the name of a metric; undefined if nothing is. */
export function leafProblem(
  name: string,
  rest: readonly string[],
  leaves: readonly string[],
): string | undefined {
  if (rest.length === 1 && leaves.includes(rest[0])) return undefined;
  const found = rest.length === 0 ? "" : `, not "${rest.join(".")}"`;
  return `${name} needs one of ${leaves.join(", ")}${found}`;
}
