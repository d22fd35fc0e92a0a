import type { PersonaShare } from "../../scenarios/population/personas.ts";
import type { BootRecord } from "../boot/boot-record.ts";
import type { PersonaCounts } from "../device/persona/personas.ts";
import type { ArrivalHistory } from "../load/arrival-log.ts";
import type { ServerAnswers } from "../measure/answer-counts.ts";
import type { GeneratorHealth, JudgedPhase } from "../measure/generator-health.ts";
import type { OutageReport } from "../measure/outage-log.ts";
import type { StreamCounters, TimeToBound } from "../measure/recorder.ts";
import type { SafetySummary } from "../measure/safety-checker.ts";
import type { SlowTransaction } from "../measure/slowest.ts";
import type { SimulatedSecond } from "../measure/time-series.ts";
import type { NetworkCounters } from "../network/network-counters.ts";
import type { PhaseGoal } from "../plan/run-plan.ts";
import type { RunPaceSummary } from "./run-pace.ts";

export interface SimulationOutcome {
  /** Wall clock, ms since the epoch: the start of the first phase, the end of the last. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly devices: number;
  readonly workers: number;
  readonly backend: "batch" | "dgram";
  /** The signal ended the run: the last phase is incomplete and later ones are missing. */
  readonly aborted: boolean;
  /** Undefined for a run that kept to its plan. */
  readonly pace: RunPaceSummary | undefined;
  readonly phases: readonly PhaseOutcome[];
  /** Over all phases. */
  readonly timeToBound: TimeToBound;
  readonly timeSeries: readonly SimulatedSecond[];
  readonly safety: SafetySummary;
  readonly leases: AcknowledgedLeases;
  readonly health: GeneratorHealth;
  /** Datagrams that were no DHCP message. */
  readonly decodeErrors: number;
  /** Messages that no device acted upon: late, duplicate or misdirected ones. */
  readonly ignoredReplies: number;
  /** The effects of the plan's network on datagrams. */
  readonly network: NetworkCounters;
  /** Counts for devices with a persona, by share of the plan. */
  readonly personas: readonly PersonaOutcome[];
  /** ACKs by server, over the whole run. */
  readonly answers: readonly ServerAnswers[];
  /** Only where the plan asks for it. */
  readonly outages?: OutageHistory;
}

/** How devices saw servers fail and come back, over all workers. */
interface OutageHistory extends OutageReport {
  /** Devices that got another address while the lease of their last one ran on. */
  readonly addressesMoved: number;
}

export interface PersonaOutcome extends PersonaShare, PersonaCounts {
  readonly devices: number;
}

/** `given-up`: all devices are on line or have given up. */
export type PhaseOutcomeEnd =
  | "duration"
  | PhaseGoal
  | "given-up"
  | "time-limit"
  /** A rising rate has found where the server breaks. */
  | "breakage"
  /** A threshold that ends the run failed. */
  | "threshold"
  /** Nobody answered anything for too long. */
  | "silence"
  | "aborted";

export interface PhaseOutcome extends JudgedPhase {
  /** Since the run began. */
  readonly startedAtMs: number;
  /** While arrivals were handed out, without the drain. */
  readonly durationMs: number;
  readonly endedBy: PhaseOutcomeEnd;
  /** The threshold that ended the phase, and the value measured then. */
  readonly endedWhy?: string;
  /** Devices that had given up their boot by then. */
  readonly devicesGivenUp: number;
  /** Transactions of no stream: renewals that devices began at T1 or T2, stragglers. */
  readonly background: Readonly<StreamCounters>;
  readonly timeToBound: TimeToBound;
  /** Boots and downloads; empty where there were none. */
  readonly boot: BootRecord;
  /** The slowest first; times count from the start of the phase. */
  readonly slowest: readonly SlowTransaction[];
  /** By worker, where the plan asks for it. */
  readonly history?: readonly ArrivalHistory[];
}

/**
 * The lease that each device was last acknowledged, has not given back and that still runs, in
 * columns: entry i is device[i] (a number of the population), address[i], expiresAtSeconds[i] (Unix
 * time by the device's own reckoning, from its REQUEST; infinity for a lease without end).
 */
export interface AcknowledgedLeases {
  readonly count: number;
  readonly device: Uint32Array;
  readonly address: Uint32Array;
  readonly expiresAtSeconds: Float64Array;
}

/** Progress for a person who watches, once a second. */
export interface SimulationProgress {
  readonly phase: string;
  readonly phaseIndex: number;
  readonly phaseCount: number;
  /** By the schedule, which a pause holds. */
  readonly phaseElapsedMs: number;
  /** The phase's duration, or its time limit. */
  readonly phaseMsMax: number;
  readonly devices: number;
  /** Present speed of the schedule: 1 unless it was changed; 0 is a pause. */
  readonly pace: number;
  readonly row: SimulatedSecond;
}
