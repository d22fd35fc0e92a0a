import type { Environment, Target } from "../result/run-result.ts";

/** `capacity.json`: the findings of `prov capacity`. Latencies are in milliseconds. */
export const CAPACITY_SCHEMA = "provlab/capacity@1";

export const capacityExchanges = ["discover", "renew", "boot"] as const;
export type CapacityExchange = (typeof capacityExchanges)[number];

export interface CapacityResult {
  readonly schema: typeof CAPACITY_SCHEMA;
  readonly scenario: { readonly name: string; readonly title: string; readonly sha256: string };
  /** The command as it was typed, quoted for a shell. */
  readonly command: string;
  readonly seed: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly environment: Environment;
  readonly target: Target;
  readonly devices: number;
  readonly exchange: CapacityExchange;
  readonly rule: CapacityRule;
  readonly verdict: CapacityVerdict;
  /** Why the answer is only a bound, or missing; one sentence each. */
  readonly reasons: readonly string[];
  /** Null when the server kept no rate that was tried. */
  readonly maximumPerSecond: number | null;
  /** 95 % interval. Null after a single repeat; `highPerSecond` also when the answer is a bound. */
  readonly lowPerSecond: number | null;
  readonly highPerSecond: number | null;
  readonly repeats: readonly CapacityRepeat[];
  /** Trials at shares of the maximum. */
  readonly latency: readonly CapacityLatency[];
  /** ACKs that no correct server sends. */
  readonly violations: number;
}

/** When a rate is kept. */
export interface CapacityRule {
  readonly unansweredPercentMax: number;
  readonly withinMs: number;
  readonly trialMs: number;
  /** A search ends when the kept and the missed rate are this close. */
  readonly precisionPercent: number;
  /** Searches asked for. The time limit may leave fewer. */
  readonly repeats: number;
}

/**
 * `found`: the server's own limit. `bound`: the server keeps at least this, and something else ended
 * the search. `none`: the server missed even the lowest rate. `unsafe`: it sent wrong ACKs.
 */
export type CapacityVerdict = "found" | "bound" | "none" | "unsafe";

export type CapacityEnd = "found" | "generator" | "rate-max" | "rate-min" | "trials" | "time-limit";

export interface CapacityRepeat {
  readonly end: CapacityEnd;
  readonly keptPerSecond: number | null;
  readonly missedPerSecond: number | null;
  /** Devices that held a lease of this server before the first rate was tried. */
  readonly devicesBound: number;
  readonly trials: readonly CapacityTrial[];
}

export interface CapacityTrial {
  readonly ratePerSecond: number;
  readonly offered: number;
  /** Transactions that were complete in time. */
  readonly answered: number;
  readonly unansweredShare: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  readonly latencyMsP999: number;
  readonly slipMsP99: number;
  readonly generatorCpuPercent: number;
  readonly generatorStarvedPercent: number;
  readonly verdict: "kept" | "missed" | "generator-limited";
  /** Where the generator was beyond its limits. The latencies of a rate kept in spite of it are too high. */
  readonly problems: readonly string[];
}

export interface CapacityLatency {
  readonly sharePercent: number;
  readonly trial: CapacityTrial;
}
