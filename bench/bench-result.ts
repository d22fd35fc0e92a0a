import type { Environment } from "../reports/run-result.ts";
import type { SearchEnd } from "./rate-search.ts";
import { median } from "./statistics.ts";
import type { TrialResult, TrialSettings } from "./trial.ts";

export const BENCH_SCHEMA = "provlab/bench@1";

/** What `npm run bench` writes; rates are transactions a second, times milliseconds. */
export interface BenchResult {
  readonly schema: typeof BENCH_SCHEMA;
  readonly startedAt: string;
  readonly durationMs: number;
  /** Why not everything was measured; undefined when it was. */
  readonly cutShort?: string;
  readonly environment: Environment;
  readonly method: BenchMethod;
  readonly contenders: readonly ContenderResult[];
}

export interface BenchMethod {
  readonly seed: number;
  readonly devices: number;
  readonly networks: number;
  readonly network: string;
  /** Processors of the server and of the generator; undefined: wherever the system put them. */
  readonly processors?: { readonly server: number; readonly generator: number };
  readonly generator: string;
  readonly roundsPlanned: number;
  readonly trial: TrialSettings;
}

export interface ContenderResult {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly durability: string;
  readonly settings: string;
  /** Why there are no figures; undefined when there are. */
  readonly missing?: string;
  /** One search a round. */
  readonly dora: readonly SearchResult[];
  readonly renewals?: RenewalResult;
}

export interface RenewalResult {
  /** Undefined when no rate was kept. */
  readonly maximumPerSecond: number | undefined;
  /** With `generator` and `rate-max` the maximum is a lower bound. */
  readonly end: SearchEnd;
  readonly trials: readonly TrialResult[];
}

export interface SearchResult extends RenewalResult {
  readonly violations: number;
  /** The server's memory at its peak so far; 0 when unknown. */
  readonly memoryMiBMax: number;
}

/** The maxima of a contender over the rounds; a round that kept no rate counts as 0. */
export interface DoraSummary {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  readonly rounds: number;
  /** Some round was limited by the generator, so the figures are lower bounds. */
  readonly isLowerBound: boolean;
}

export function doraSummaryOf({ dora }: Pick<ContenderResult, "dora">): DoraSummary | undefined {
  const maxima = dora.map(({ maximumPerSecond }) => maximumPerSecond ?? 0);
  const middle = median(maxima);
  if (middle === undefined) return undefined;
  return {
    median: middle,
    lowest: Math.min(...maxima),
    highest: Math.max(...maxima),
    rounds: maxima.length,
    isLowerBound: dora.some(isLowerBound),
  };
}

export function isLowerBound({ end }: Pick<RenewalResult, "end">): boolean {
  return end === "generator" || end === "rate-max";
}
