import { type JudgedSeries, measures } from "./soak-verdict.ts";

/** Columns add up to 80 characters. */
const widths = { of: 23, measure: 15, start: 7, end: 7, slope: 14, worst: 7, verdict: 7 } as const;

/** A row for each series, 80 columns wide; what is not flat comes first. */
export function soakTable(rows: readonly JudgedSeries[]): string {
  const sorted = rows.toSorted((one, other) => rank(one) - rank(other));
  const head = rowOf({
    ...{ of: "", measure: "", start: "start", end: "end" },
    ...{ slope: "an hour, 90 %", worst: "worst", verdict: "" },
  });
  const lines = sorted.map((row) =>
    rowOf({
      of: row.of,
      measure: measures[row.measure].title,
      start: figure(row.start),
      end: figure(row.end),
      slope: `${signed(row.slopeLow)} ${signed(row.slopeHigh)}`,
      worst: figure(row.growthWorst),
      verdict: ` ${row.verdict}`,
    }),
  );
  return [head, ...lines].join("\n");
}

const ranks: Readonly<Record<JudgedSeries["verdict"], number>> = { grows: 0, open: 1, flat: 2 };
const rank = ({ verdict }: JudgedSeries): number => ranks[verdict];

type Cells = Readonly<Record<keyof typeof widths, string>>;

function rowOf(cells: Cells): string {
  const { of, measure, start, end, slope, worst, verdict } = cells;
  const left = of.padEnd(widths.of).slice(0, widths.of) + measure.padEnd(widths.measure);
  const right = [
    start.padStart(widths.start),
    end.padStart(widths.end),
    slope.padStart(widths.slope),
    worst.padStart(widths.worst),
  ];
  return `${left}${right.join("")}${verdict}`.trimEnd();
}

const signed = (value: number): string => (value < 0 ? "" : "+") + figure(value);

/** Six characters at most, with its sign: `0.03`, `12.5`, `180`, `12k`. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${Math.round(value / 1e9)}G`;
  if (size >= 1e6) return `${Math.round(value / 1e6)}M`;
  if (size >= 99_950) return `${Math.round(value / 1000)}k`;
  if (size >= 100) return String(Math.round(value));
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}
