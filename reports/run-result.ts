/**
 * `result.json`: the contract between a run and everything that reads one. Latencies are in
 * milliseconds; a *discover* transaction is Discover, Offer, Request, Ack, a *renew* transaction is
 * Request, Ack (GAP-4: the guide does not say, so every result does).
 */
export const RESULT_SCHEMA = "provlab/result@1";

export type Verdict = "pass" | "fail" | "invalid";

export interface RunResult {
  readonly schema: typeof RESULT_SCHEMA;
  readonly scenario: { readonly name: string; readonly title: string; readonly sha256: string };
  readonly seed: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly verdict: Verdict;
  /** Why the verdict is what it is: one sentence each, empty for a pass. */
  readonly reasons: readonly string[];
  readonly environment: Environment;
  readonly target: Target;
  readonly population: PopulationSummary;
  readonly transactions: Readonly<Record<string, string>>;
  readonly phases: readonly PhaseResult[];
  /** From a device's intended start to its ACK, for every device that was bound in the run. */
  readonly timeToBoundMs: Readonly<Record<string, Distribution>>;
  readonly thresholds: readonly ThresholdResult[];
  readonly safety: SafetyResult;
  readonly generator: GeneratorResult;
  readonly server?: ServerUsage;
  readonly timeSeries: readonly TimeSeriesRow[];
}

export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly provlab: string;
  readonly commit: string;
  /** `fsync`, `os` or `none` for the bundled server; `unknown` for somebody else's. */
  readonly durability: string;
  readonly socket: string;
  readonly workers: number;
}

export interface Target {
  readonly kind: "bundled" | "external";
  readonly address: string;
  readonly port: number;
}

export interface PopulationSummary {
  readonly devices: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly cmts: number;
}

export interface PhaseResult {
  readonly name: string;
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** What ended it: its duration, everything bound, or the time limit. */
  readonly endedBy: string;
  readonly streams: readonly StreamResult[];
}

export interface StreamResult {
  readonly exchange: string;
  /** Null when all devices start at once. */
  readonly offeredPerSecond: number | null;
  readonly achievedPerSecond: number;
  /** Achieved over offered; null when all devices start at once. */
  readonly achievedRatio: number | null;
  /** Transactions that the schedule asked for. */
  readonly offered: number;
  readonly sent: number;
  readonly completed: number;
  readonly timeouts: number;
  readonly retransmissions: number;
  readonly naks: number;
  /** Arrivals that found no device in the right state: nothing was sent for them. */
  readonly notEligible: number;
  /** From the intended send time to the ACK. */
  readonly latencyMs: Distribution;
  /** From the moment the packet really left to the kernel's receive timestamp of the ACK. */
  readonly serviceMs: Distribution;
  /** How late the generator itself sent. */
  readonly slipMs: Distribution;
}

/** Milliseconds; `histogram` is HdrHistogram's V2 encoding in base64. */
export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly mean: number;
  readonly histogram: string;
}

export interface ThresholdResult {
  readonly text: string;
  /** Null when the run never got as far as measuring it, which fails the threshold. */
  readonly actual: number | null;
  readonly holds: boolean;
}

export interface SafetyResult {
  /** ACKs that the checker followed. */
  readonly acknowledged: number;
  readonly doubleAllocations: number;
  /** Acknowledged leases that the server denied in the run, or that its lease file does not hold. */
  readonly acknowledgedLeasesLost: number;
  readonly addressesChangedOnRenewal: number;
  readonly addressesNeverOffered: number;
  /** Addresses outside the network of the device's CMTS. */
  readonly addressesOutsideNetwork: number;
  /** Replies without what a client needs, or that do not echo option 82. */
  readonly malformedReplies: number;
  /** The first few violations in words. */
  readonly examples: readonly string[];
  /** Where lost leases were looked for. */
  readonly audit: string;
}

export interface GeneratorResult {
  readonly slipMsP99: number;
  readonly socketDrops: number;
  readonly sendErrors: number;
  /** The busiest worker's share of a core. */
  readonly cpuPercentMax: number;
  readonly memoryMiB: number;
  /** Empty when the generator was not the limit. */
  readonly problems: readonly string[];
}

/** The bundled server's own use of the machine, read from /proc. */
export interface ServerUsage {
  readonly cpuSeconds: number;
  readonly residentMiBMax: number;
}

export interface TimeSeriesRow {
  /** Seconds since the run began. */
  readonly second: number;
  readonly phase: string;
  readonly discoverSent: number;
  readonly discoverCompleted: number;
  readonly renewSent: number;
  readonly renewCompleted: number;
  readonly timeouts: number;
  readonly retransmissions: number;
  readonly latencyMsP50: number | null;
  readonly latencyMsP99: number | null;
  readonly latencyMsMax: number | null;
  readonly bound: number;
  /** Devices by state, in the order of their names. */
  readonly devices: Readonly<Record<string, number>>;
}
