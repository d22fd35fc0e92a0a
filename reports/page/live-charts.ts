import type { TimeSeriesRow } from "../result/run-result.ts";
import type { Chart } from "./chart.ts";
import { chartWords } from "./chart-figure.ts";
import { chartsOverTime } from "./charts.ts";

/** Two hours of seconds. */
const ROWS_MAX = 7200;

/** The next drawing of a live page: all charts anew, or one more point on each line. */
export type LiveDrawing =
  | {
      readonly kind: "charts";
      readonly charts: readonly (Chart & { readonly words: string })[];
      readonly phases: readonly { readonly name: string; readonly second: number }[];
    }
  | {
      readonly kind: "point";
      readonly second: number;
      /** Whether it replaces the latest point instead of following it. */
      readonly replaces: boolean;
      /** By chart id, in the order of its series. */
      readonly values: Readonly<Record<string, readonly (number | null)[]>>;
    };

/**
 * The charts of a run while it goes on, from its rows one by one. They show the whole run in at most
 * ROWS_MAX rows: after that only every other second, then every fourth and so on, and the latest.
 */
export class LiveCharts {
  #rows: TimeSeriesRow[] = [];
  /** A row with every series of any row, so that a line never disappears again. */
  #everything: TimeSeriesRow | undefined;
  readonly #phases: { readonly name: string; readonly second: number }[] = [];
  #shape = "";
  /** Only multiples of this are kept. */
  #stepSeconds = 1;

  get length(): number {
    return this.#rows.length;
  }

  /** The row's point on every line, or all charts if there is a new line, chart or phase. */
  add(row: TimeSeriesRow): LiveDrawing {
    if (this.#phases.at(-1)?.name !== row.phase) {
      this.#phases.push({ name: row.phase, second: row.second });
    }
    this.#everything = united(this.#everything, row);
    const latest = this.#rows.at(-1);
    const replaces = latest !== undefined && latest.second % this.#stepSeconds !== 0;
    if (replaces) this.#rows.pop();
    this.#rows.push(row);
    const isThinned = this.#thin();
    const charts = chartsOverTime([this.#everything, row]);
    const shape = JSON.stringify([this.#phases.length, charts.map(namesOf)]);
    if (isThinned || shape !== this.#shape) {
      this.#shape = shape;
      return this.all();
    }
    const values = charts.map(({ id, series }) => [id, series.map((line) => line.values.at(-1)!)]);
    const { second } = row;
    return { kind: "point", second, replaces, values: Object.fromEntries(values) };
  }

  /** All charts so far, for a page that joins late. */
  all(): LiveDrawing {
    const rows = this.#everything === undefined ? [] : [this.#everything, ...this.#rows];
    const charts = chartsOverTime(rows).map(withoutFirst);
    return {
      kind: "charts",
      charts: charts.map((chart) => ({ ...chart, words: chartWords(chart) })),
      phases: this.#phases,
    };
  }

  #thin(): boolean {
    if (this.#rows.length <= ROWS_MAX) return false;
    this.#stepSeconds *= 2;
    const latest = this.#rows.at(-1);
    this.#rows = this.#rows.filter((row) => row === latest || row.second % this.#stepSeconds === 0);
    return true;
  }
}

function namesOf({ id, series }: Chart): readonly string[] {
  return [id, ...series.map(({ label }) => label)];
}

function withoutFirst(chart: Chart): Chart {
  const series = chart.series.map((line) => ({ ...line, values: line.values.slice(1) }));
  return { ...chart, xs: chart.xs.slice(1), series };
}

/** The larger of each two figures, so that it is above zero if either is. */
function united(all: TimeSeriesRow | undefined, row: TimeSeriesRow): TimeSeriesRow {
  return all === undefined ? row : (larger(all, row) as TimeSeriesRow);
}

function larger(a: unknown, b: unknown): unknown {
  if (typeof a === "number" && typeof b === "number") return Math.max(a, b);
  if (!isRecord(a) || !isRecord(b)) return b ?? a;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((name) => [name, larger(a[name], b[name])]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
