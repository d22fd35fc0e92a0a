/** How parts of a text are set off: with colours on a terminal, not at all elsewhere. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
}

const unchanged = (text: string): string => text;

export const plainText: Paint = { good: unchanged, bad: unchanged, warn: unchanged };

/** SGR colours (ECMA-48 8.3.117): bold green, red and yellow. */
export const terminalColours: Paint = {
  good: (text) => `\u001b[1;32m${text}\u001b[0m`,
  bad: (text) => `\u001b[31m${text}\u001b[0m`,
  warn: (text) => `\u001b[33m${text}\u001b[0m`,
};

const COLUMNS = 80;
const LABEL_WIDTH = 15;

/** The line, broken at blanks where it is too long for 80 columns; what follows is indented. */
export function hanging(line: string, indent: number = LABEL_WIDTH): string[] {
  const lines: string[] = [];
  let rest = printable(line.trimEnd());
  while (rest.length > COLUMNS) {
    const blank = rest.lastIndexOf(" ", COLUMNS);
    // A word that is longer than a line, such as a path, is not torn.
    const at = blank > indent ? blank : rest.indexOf(" ", COLUMNS);
    if (at < 0) break;
    lines.push(rest.slice(0, at));
    rest = " ".repeat(indent) + rest.slice(at + 1);
  }
  return [...lines, rest];
}

/** A result of others may hold control characters: a terminal must not obey them. */
export function printable(text: string): string {
  return text.replace(/\p{Control}/gu, "\ufffd");
}
