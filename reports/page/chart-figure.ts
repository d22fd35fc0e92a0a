import { formatDecimals } from "../text/format.ts";
import type { Chart } from "./chart.ts";
import { escapeHtml, table } from "./html.ts";

const ROWS_MAX = 13;

/** A place in which the page's script draws the chart, and the same figures as a table. */
export function chartFigure(chart: Chart): string {
  const title = escapeHtml(chart.title);
  return `<figure class="chart"><figcaption>${title}</figcaption><div id="${escapeHtml(chart.id)}"></div>
<details><summary>The same as a table</summary>${chartTable(chart)}</details></figure>`;
}

/** The chart in a sentence, for a screen reader. */
export function chartWords({
  title,
  series,
  lanes = [],
}: Pick<Chart, "title" | "series" | "lanes">): string {
  const lines = series.map(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return `${label} without a value`;
    const [low, high] = known.reduce<[number, number]>(
      ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    );
    return `${label} from ${text(low)} to ${text(high)}`;
  });
  const times = lanes.map(({ label, spans }) => {
    const longestMs = Math.max(...spans.map(({ ms }) => ms));
    return `${label} ${spans.length} times, at most ${text(longestMs)} ms`;
  });
  return `Chart: ${title}. ${[...lines, ...times].join("; ")}.`;
}

const heads = { time: "second", percentile: "percentile", load: "offered/s" } as const;

/** At most ROWS_MAX rows, evenly spaced, with the first and the last. */
function chartTable({ x, xs, series }: Chart): string {
  const count = Math.min(ROWS_MAX, xs.length);
  const rows = Array.from({ length: count }, (_, row) => {
    const at = count === 1 ? 0 : Math.round((row * (xs.length - 1)) / (count - 1));
    return [xText(x, xs[at]), ...series.map(({ values }) => text(values[at] ?? null))];
  });
  return table([heads[x], ...series.map(({ label }) => escapeHtml(label))], rows);
}

function xText(x: Chart["x"], value: number): string {
  if (x !== "percentile") return text(value);
  return String(Math.round(1e6 * 100 * (1 - 10 ** -value)) / 1e6);
}

function text(value: number | null): string {
  return value === null ? "-" : formatDecimals(value, 3, 0);
}
