import type { DhcpContender, Workload } from "../contenders/dhcp-contender.ts";
import { population, type SearchSteps } from "./bench-plan.ts";
import { knowledgeOf, type RateResult, type RateTrial } from "./rate-result.ts";
import type { Arena, Bench } from "./server-start.ts";
import { Match } from "./server-under-load.ts";

/** Where a turn's figures go. */
export interface ScoreSink {
  score(subject: string, column: string, value: number, isBound: boolean): void;
  /** Why the subject has no figures. */
  explain(subject: string, reason: string): void;
  keep(subject: string, round: number, trial: unknown): void;
  violations(count: number): void;
}

/** What each server was found to keep: found once, then a yardstick for other suites. */
export type Capacities = Map<string, RateResult>;

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

  /** DORA a second that this contender keeps, searched when nobody did so before; undefined: none. */
  async capacity(workload: Workload): Promise<number | undefined> {
    return (await this.#found(workload)).maximumPerSecond;
  }

  /** A rate to load it at where nothing depends on which: the capacity, or the lowest that was tried. */
  async pace(workload: Workload): Promise<number> {
    const { maximumPerSecond, trials } = await this.#found(workload);
    return maximumPerSecond ?? Math.min(...trials.map(({ ratePerSecond }) => ratePerSecond));
  }

  /** What a search has found: a yardstick from now on. */
  learn(workload: Workload, found: RateResult): void {
    this.#capacities.set(this.#key(workload), found);
  }

  /** Where a search may begin, and in which steps. */
  searchFrom(workload: Workload): { readonly rate: number; readonly steps: SearchSteps } {
    const { firstSearch, laterSearch } = this.bench.plan;
    const known = this.#capacities.get(this.#key(workload))?.maximumPerSecond;
    return known === undefined
      ? { rate: this.contender.firstRate, steps: firstSearch }
      : { rate: known, steps: laterSearch };
  }

  async #found(workload: Workload): Promise<RateResult> {
    const known = this.#capacities.get(this.#key(workload));
    if (known !== undefined) return known;
    const arena = { name: `capacity-${workload}`, workload, population };
    const { rate, steps } = this.searchFrom(workload);
    const found = await this.play(arena, (match) => match.searchDora(rate, steps));
    this.keep(`capacity, ${workload}`, found);
    this.learn(workload, found);
    return found;
  }

  #key(workload: Workload): string {
    return `${this.contender.id}/${workload}`;
  }
}
