import type { FailoverEventResult } from "../../reports/result/failover-result.ts";
import type { RunResult, Verdict } from "../../reports/result/run-result.ts";
import type { DrillScale } from "./drill-scale.ts";

/** One run of a drill, as a line of the campaign's file. */
export interface DrillTrial extends DrillScale {
  readonly drill: string;
  readonly seed: number;
  readonly verdict: Verdict;
  /** Why it did not pass, a sentence each. */
  readonly reasons: readonly string[];
  /** What must never happen: leases lost, addresses with two devices, changed ones, ACKs without leadership. */
  readonly lost: number;
  readonly duplicate: number;
  readonly changed: number;
  readonly unled: number;
  readonly events: readonly DrillEvent[];
  /** Commit of the program that was played. */
  readonly commit: string;
}

export interface DrillEvent {
  readonly name: string;
  /** What was done. */
  readonly text: string;
  /** 0 when the service went on; null when it did not come back. */
  readonly rtoMs: number | null;
  readonly detectedAfterMs: number | null;
  readonly activeAfterMs: number | null;
  readonly devicesAffected: number;
  readonly devicesUnserved: number;
  /** The 99th percentile of the longest waits of the devices that waited. */
  readonly outageMsP99: number;
  /** Null: not in this run. */
  readonly steadyAfterMs: number | null;
}

type DrillRun = Pick<DrillTrial, "drill" | "seed" | keyof DrillScale>;

export function trialOf(
  run: DrillRun,
  { verdict, reasons, safety, failover, environment }: RunResult,
): DrillTrial {
  return {
    ...{ ...run, verdict, reasons },
    lost: safety.acknowledgedLeasesLost,
    duplicate: safety.doubleAllocations,
    changed: safety.addressesChangedOnRenewal + (safety.addressesChangedAfterFailover ?? 0),
    unled: safety.acknowledgedWithoutLeadership ?? 0,
    events: (failover?.events ?? []).map(eventOf),
    commit: environment.commit,
  };
}

/** A run without a result: it proves nothing. */
export function trialWithoutResult(run: DrillRun, reason: string): DrillTrial {
  return {
    ...{ ...run, verdict: "invalid", reasons: [reason] },
    ...{ lost: 0, duplicate: 0, changed: 0, unled: 0, events: [], commit: "unknown" },
  };
}

function eventOf(event: FailoverEventResult): DrillEvent {
  const { name, text, interruption, detectedAfterMs, activeAfterMs, steadyAfterMs } = event;
  const { devicesAffected, devicesUnserved, outageMs } = event;
  return {
    ...{ name, text, rtoMs: interruption === null ? 0 : interruption.rtoMs },
    ...{ detectedAfterMs, activeAfterMs, devicesAffected, devicesUnserved },
    ...{ outageMsP99: outageMs.p99, steadyAfterMs },
  };
}
