/** Replaces each character of a secret. It is valid base64, so that the file still parses. */
const BLANK = "A";

/**
 * The text of a dhcpd.conf with the secret of every `key` declaration blanked, in comments as well. Lines
 * and columns stay as they were. Nothing else is blanked, so a password in an option's value stays.
 */
export function blankSecrets(text: string): string {
  let isInKey = false;
  return text.replace(TOKEN, (token) => {
    const isSecret = isInKey && /^secret\b/i.test(token);
    if (isSecret || token.startsWith("#")) return token.replace(SECRET, blanked);
    if (token === "}") isInKey = false;
    else if (/^key\b/i.test(token)) isInKey = true;
    return token;
  });
}

/**
 * The tokens that matter: comments, strings (which may contain a # or a brace), the head of a key with
 * its brace, a secret with its value, and the closing brace. Other words are tokens, too, so that `key`
 * and `secret` match only whole words.
 */
const TOKEN =
  /#[^\n]*|\bkey(?:\s|#[^\n]*\n)+(?:"[^"\n]*"|[^\s{};#"]+)(?:\s|#[^\n]*\n)*\{|\bsecret(?:\s|#[^\n]*\n)+(?:"[^"\n]*"|[A-Za-z0-9+/=\s]+)|"(?:[^"\\]|\\[\s\S])*"|\}|[\w.-]+/gi;

/** A secret after its word, up to a `;` or the end. */
const SECRET = /(\bsecret(?:\s|#[^\n]*\n)+"?)([^";}]+)/gi;

function blanked(_: string, word: string, secret: string): string {
  return word + secret.replace(/[^\s=]/g, BLANK);
}
