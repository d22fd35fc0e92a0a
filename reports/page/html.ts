const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that stays text, in an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** JSON that cannot close the script element it stands in. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** Cells are HTML already. A wide one scrolls by itself, with the keyboard as well. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const names = head.map((cell) => `<th scope="col">${cell}</th>`).join("");
  return `<div class="wide" tabindex="0"><table><thead><tr>${names}</tr></thead><tbody>${rows.map(tableRow).join("")}</tbody></table></div>`;
}

/** Names and what is said of each; the values are text. */
export function factTable(facts: readonly (readonly [name: string, value: string])[]): string {
  const rows = facts.map(
    ([name, value]) =>
      `<tr><th scope="row">${name}</th><td class="left wrap">${escapeHtml(value)}</td></tr>`,
  );
  return `<div class="wide"><table>${rows.join("")}</table></div>`;
}

function tableRow(cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}
