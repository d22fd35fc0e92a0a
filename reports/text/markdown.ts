/** A table of GitHub's. Its first `textColumns` columns are of text, the others of figures. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  textColumns = 1,
): string {
  const align = head.map((_, column) => (column < textColumns ? ":--" : "--:"));
  return [head, align, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A list, as one block; none where there is nothing to list. */
export function markdownList(items: readonly string[]): string[] {
  return items.length === 0 ? [] : [items.map((item) => `- ${item}`).join("\n")];
}

/** Folded away behind its summary. */
export function markdownDetails(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** A command as code within a line. */
export function markdownCommand(command: string): string {
  return `\`${command.replaceAll("`", "'")}\``;
}

/** A block of code in a fence that is longer than any row of backticks within. */
export function codeBlock(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}sh\n${text}\n${fence}`;
}

/**
 * Text that stays text (CommonMark 2.4), readable in its source as well: punctuation is escaped where
 * it could begin something. GitHub's mentions, emoji and bare links need a reference, no backslash.
 */
export function plain(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[\\`*_{}[\]<>#|~&]|^[-+=]|^\d+(?=[.)])/g, (found) =>
      /\d/.test(found) ? `&#${found.charCodeAt(0)};${found.slice(1)}` : `\\${found}`,
    )
    .replace(/@|:(?=[\w/])/g, (found) => `&#${found.charCodeAt(0)};`)
    .replace(/www\./gi, "www&#46;");
}
