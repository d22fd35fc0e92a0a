/** Colours for parts of a text; on a terminal only. */
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

/** Breaks a line at blanks if it is longer than 80 columns. The next lines are indented. */
export function hanging(line: string, indent: number = LABEL_WIDTH): string[] {
  const lines: string[] = [];
  let rest = printable(line.trimEnd());
  while (rest.length > COLUMNS) {
    const blank = rest.lastIndexOf(" ", COLUMNS);
    // A word longer than a line, such as a path, stays whole.
    const at = blank > indent ? blank : rest.indexOf(" ", COLUMNS);
    if (at < 0) break;
    lines.push(rest.slice(0, at));
    rest = " ".repeat(indent) + rest.slice(at + 1);
  }
  return [...lines, rest];
}

/** A text behind its label, as in a summary. */
export function labelled(label: string, text: string): string[] {
  return hanging(label.padEnd(LABEL_WIDTH) + text);
}

/** One row of a table. A column of negative width begins at the left, as in printf's `%-14s`. */
export function row(cells: readonly string[], widths: readonly number[], gap = " "): string {
  const padded = cells.map((cell, column) => {
    const width = widths[column];
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  });
  return printable(padded.join(gap));
}

/** The lines as a text that ends with the files that were written. */
export function textOf(lines: readonly string[], files: readonly string[]): string {
  const all = files.length === 0 ? lines : [...lines, "", ...labelled("wrote", files.join(" "))];
  return `${all.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** A foreign result may hold control characters, which a terminal must not obey. */
export function printable(text: string): string {
  return text.replace(/\p{Control}/gu, "\ufffd");
}
