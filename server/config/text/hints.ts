import { type Lexer, Token } from "./lexer.ts";

const CANDIDATES_MAX = 4096;
const WORD_LENGTH_MAX = 64;

/**
 * "did you mean …?" for a word that is nearly one of the candidates: one slip of the keyboard in a
 * short word, two in a longer one. Undefined when none is near.
 */
export function suggestion(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  if (wanted.length < 3 || wanted.length > WORD_LENGTH_MAX) return undefined;
  let best: string | undefined;
  let bestDistance = wanted.length < 6 ? 2 : 3;
  let count = 0;
  for (const candidate of candidates) {
    count += 1;
    if (count > CANDIDATES_MAX) break;
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue;
    const distance = slips(wanted, candidate.toLowerCase(), bestDistance);
    if (distance >= bestDistance || distance === 0) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best === undefined ? undefined : `did you mean ${best}?`;
}

/**
 * Letters left out, put in, changed or swapped to get from one word to the other (Damerau's optimal
 * string alignment); `limit` when they are as many or more.
 */
function slips(from: string, to: string, limit: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      let least = Math.min(
        last[column] + 1,
        current[column - 1] + 1,
        last[column - 1] + (isSame ? 0 : 1),
      );
      const isSwapped =
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1];
      if (isSwapped) least = Math.min(least, beforeLast[column - 2] + 1);
      current.push(least);
    }
    if (Math.min(...current) >= limit) return limit;
    beforeLast = last;
    last = current;
  }
  return last[to.length];
}

// Quotes of word processors; read byte by byte their UTF-8 begins with E2 80.
const TYPOGRAPHIC = /^(?:[\u2018-\u201f\u2033\u00ab\u00bb]|\u00e2\u0080[\u0098-\u009f])/;
const DASH = /^(?:[\u2012-\u2015\u2212]|\u00e2\u0080[\u0092-\u0095]|\u00e2\u0088\u0092)/;

export const QUOTE_HINT = 'a typographic quote: dhcpd.conf has straight ones (").';

/** What the token here was probably meant to be. */
export function misreadHint(lexer: Lexer): string | undefined {
  const rest = lexer.file.text.slice(lexer.start, lexer.start + 3);
  if (TYPOGRAPHIC.test(rest)) return QUOTE_HINT;
  if (DASH.test(rest)) return "a typographic dash: dhcpd.conf has the plain one (-).";
  if (lexer.kind === Token.word && /^x{1,2}$/i.test(lexer.raw)) {
    return `"${lexer.raw}" stands for digits that have been left out: write them down.`;
  }
  return undefined;
}

/** True for a string that has swallowed a typographic quote, as one without its own end does. */
export function hasTypographicQuote(text: string): boolean {
  return /[\u201c-\u201f]|\u00e2\u0080[\u009c-\u009f]/.test(text);
}
