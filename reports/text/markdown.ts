/** A table as GitHub has it. The first `textColumns` columns hold text, the others figures. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  textColumns = 1,
): string {
  const align = head.map((_, column) => (column < textColumns ? ":--" : "--:"));
  return [head, align, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A list, as one block; no block for an empty list. */
export function markdownList(items: readonly string[]): string[] {
  return items.length === 0 ? [] : [items.map((item) => `- ${item}`).join("\n")];
}

/** A body that is folded away behind its summary. */
export function markdownDetails(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** A command as code within a line. Its backticks become apostrophes. */
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
 * Escapes text (CommonMark 2.4), with as few escapes as possible, so that the source is readable.
 * GitHub's mentions, emoji and bare links need character references instead of backslashes.
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
