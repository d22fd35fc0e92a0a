import type { FailoverResult } from "../failover/failover-result.ts";

/**
 * `result.json`: the contract between a run and everything that reads one. Latencies are in
 * milliseconds; a *discover* transaction is Discover, Offer, Request, Ack, a *renew* transaction is
 * Request, Ack (GAP-4: the guide does not say, so every result does). Optional fields belong to what
 * not every run has: devices that boot, the bundled server, loss on purpose.
 */
export const RESULT_SCHEMA = "provlab/result@1";

export type Verdict = "pass" | "fail" | "invalid";

export interface RunResult {
  readonly schema: typeof RESULT_SCHEMA;
  readonly scenario: { readonly name: string; readonly title: string; readonly sha256: string };
  /** What was typed, quoted for a shell and with its seed: it asks for the same load again. */
  readonly command?: string;
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
  /**
   * By kind of device and `all`: from the intended power-on to on line, failed boots in between
   * included. A device that never came on line is in none of them; see `BootFailureResult.devices`.
   */
  readonly timeToOnlineMs?: Readonly<Record<string, Distribution>>;
  readonly thresholds: readonly ThresholdResult[];
  readonly safety: SafetyResult;
  readonly generator: GeneratorResult;
  readonly server?: ServerUsage;
  /** Only where some devices have something wrong with them. */
  readonly personas?: readonly PersonaResult[];
  /** Only where the scenario makes the network worse than it is. */
  readonly network?: NetworkResult;
  /** Only of a run with several targets. */
  readonly answeredBy?: readonly AnsweredBy[];
  /** Only of a run with several targets to which something happened. */
  readonly failover?: FailoverResult;
  /** Only of a part of a run: its figures are those of its own devices. */
  readonly segment?: { readonly number: number; readonly count: number };
  /** Only of a run that several processes played. */
  readonly segments?: readonly SegmentSummary[];
  readonly timeSeries: readonly TimeSeriesRow[];
}

/** One of the processes that played a run together. */
export interface SegmentSummary {
  /** From 1. */
  readonly segment: number;
  /** The machine, and of an agent its name. */
  readonly host: string;
  readonly agent?: string;
  readonly cpu: string;
  readonly workers: number;
  /** When its run began, after the first one's. */
  readonly startedAfterMs: number;
  /** Of an agent: its clock minus the coordinator's, and the time that the question took. */
  readonly clockOffsetMs?: number;
  readonly clockRoundTripMs?: number;
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
  /** Of a pair that the run has started itself: `Kea 2.6.3 hot-standby`. */
  readonly product?: string;
  readonly address: string;
  readonly port: number;
  /** The other servers that every relay forwarded to, on the same port. */
  readonly others?: readonly string[];
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
  /**
   * What ended it: its duration, everything bound or on line, the time limit, the breakage that was
   * looked for, or a threshold that ends the run.
   */
  readonly endedBy: string;
  readonly streams: readonly StreamResult[];
  /** Only of a phase in which devices booted or fetched files. */
  readonly boot?: BootResult;
}

/**
 * Of a *boot* stream a transaction is the whole chain from power-on to on line, of a *download*
 * stream one file: latency counts to its end, time-outs are devices that gave up, and
 * retransmissions are datagrams that were sent again.
 */
export interface StreamResult {
  readonly exchange: string;
  /** Only of a stream that is not called by its exchange. */
  readonly name?: string;
  /** The mean of a rate that changes. Null when all devices start at once, and in a closed loop. */
  readonly offeredPerSecond: number | null;
  /** Of a closed loop alone: transactions under way at most. Its latency is service time. */
  readonly outstanding?: number;
  readonly achievedPerSecond: number;
  /** Achieved over offered; null where no rate was offered. */
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
  /** Only of a rate that changes: its straight stretches, in their order, as far as the phase came. */
  readonly stages?: readonly StageResult[];
  /** Only of a stream that looks for the rate at which the server breaks. */
  readonly breakage?: BreakageResult;
}

/**
 * A straight stretch of a rate, with what became of the arrivals that were intended in it, whenever
 * that was: the points of a curve of latency over load.
 */
export interface StageResult {
  readonly fromPerSecond: number;
  readonly toPerSecond: number;
  /** Since the phase began. A stage that the end of the phase cut short ends there. */
  readonly startMs: number;
  readonly endMs: number;
  readonly offered: number;
  readonly completed: number;
  readonly offeredPerSecond: number;
  /** Those that were complete within a second of their intended start. */
  readonly achievedPerSecond: number;
  /** The share of the offered ones that was not: 0 to 100. */
  readonly missedPercent: number;
  readonly notEligible: number;
  /** Sent more than 2 ms late by the generator itself. */
  readonly late: number;
  readonly latencyMs: Distribution;
}

export interface BreakageResult {
  /** The highest rate whose stage kept the limit; null when the first one missed it. */
  readonly lastKeptPerSecond: number | null;
  /** Null when every stage kept it. */
  readonly firstMissedPerSecond: number | null;
  readonly reason: string;
}

/** How devices came on line in a phase, and what kept others from it. */
export interface BootResult {
  /** From the start of the phase to a device's being on line. */
  readonly onlineAfterMs: Distribution;
  /** As `RunResult.timeToOnlineMs`, of this phase. */
  readonly timeToOnlineMs: Readonly<Record<string, Distribution>>;
  /** By kind, in the order of the kind's chain. */
  readonly steps: readonly BootStepResult[];
  readonly failures: readonly BootFailureResult[];
  readonly downloads: DownloadsResult;
}

