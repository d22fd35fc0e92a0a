import type { Contender } from "../contenders/contender.ts";
import type { DhcpContender } from "../contenders/dhcp-contender.ts";
import type { Row, ServerResult, TrialRecord } from "../results/bench-result.ts";
import { knowledgeOf, type RateResult, type RateTrial } from "./rate-result.ts";
import type { Bench } from "./server-start.ts";

interface OpenRow {
  readonly subject: string;
  readonly cells: Record<string, { values: number[]; isBound: boolean }>;
  reason?: string;
}

/** One contender in one suite, and its figures so far. */
export class ContenderRun<Member extends Contender = DhcpContender> {
  readonly bench: Bench;
  readonly contender: Member;
  readonly version: string;
  /** The present round, from 1. */
  round = 1;
  /** Why the contender takes no further part. */
  missing: string | undefined;
  readonly trials: Omit<TrialRecord, "server">[] = [];
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

  /** `isBound`: the generator was the limit, so the contender may be better. */
  score(subject: string, column: string, value: number | undefined, isBound = false): void {
    if (value === undefined) return;
    const { cells } = this.#row(subject);
    cells[column] ??= { values: [], isBound: false };
    cells[column].values.push(value);
    cells[column].isBound ||= isBound;
  }

  /**
   * Scores a rate that was searched: 0 where the server missed even the lowest, and no figure where the
   * generator was the limit at every rate.
   */
  scoreRate(subject: string, column: string, result: RateResult<RateTrial>): void {
    this.keep(subject, result);
    const knowledge = knowledgeOf(result);
    if (knowledge === "unknown") this.explain(subject, "the generator was the limit at every rate");
    else this.score(subject, column, result.maximumPerSecond ?? 0, knowledge === "bound");
  }

  /** Says why the subject lacks figures, or what went wrong with it. */
  explain(subject: string, reason: string): void {
    this.#row(subject).reason = reason;
  }

  /** Whether this or an earlier round has explained the subject. */
  isExplained(subject: string): boolean {
    return this.#row(subject).reason !== undefined;
  }

  /** Keeps the measurements behind the figures, for the JSON file. */
  keep(subject: string, trial: unknown): void {
    this.trials.push({ subject, round: this.round, trial });
  }

  /** Counts acknowledgements that no correct server gives. */
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
    return this.#rows.map((row) => ({ server: this.contender.id, ...row }));
  }

  #row(subject: string): OpenRow {
    const known = this.#rows.find((row) => row.subject === subject);
    if (known !== undefined) return known;
    const row = { subject, cells: {} };
    this.#rows.push(row);
    return row;
  }
}
