/** Labels in braces as OpenMetrics and Prometheus' text format have them; "" for none. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** The text of a label or of a help line: backslash, quote and line ends escaped. */
export function escapeLabel(text: string): string {
  // A lone half of a surrogate pair is no UTF-8.
  return text
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replace(/\r?\n|\r/g, "\\n");
}