/** One step of one kind of device, over the boots that came to the end of that step. */
export interface BootStepResult {
  readonly kind: string;
  /** ranging, modem, dhcp, time, ntp, tftp, check, registration or syslog. */
  readonly step: string;
  readonly durationMs: Distribution;
  /**
   * Mean time from the device's intended power-on to the start of the step; the mean end is this
   * plus `durationMs.mean`.
   */
  readonly startMeanMs: number;
  /** Optional steps that went wrong and were passed over (TIME-5). */
  readonly passedOver: number;
}

/** What kept devices of one kind from getting on, by step and problem. */
export interface BootFailureResult {
  readonly kind: string;
  readonly step: string;
  readonly problem: string;
  /** Boots that ended there; the device tried again. */
  readonly boots: number;
  /** Devices that gave up there. */
  readonly devices: number;
}

/** The files that devices fetched by TFTP, whether on their way to on line or afterwards. */
export interface DownloadsResult {
  readonly files: number;
  readonly bytes: number;
  /** Files whose length and hash were known and right. */
  readonly verified: number;
  /** Files whose MICs or format were looked at and right. */
  readonly contentsChecked: number;
  /** Files from the second or a later server of the device's list (TFTP-2). */
  readonly fromSecondary: number;
  /** Attempts at one server that failed, by problem. */
  readonly failedAttempts: Readonly<Record<string, number>>;
  /** Copies of a datagram that was sent before, by service. */
  readonly retransmissions: Readonly<Record<string, number>>;
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
  /** Only of a pair: ACKs by a node while the other one led. */
  readonly acknowledgedWithoutLeadership?: number;
  /** Only of a pair: devices that got another address while their lease ran on (LEASE-7, HA-5). */
  readonly addressesChangedAfterFailover?: number;
  /** Findings that a device's persona makes inevitable, by name; not counted above. Absent when none. */
  readonly expected?: Readonly<Record<string, number>>;
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
  /** How much of the time a worker was ready while other programs had the cores: the worst worker. */
  readonly starvedPercentMax?: number;
  readonly memoryMiB: number;
  /** Empty when the generator was not the limit. */
  readonly problems: readonly string[];
  /** Datagrams dropped on purpose, in both directions, where the scenario asks for it. */
  readonly simulatedLoss?: { readonly percent: number; readonly dropped: number };
}

/** What became of datagrams on the scenario's network, by direction; all protocols together. */
export interface NetworkResult {
  readonly toServer: NetworkDirectionResult;
  readonly toDevices: NetworkDirectionResult;
}

export interface NetworkDirectionResult {
  readonly lost: number;
  /** Arrived later than they were sent, for any reason below or the delay. */
  readonly delayed: number;
  readonly duplicated: number;
  /** Held back so that others passed. */
  readonly reordered: number;
  /** Waited in the queue of a CMTS. */
  readonly throttled: number;
  /** Found the queue of a CMTS full. */
  readonly dropped: number;
}

/** What happened to the devices of one persona of the scenario. */
export interface PersonaResult {
  readonly kind: string;
  /** Of captured devices: the name of their persona. */
  readonly name?: string;
  /** The kind of device that it is a share of; absent for a share of all. */
  readonly of?: string;
  /** 0 where the scenario gives their count. */
  readonly percent: number;
  readonly devices: number;
  /** Of these, holding a lease at the end of the run. */
  readonly bound: number;
  /** Exchanges that ended with an ACK. */
  readonly completed: number;
  readonly naks: number;
  readonly declines: number;
  readonly timeouts: number;
  readonly retransmissions: number;
  /** Leases acknowledged to the other device with the same MAC. */
  readonly twinLeases: number;
}

/** The bundled server's own use of the machine, read from /proc. */
export interface ServerUsage {
  readonly cpuSeconds: number;
  readonly residentMiBMax: number;
}

/** How many ACKs of the run came from one server: every target is here, and whoever else answered. */
export interface AnsweredBy {
  /** The server identifier (option 54) of its ACKs. */
  readonly server: string;
  readonly acknowledged: number;
}

export interface TimeSeriesRow {
  /** Seconds since the run began. */
  readonly second: number;
  readonly phase: string;
  /** Sent are those that a stream began; completed also those that devices began by themselves. */
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
  /** Only of a run in which such an exchange occurs. */
  readonly rebindSent?: number;
  readonly rebindCompleted?: number;
  readonly rebootSent?: number;
  readonly rebootCompleted?: number;
  readonly releaseSent?: number;
  readonly bootsSent?: number;
  readonly downloadsSent?: number;
  /** Devices on line at the end of the second. */
  readonly online?: number;
  /** Devices by state of their boot at the end of the second: off, the steps, pausing, online, failed. */
  readonly bootStates?: Readonly<Record<string, number>>;
  readonly bootsCompleted?: number;
  readonly downloadsCompleted?: number;
  /** Of one core, by all threads of the bundled server, since the row before. */
  readonly serverCpuPercent?: number;
  /** Resident memory of the bundled server at the end of the second. */
  readonly serverResidentMiB?: number;
}
