import { median } from "../../base/median.ts";
import type { Processors } from "../../lab/machine/processors.ts";
import type { Environment } from "../../reports/result/run-result.ts";

export const BENCH_SCHEMA = "provlab/bench@2";

/** What `npm run bench` writes. */
export interface BenchResult {
  readonly schema: typeof BENCH_SCHEMA;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly environment: Environment;
  /** The same for all suites. */
  readonly method: {
    readonly seed: number;
    readonly network: string;
    /** Processors of the server and of the generator; undefined: wherever the system put them. */
    readonly processors?: Processors;
  };
  readonly suites: readonly SuiteResult[];
}

export interface SuiteResult {
  readonly id: string;
  readonly title: string;
  readonly durationMs: number;
  /** Why not everything was measured; undefined when it was. */
  readonly cutShort?: string;
  /** How the figures came about, a sentence or two each. */
  readonly method: readonly string[];
  /** Empty where a contender needs no load. */
  readonly generator: string;
  readonly roundsPlanned: number;
  readonly columns: readonly Column[];
  /** In the order of the table; ratios are to the first. */
  readonly servers: readonly ServerResult[];
  readonly rows: readonly Row[];
  /** Every single measurement. */
  readonly trials: readonly TrialRecord[];
}

export interface Column {
  readonly id: string;
  readonly title: string;
  /** Decimals of the figures. */
  readonly digits: number;
  readonly better: "more" | "less";
  /** Whether the first server is compared with the others by it. */
  readonly hasRatio: boolean;
  /** What the table shows of several rounds; the median with the spread when left out. */
  readonly summary?: "sum" | "most";
}

export interface ServerResult {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** Empty where nothing is to be kept. */
  readonly durability: string;
  readonly settings: string;
  /** Why there are no figures; undefined when there are. */
  readonly missing?: string;
  /** Acknowledgements that no correct server gives, over all trials. */
  readonly violations: number;
}

/** The figures of one server for one subject: an exchange, a size, a multiple of its capacity. */
export interface Row {
  readonly server: string;
  /** Empty when the suite has one subject only. */
  readonly subject: string;
  /** The cells by column id. */
  readonly cells: Readonly<Record<string, Cell>>;
  /** Why a figure is missing, or what went wrong; undefined when all is well. */
  readonly reason?: string;
}

export interface Cell {
  /** One a round. */
  readonly values: readonly number[];
  /** The generator was the limit in some round: the server may be better than this. */
  readonly isBound: boolean;
}

export interface TrialRecord {
  readonly server: string;
  readonly subject: string;
  readonly round: number;
  readonly trial: unknown;
}

/** The values of a cell over the rounds; undefined when it has none. */
export function summaryOf(
  cell: Cell | undefined,
): { readonly median: number; readonly lowest: number; readonly highest: number } | undefined {
  if (cell === undefined) return undefined;
  const middle = median(cell.values);
  if (middle === undefined) return undefined;
  return { median: middle, lowest: Math.min(...cell.values), highest: Math.max(...cell.values) };
}
