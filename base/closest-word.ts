const CANDIDATES_MAX = 4096;
const WORD_LENGTH_MAX = 64;

/** How many typing mistakes may separate a word from the intended one. */
export interface SlipLimits {
  readonly min: number;
  readonly max: number;
}

/** The first of the closest candidates within the limits, ignoring case. */
export function closestWord(
  word: string,
  candidates: Iterable<string>,
  { min, max }: SlipLimits,
): string | undefined {
  const wanted = word.toLowerCase();
  if (wanted.length > WORD_LENGTH_MAX) return undefined;
  let best: string | undefined;
  let bestSlips = max + 1;
  let count = 0;
  for (const candidate of candidates) {
    count += 1;
    if (count > CANDIDATES_MAX) break;
    if (Math.abs(candidate.length - wanted.length) >= bestSlips) continue;
    const slips = slipsBetween(wanted, candidate.toLowerCase(), bestSlips);
    if (slips >= bestSlips || slips < min) continue;
    best = candidate;
    bestSlips = slips;
  }
  return best;
}

/** The candidate that was probably meant, if it is near enough to be a typing mistake. */
export function didYouMean(written: string, candidates: Iterable<string>): string | undefined {
  const max = Math.max(1, Math.floor(written.length / 3));
  return closestWord(written, candidates, { min: 0, max });
}

/**
 * Letters omitted, inserted, changed or swapped to turn one word into the other (Damerau's optimal string
 * alignment); `limit` when they are as many or more.
 */
function slipsBetween(from: string, to: string, limit: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      let least = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (isSame ? 0 : 1),
      );
      const isSwapped =
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1];
      if (isSwapped) least = Math.min(least, beforeLast[column - 2]! + 1);
      current.push(least);
    }
    if (Math.min(...current) >= limit) return limit;
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}
