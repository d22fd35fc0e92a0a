/** What is put in place of each character of a secret: base64 still, so that the file still parses. */
const BLANK = "A";

/**
 * The text of a dhcpd.conf with the secret of every `key` declaration blanked, in comments as well.
 * Nothing moves: lines and columns are as they were. Other text is left alone, so a password in an
 * option's value stays.
 */
export function blankSecrets(text: string): string {
  const pieces: string[] = [];
  let copied = 0;
  const blank = (from: number, to: number): void => {
    pieces.push(text.slice(copied, from), text.slice(from, to).replace(/[^\s=]/g, BLANK));
    copied = to;
  };
  let isInKey = false;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const [token] = match;
    if (token.startsWith("#")) {
      for (const [from, to] of secretsOf(token)) blank(match.index + from, match.index + to);
    } else if (token === "}") {
      isInKey = false;
    } else if (/^key\b/i.test(token)) {
      isInKey = true;
    } else if (isInKey && /^secret\b/i.test(token)) {
      for (const [from, to] of secretsOf(token)) blank(match.index + from, match.index + to);
    }
  }
  return pieces.join("") + text.slice(copied);
}

/**
 * What has to be told apart: comments, strings (which may hold a # or a brace), the head of a key
 * with its brace, a secret with its value, the closing brace; and words, so that one ends where it ends.
 */
const TOKEN =
  /#[^\n]*|\bkey(?:\s|#[^\n]*\n)+(?:"[^"\n]*"|[^\s{};#"]+)(?:\s|#[^\n]*\n)*\{|\bsecret(?:\s|#[^\n]*\n)+(?:"[^"\n]*"|[A-Za-z0-9+/=\s]+)|"(?:[^"\\]|\\[\s\S])*"|\}|[\w.-]+/gi;

/** Where in the text secrets stand: what follows the word, up to a `;` or the end. */
function* secretsOf(text: string): Generator<readonly [from: number, to: number]> {
  for (const match of text.matchAll(/(\bsecret(?:\s|#[^\n]*\n)+"?)([^";}]+)/gi)) {
    const from = match.index + match[1]!.length;
    yield [from, from + match[2]!.length];
  }
}
