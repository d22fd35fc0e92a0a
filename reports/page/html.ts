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
  const names = head.map((cell) => `<th scope="col">${cell}</th>`).join("");
  return `<div class="wide" tabindex="0"><table><thead><tr>${names}</tr></thead><tbody>${rows.map(tableRow).join("")}</tbody></table></div>`;
}

function tableRow(cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
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
