import { closestWord } from "../../../base/closest-word.ts";
import { type Lexer, Token } from "./lexer.ts";

/**
 * "did you mean …?" for a word that is nearly one of the candidates: one slip of the keyboard in a
 * short word, two in a longer one. Undefined when none is near.
 */
export function suggestion(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length < 3) return undefined;
  const best = closestWord(word, candidates, { min: 1, max: word.length < 6 ? 1 : 2 });
  return best === undefined ? undefined : `did you mean ${best}?`;
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

/** Whether a string contains a typographic quote: an unclosed string swallows what follows it. */
export function hasTypographicQuote(text: string): boolean {
  return /[\u201c-\u201f]|\u00e2\u0080[\u009c-\u009f]/.test(text);
}
