/** Replaces each character of a secret. It is valid base64, so that the file still parses. */
const BLANK = "A";

/**
 * The text of a dhcpd.conf with the secret of every `key` declaration blanked, in comments as well. Lines
 * and columns stay as they were. Nothing else is blanked, so a password in an option's value stays.
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
 * The tokens that matter: comments, strings (which may contain a # or a brace), the head of a key with
 * its brace, a secret with its value, and the closing brace. Other words are tokens, too, so that `key`
 * and `secret` match only whole words.
 */
const TOKEN =
  /#[^\n]*|\bkey(?:\s|#[^\n]*\n)+(?:"[^"\n]*"|[^\s{};#"]+)(?:\s|#[^\n]*\n)*\{|\bsecret(?:\s|#[^\n]*\n)+(?:"[^"\n]*"|[A-Za-z0-9+/=\s]+)|"(?:[^"\\]|\\[\s\S])*"|\}|[\w.-]+/gi;

/** Where the secrets stand in the text: from after the word up to a `;` or the end. */
function* secretsOf(text: string): Generator<readonly [from: number, to: number]> {
  for (const match of text.matchAll(/(\bsecret(?:\s|#[^\n]*\n)+"?)([^";}]+)/gi)) {
    const from = match.index + match[1].length;
    yield [from, from + match[2].length];
  }
}
