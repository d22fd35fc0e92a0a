import type { Contender } from "../contenders/contender.ts";
import type { DhcpContender } from "../contenders/dhcp-contender.ts";
import type { Cell, Row, ServerResult, TrialRecord } from "../results/bench-result.ts";
import { knowledgeOf, type RateResult, type RateTrial } from "./rate-result.ts";
import type { Bench } from "./server-start.ts";

interface OpenRow {
  readonly subject: string;
  readonly cells: Map<string, { values: number[]; isBound: boolean }>;
  reason: string | undefined;
}

/** One contender in a suite: the round that it plays, and its figures so far. */
export class ContenderRun<Member extends Contender = DhcpContender> {
  readonly bench: Bench;
  readonly contender: Member;
  readonly version: string;
  round = 0;
  /** Why it takes no further part. */
  missing: string | undefined;
  readonly trials: TrialRecord[] = [];
  readonly #rows: OpenRow[] = [];
  #violations = 0;

  constructor(bench: Bench, contender: Member) {
    this.bench = bench;
    this.contender = contender;
    let version = "";
    try {
      version = contender.version();
    } catch {
      this.missing = "not installed";
    }
    this.version = version;
    if (contender.needsInterface && !bench.network.hasInterface)
      this.missing = "needs root, for network namespaces";
  }

  /** `isBound`: the generator was the limit, the contender may be better. */
  score(subject: string, column: string, value: number | undefined, isBound = false): void {
    if (value === undefined) return;
    const { cells } = this.#row(subject);
    const cell = cells.get(column) ?? { values: [], isBound: false };
    cell.values.push(value);
    cell.isBound ||= isBound;
    cells.set(column, cell);
  }

  /**
   * A rate that was searched: 0 where the server missed even the lowest, and no figure where the
   * generator was the limit at every rate.
   */
  scoreRate(subject: string, column: string, result: RateResult<RateTrial>): void {
    this.keep(subject, result);
    const knowledge = knowledgeOf(result);
    if (knowledge === "unknown") this.explain(subject, "the generator was the limit at every rate");
    else this.score(subject, column, result.maximumPerSecond ?? 0, knowledge === "bound");
  }

  /** Why the subject lacks figures, or what went wrong with it. */
  explain(subject: string, reason: string): void {
    this.#row(subject).reason = reason;
  }

  /** Whether this or an earlier round has explained the subject. */
  isExplained(subject: string): boolean {
    return this.#row(subject).reason !== undefined;
  }

  /** Keeps the measurement behind the figures, for the JSON file. */
  keep(subject: string, trial: unknown): void {
    this.trials.push({ server: this.contender.id, subject, round: this.round, trial });
  }

  /** Acknowledgements that no correct server gives. */
  addViolations(count: number): void {
    this.#violations += count;
  }

  get server(): ServerResult {
    const { id, name, durability = "", settings } = this.contender;
    return {
      ...{ id, name, version: this.version, durability, settings },
      ...(this.missing === undefined ? {} : { missing: this.missing }),
      violations: this.#violations,
    };
  }

  get rows(): readonly Row[] {
    return this.#rows.map(({ subject, cells, reason }) => ({
      server: this.contender.id,
      subject,
      cells: Object.fromEntries(cells) as Record<string, Cell>,
      ...(reason === undefined ? {} : { reason }),
    }));
  }

  #row(subject: string): OpenRow {
    const known = this.#rows.find((row) => row.subject === subject);
    if (known !== undefined) return known;
    const row = { subject, cells: new Map(), reason: undefined };
    this.#rows.push(row);
    return row;
  }
}
