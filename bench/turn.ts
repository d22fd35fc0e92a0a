import { population } from "./bench-plan.ts";
import type { DhcpContender, Workload } from "./contenders/dhcp-contender.ts";
import { Match } from "./match.ts";
import type { RateResult } from "./rate-result.ts";
import { isLowerBound } from "./rate-result.ts";
import type { Arena, Bench } from "./server-start.ts";

/** Where a turn's figures go. */
export interface ScoreSink {
  score(subject: string, column: string, value: number, isBound: boolean): void;
  /** Why the subject has no figures. */
  explain(subject: string, reason: string): void;
  keep(subject: string, round: number, trial: unknown): void;
  violations(count: number): void;
}

/** What each server was found to keep, DORA a second: found once, then a yardstick for other suites. */
export type Capacities = Map<string, number>;

/** One contender's turn in one round of a suite. */
export class Turn {
  readonly bench: Bench;
  readonly contender: DhcpContender;
  readonly round: number;
  readonly #capacities: Capacities;
  readonly #sink: ScoreSink;

  constructor(
    bench: Bench,
    { contender, round }: { readonly contender: DhcpContender; readonly round: number },
    capacities: Capacities,
    sink: ScoreSink,
  ) {
    this.bench = bench;
    this.contender = contender;
    this.round = round;
    this.#capacities = capacities;
    this.#sink = sink;
  }

  /** `isBound`: the generator was the limit, the server may be better. */
  score(subject: string, column: string, value: number | undefined, isBound = false): void {
    if (value !== undefined) this.#sink.score(subject, column, value, isBound);
  }

  /** A rate that was searched; one that no rate was kept of counts as 0. */
  scoreRate(subject: string, column: string, result: RateResult): void {
    this.score(subject, column, result.maximumPerSecond ?? 0, isLowerBound(result));
    this.keep(subject, result);
  }

  explain(subject: string, reason: string): void {
    this.#sink.explain(subject, reason);
  }

  /** For the JSON file: what the figures were made of. */
  keep(subject: string, trial: unknown): void {
    this.#sink.keep(subject, this.round, trial);
  }

  /** Plays against a server that is started for it, and stopped whatever happens. */
  async play<Result>(arena: Arena, game: (match: Match) => Promise<Result>): Promise<Result> {
    const match = await Match.start(this.bench, this.contender, arena);
    try {
      return await game(match);
    } finally {
      this.#sink.violations(match.violations);
      await match.stop();
    }
  }

  /** DORA a second that this contender is known to keep; searched when nobody did so before. */
  async capacity(workload: Workload): Promise<number> {
    const known = this.#capacities.get(this.#key(workload));
    if (known !== undefined) return known;
    const arena = { name: `capacity-${workload}`, workload, population };
    const { firstSearch } = this.bench.plan;
    const { maximumPerSecond } = await this.play(arena, (match) =>
      match.searchDora(this.contender.firstRate, firstSearch),
    );
    if (maximumPerSecond === undefined) throw new Error("it keeps no rate at all");
    this.learnCapacity(workload, maximumPerSecond);
    return maximumPerSecond;
  }

  /** What a search has found. */
  learnCapacity(workload: Workload, perSecond: number): void {
    this.#capacities.set(this.#key(workload), perSecond);
  }

  /** Where a search may begin. */
  firstRate(workload: Workload): number {
    return this.#capacities.get(this.#key(workload)) ?? this.contender.firstRate;
  }

  /** Whether the contender's capacity has been found before. */
  isFirstSearch(workload: Workload): boolean {
    return !this.#capacities.has(this.#key(workload));
  }

  #key(workload: Workload): string {
    return `${this.contender.id}/${workload}`;
  }
}
