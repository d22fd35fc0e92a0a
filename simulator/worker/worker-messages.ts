import type { ModemEvent } from "../boot/modem-links.ts";
import type { PersonaCounts } from "../device/persona/personas.ts";
import type { ArrivalHistory } from "../load/arrival-log.ts";
import type { PhaseEnd } from "../load/phase-run.ts";
import type { ServerAnswers } from "../measure/answer-counts.ts";
import type { WorkerUsage } from "../measure/generator-health.ts";
import type { OutageReport } from "../measure/outage-log.ts";
import type { Measured, PhaseReport } from "../measure/recorder.ts";
import type { SafetyEvents } from "../measure/safety-events.ts";
import type { SecondReport } from "../measure/time-series.ts";
import type { NetworkCounters } from "../network/network-counters.ts";
import type { RunPlan } from "../plan/run-plan.ts";
import type { WorkerPlace } from "../plan/segment.ts";

// Every message between the coordinator and its workers. Times are Clock.monotonicMs, which all
// threads share.

/** What a worker is started with. */
export interface WorkerStart extends WorkerPlace {
  readonly plan: RunPlan;
}

export type ToWorker =
  /** Which devices hold a lease? Answered by `surveyed`. */
  | { readonly kind: "survey" }
  /**
   * Work out the shares of a phase, cut the power of a `powerCycle`, and answer `prepared`. `bound` has a bit
   * for each device of the whole population, so that all workers find the same shares.
   */
  | { readonly kind: "prepare"; readonly phase: number; readonly bound: Uint8Array }
  /** Begin the phase that was prepared; `runStartMs` is second 0 of the time series. */
  | { readonly kind: "start"; readonly startAtMs: number; readonly runStartMs: number }
  /** News of modems that other workers play, in order. */
  | { readonly kind: "modems"; readonly news: readonly ModemNews[] }
  /** Run the schedule at this pace from `atMs` on, also in later phases; 0 holds the arrivals. */
  | { readonly kind: "pace"; readonly pace: number; readonly atMs: number }
  /** No more arrivals: wait for transactions under way, for `drainMs` at most. */
  | { readonly kind: "end"; readonly drainMs: number }
  /** Close the sockets and answer `stopped`. */
  | { readonly kind: "stop" };

export type FromWorker =
  | { readonly kind: "ready"; readonly backend: "batch" | "dgram" }
  | { readonly kind: "surveyed"; readonly bound: Uint8Array }
  | { readonly kind: "prepared"; readonly phase: number }
  | { readonly kind: "second"; readonly report: SecondReport; readonly traffic: Traffic }
  | { readonly kind: "leases"; readonly batch: LeaseEventBatch }
  /** Sent whenever all the worker's own devices reach the phase's goal, or no longer have. */
  | { readonly kind: "goal"; readonly phase: number; readonly isReached: boolean }
  /** The measurements of a watched phase so far, once a second. */
  | { readonly kind: "measured"; readonly phase: number; readonly measured: Measured }
  /** For the workers that play devices behind these modems. */
  | { readonly kind: "modems"; readonly news: readonly ModemNews[] }
  | PhaseDone
  | Stopped;

/** Datagrams of a worker since it started. */
export interface Traffic {
  readonly sent: number;
  readonly received: number;
}

export interface ModemNews {
  readonly modem: number;
  readonly event: ModemEvent;
}

export interface PhaseDone {
  readonly kind: "phase-done";
  readonly phase: number;
  readonly endedBy: PhaseEnd;
  /** Devices that had given up their boot when the phase was over. */
  readonly devicesGivenUp: number;
  /** When it stopped handing out arrivals. */
  readonly endedAtMs: number;
  readonly report: PhaseReport;
  /** From the start of the phase to the end of its drain. */
  readonly usage: WorkerUsage;
  /** Only where the plan asks for it. */
  readonly history?: ArrivalHistory;
}

export interface Stopped {
  readonly kind: "stopped";
  /** Over the whole run. */
  readonly usage: WorkerUsage;
  /** Datagrams that were no DHCP message. */
  readonly decodeErrors: number;
  /** Messages that no device acted upon: late, duplicate or misdirected ones. */
  readonly ignoredReplies: number;
  /** The effects of the plan's network on datagrams. */
  readonly network: NetworkCounters;
  /** Counts for devices with a persona, by share of the plan. */
  readonly personas: readonly PersonaCounts[];
  readonly answers: readonly ServerAnswers[];
  /** Only where the plan asks for it. */
  readonly outages?: OutageReport | undefined;
}

/**
 * Everything that the worker saw before `watermarkMs` is in this batch or in an earlier one, so the
 * events of all workers are in order up to the smallest watermark.
 */
interface LeaseEventBatch {
  readonly watermarkMs: number;
  readonly events: SafetyEvents;
}
