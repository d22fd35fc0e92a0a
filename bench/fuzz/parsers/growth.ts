import type { JazzerReport } from "./jazzer.ts";

const HOUR_MS = 3_600_000;

/** What a campaign has reached with one parser. */
export class Growth {
  executions = 0;
  /** Edges that the inputs reached that were known before. */
  edgesAtStart = 0;
  edges = 0;
  readonly #history: { readonly atMs: number; readonly edges: number }[] = [];

  /** Adds a run that ended at a time of the campaign. */
  add({ executions, edgesAtStart, edges }: JazzerReport, atMs: number): void {
    if (this.#history.length === 0) this.edgesAtStart = edgesAtStart;
    this.executions += executions;
    this.edges = Math.max(this.edges, edges);
    this.#history.push({ atMs, edges: this.edges });
  }

  /** New edges of the last hour; since the start, when that is less than an hour ago. */
  ofLastHour(nowMs: number): number {
    const before = this.#history.findLast(({ atMs }) => atMs <= nowMs - HOUR_MS);
    return this.edges - (before?.edges ?? this.edgesAtStart);
  }
}

export interface GrowthRow {
  readonly name: string;
  readonly growth: Growth;
  /** New inputs that are stored. */
  readonly inputs: number;
  readonly isFound: boolean;
}

const widths = { first: 14, other: 13 } as const;

/** One line for each parser, for a terminal of 80 columns. */
export function growthTable(rows: readonly GrowthRow[], nowMs: number): string {
  const heads = ["executions", "edges", "last hour", "new inputs"];
  const lines = rows.map(({ name, growth, inputs, isFound }) => [
    isFound ? `${name} (!)` : name,
    ...[growth.executions, growth.edges].map(grouped),
    `+${grouped(growth.ofLastHour(nowMs))}`,
    grouped(inputs),
  ]);
  return [["parser", ...heads], ...lines]
    .map(([first, ...others]) => {
      const cells = others.map((cell) => cell.padStart(widths.other));
      return `${first!.padEnd(widths.first)}${cells.join("")}\n`;
    })
    .join("");
}

const grouped = (value: number): string => value.toLocaleString("en-US");
