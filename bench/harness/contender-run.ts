import type { Contender } from "../contenders/contender.ts";
import type { DhcpContender } from "../contenders/dhcp-contender.ts";
import { knowledgeOf, type RateResult, type RateTrial } from "./rate-result.ts";
import type { Bench } from "./server-start.ts";

/** Where a contender's figures go. */
export interface ScoreSink {
  score(subject: string, column: string, value: number, isBound: boolean): void;
  /** Why the subject lacks figures, or what went wrong with it. */
  explain(subject: string, reason: string): void;
  isExplained(subject: string): boolean;
  keep(subject: string, round: number, trial: unknown): void;
  violations(count: number): void;
}

/** One contender in one round of a suite. */
export class ContenderRun<Member extends Contender = DhcpContender> {
  readonly bench: Bench;
  readonly contender: Member;
  readonly round: number;
  readonly #sink: ScoreSink;

  constructor(bench: Bench, contender: Member, round: number, sink: ScoreSink) {
    this.bench = bench;
    this.contender = contender;
    this.round = round;
    this.#sink = sink;
  }

  /** `isBound`: the generator was the limit, the contender may be better. */
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

  /** Whether this or an earlier round has explained the subject. */
  isExplained(subject: string): boolean {
    return this.#sink.isExplained(subject);
  }

  /** Keeps what the figures were made of, for the JSON file. */
  keep(subject: string, trial: unknown): void {
    this.#sink.keep(subject, this.round, trial);
  }

  /** Acknowledgements that no correct server gives. */
  addViolations(count: number): void {
    this.#sink.violations(count);
  }
}
