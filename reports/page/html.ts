const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}

/** JSON that cannot close the script element it stands in. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** Cells are HTML. A wide table scrolls by itself, also by keyboard. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return tableOf("wide", head, rows, () => "");
}

/** The same, but on a telephone each row is a block in which every cell has its head above it. */
export function stackingTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return tableOf("wide stacking", head, rows, (column) => ` data-head="${head[column]}"`);
}

function tableOf(
  style: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  attributeOf: (column: number) => string,
): string {
  const names = head.map((cell) => `<th scope="col">${cell}</th>`).join("");
  const body = rows.map((cells) => {
    const written = cells.map((cell, column) => `<td${attributeOf(column)}>${cell}</td>`);
    return `<tr>${written.join("")}</tr>`;
  });
  return `<div class="${style}" tabindex="0"><table><thead><tr>${names}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

/** Escaped; a long name may be broken behind its dots. */
export function dottedName(text: string): string {
  return escapeHtml(text).replaceAll(".", ".<wbr>");
}

/** Cells are text. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return table(
    head.map(escapeHtml),
    rows.map((cells) => cells.map(escapeHtml)),
  );
}

/** Names and a text for each; a fact without a text is left out. */
export function factTable(
  facts: readonly (readonly [name: string, text: string | undefined])[],
): string {
  const rows = facts.map(([name, text]) =>
    text === undefined
      ? ""
      : `<tr><th scope="row">${name}</th><td class="left wrap">${escapeHtml(text)}</td></tr>`,
  );
  return `<div class="wide"><table>${rows.join("")}</table></div>`;
}

/** A paragraph of small print. */
export function note(html: string): string {
  return `<p class="note">${html}</p>`;
}

/** "" where there are no reasons. */
export function reasonList(reasons: readonly string[]): string {
  const items = reasons.map((reason) => `<li>${escapeHtml(reason)}</li>`);
  return items.length === 0 ? "" : `<ul class="reasons">${items.join("")}</ul>`;
}

/** The head of every page. The badge is HTML, the rest text. */
export function pageHeader(badge: string, title: string, about: string): string {
  return `<header>
${badge}
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(about)}</p>
<button type="button" id="theme" title="Another colour scheme" hidden></button>
</header>`;
}
