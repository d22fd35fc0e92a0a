/** A column of a table: its head, and `right` for figures. */
export type MarkdownColumn = readonly [head: string, alignment: "left" | "right"];

/** A table in GitHub-flavoured Markdown, each row on a line of its own. Pipes and line ends in cells are escaped. */
export function markdownTable(
  columns: readonly MarkdownColumn[],
  rows: readonly (readonly string[])[],
): string {
  const marks = { left: "---", right: "---:" };
  return [columns.map(([head]) => head), columns.map(([, alignment]) => marks[alignment]), ...rows]
    .map((cells) => `| ${cells.map(escaped).join(" | ")} |\n`)
    .join("");
}

function escaped(cell: string): string {
  return cell.replace(/\s+/g, " ").replaceAll("|", "\\|");
}
