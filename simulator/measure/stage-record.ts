import { addFields } from "../../base/add-fields.ts";
import { LatencyHistogram } from "../../base/histogram.ts";

/** A transaction is in time if it is complete within this time of its intended start. */
export const IN_TIME_MS = 1000;

/** Counts of the arrivals that were intended in one stage of a rate profile. */
export interface StageCounts {
  offered: number;
  completed: number;
  /** Complete within IN_TIME_MS of the intended start. */
  inTime: number;
  /** Found no device in the right state. */
  notEligible: number;
  /** Sent late by the generator itself. */
  late: number;
}

/** One stage of one stream, over all workers or over one. */
export class StageRecord {
  readonly counts: StageCounts = { offered: 0, completed: 0, inTime: 0, notEligible: 0, late: 0 };
  /** From the intended send time to the kernel's receive timestamp of the ACK. */
  readonly latency = new LatencyHistogram();

  completed(latencyMs: number): void {
    this.counts.completed += 1;
    if (latencyMs <= IN_TIME_MS) this.counts.inTime += 1;
    this.latency.recordMs(latencyMs);
  }

  toReport(): StageReport {
    return { counts: { ...this.counts }, latency: this.latency.toBase64() };
  }

  add({ counts, latency }: StageReport): void {
    addFields(this.counts, counts);
    this.latency.merge(LatencyHistogram.fromBase64(latency));
  }
}

/** A StageRecord that may cross threads; the histogram in HdrHistogram's V2 encoding. */
export interface StageReport {
  readonly counts: Readonly<StageCounts>;
  readonly latency: string;
}

/** One stage of one stream, as the outcome has it. */
export interface StageOutcome {
  readonly fromPerSecond: number;
  readonly toPerSecond: number;
  /** Since the phase began. */
  readonly startMs: number;
  readonly endMs: number;
  readonly counts: Readonly<StageCounts>;
  readonly latency: LatencyHistogram;
}

/** The percentage of the offered transactions that was not complete in time. */
export function missedPercent({ offered, inTime }: Readonly<StageCounts>): number {
  return offered === 0 ? 0 : (100 * (offered - inTime)) / offered;
}
