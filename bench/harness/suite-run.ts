import type { Contender } from "../contenders/contender.ts";
import type { Cell, Row, ServerResult, SuiteResult, TrialRecord } from "../results/bench-result.ts";
import type { BenchPlan } from "./bench-plan.ts";
import { ContenderRun, type ScoreSink } from "./contender-run.ts";
import type { Bench } from "./server-start.ts";
import type { Suite } from "./suite.ts";

interface OpenRow {
  readonly subject: string;
  readonly cells: Map<string, { values: number[]; isBound: boolean }>;
  reason: string | undefined;
}

/** The figures of one contender so far. */
class Score<Member extends Contender> implements ScoreSink {
  readonly contender: Member;
  readonly version: string;
  missing: string | undefined;
  readonly trials: Omit<TrialRecord, "server">[] = [];
  readonly #rows: OpenRow[] = [];
  #violations = 0;

  constructor(contender: Member, hasInterface: boolean) {
    this.contender = contender;
    let version = "";
    try {
      version = contender.version();
    } catch {
      this.missing = "not installed";
    }
    this.version = version;
    if (contender.needsInterface && !hasInterface)
      this.missing = "needs root, for network namespaces";
  }

  score(subject: string, column: string, value: number, isBound: boolean): void {
    const { cells } = this.#row(subject);
    const cell = cells.get(column) ?? { values: [], isBound: false };
    cell.values.push(value);
    cell.isBound ||= isBound;
    cells.set(column, cell);
  }

  explain(subject: string, reason: string): void {
    this.#row(subject).reason = reason;
  }

  isExplained(subject: string): boolean {
    return this.#row(subject).reason !== undefined;
  }

  keep(subject: string, round: number, trial: unknown): void {
    this.trials.push({ subject, round, trial });
  }

  violations(count: number): void {
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

/** How many rounds a contender takes part in, the first ones. */
export function roundsOf<Member extends Contender>(
  { rounds }: Pick<BenchPlan, "rounds">,
  suite: Pick<Suite<Member>, "takesOneRound">,
  contender: Member,
): number {
  return suite.takesOneRound?.(contender) ? 1 : rounds;
}

/**
 * All rounds of a suite, its contenders taking turns. A contender that fails is reported with the
 * reason and takes no further part; the signal and the plan's time end the suite early.
 */
export async function runSuite<Member extends Contender>(
  bench: Bench,
  suite: Suite<Member>,
  contenders: readonly Member[],
): Promise<SuiteResult> {
  const startMs = performance.now();
  const { plan, signal, network, onProgress } = bench;
  const scores = contenders.map((contender) => new Score(contender, network.hasInterface));
  const cutShort = (): string | undefined => {
    if (signal.aborted) return "interrupted";
    return performance.now() - startMs > plan.suiteMsMax ? "out of time" : undefined;
  };
  let skipped: string | undefined;
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const score of scores) {
      if (score.missing !== undefined || round > roundsOf(plan, suite, score.contender)) continue;
      skipped ??= cutShort();
      if (skipped !== undefined) continue;
      const { contender, version } = score;
      onProgress(`${suite.id}, round ${round} of ${plan.rounds}: ${contender.name} ${version}`);
      try {
        await suite.measure(new ContenderRun(bench, contender, round, score));
      } catch (error) {
        // The others go on; an interruption is no fault of this contender.
        if (signal.aborted) continue;
        score.missing = error instanceof Error ? error.message : String(error);
        onProgress(`${contender.name}: ${score.missing}`);
      }
    }
  }
  // Running out of time after the last measurement costs nothing; an interruption ended that measurement.
  const reason = signal.aborted ? cutShort() : skipped;
  return {
    ...{
      id: suite.id,
      title: suite.title,
      generator: suite.generator ?? "",
      columns: suite.columns,
    },
    durationMs: Math.round(performance.now() - startMs),
    ...(reason === undefined ? {} : { cutShort: reason }),
    method: suite.method(plan),
    roundsPlanned: plan.rounds,
    servers: scores.map(({ server }) => server),
    rows: scores.flatMap(({ rows }) => rows),
    trials: scores.flatMap(({ contender, trials }) =>
      trials.map((trial) => ({ server: contender.id, ...trial })),
    ),
  };
}
