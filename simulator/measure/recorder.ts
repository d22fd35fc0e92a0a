import { addFields } from "../../base/add-fields.ts";
import { LatencyHistogram } from "../../base/histogram.ts";
import { RateProfile } from "../../scenarios/language/rate-profile.ts";
import { BootRecord, type BootReport } from "../boot/boot-record.ts";
import {
  addEncoded,
  type EncodedHistograms,
  encoded,
  type KindHistograms,
} from "../boot/kind-histograms.ts";
import type { StreamExchange } from "../device/exchange.ts";
import {
  hasEachOnce,
  type PhasePlan,
  rateOf,
  type StreamPlan,
  windowOf,
} from "../plan/run-plan.ts";
import type { Breakage } from "./breakage.ts";
import { Slowest, type SlowTransaction } from "./slowest.ts";
import { type StageOutcome, StageRecord, type StageReport } from "./stage-record.ts";

/** An arrival whose packet left later than this after its intended time is counted as late. */
export const LATE_MS = 2;

/** Counts of the arrivals of one stream, or of the transactions that devices began themselves. */
export type StreamCounters = ReturnType<typeof emptyCounters>;

export function emptyCounters() {
  return {
    /** Transactions that the schedule asked for. */
    offered: 0,
    sent: 0,
    completed: 0,
    /** Given up without an answer, or not complete when the phase's drain ended. */
    timeouts: 0,
    retransmissions: 0,
    naks: 0,
    /** Cut short because the device began anew. */
    abandoned: 0,
    /** Arrivals that found no device in the right state: nothing was sent for them. */
    notEligible: 0,
    /** Sent more than LATE_MS after the intended time. */
    late: 0,
    /** Due in the phase, but never handed out, because the worker did not come to them. */
    unsent: 0,
  };
}

/** From a device's intended start to its ACK. */
export type TimeToBound = KindHistograms;

/** One stream of one phase, over all workers or over one. */
export class StreamRecord {
  readonly counters = emptyCounters();
  /** Completed before the phase stopped handing out arrivals: what the achieved rate counts. */
  completedInWindow = 0;
  /** When the last one was completed, since the phase began. */
  lastCompletedMs = 0;
  /** From the intended send time to the kernel's receive timestamp of the ACK. */
  readonly latency = new LatencyHistogram();
  /** From the actual send time to the same. */
  readonly service = new LatencyHistogram();
  /** Actual minus intended send time. */
  readonly slip = new LatencyHistogram();
  /** For a rate that changes: the stages that had an arrival; the others are undefined. */
  readonly stages: (StageRecord | undefined)[] = [];

  stage(index: number): StageRecord {
    while (this.stages.length <= index) this.stages.push(undefined);
    this.stages[index] ??= new StageRecord();
    return this.stages[index];
  }

  toReport(): StreamReport {
    return {
      counters: this.counters,
      completedInWindow: this.completedInWindow,
      lastCompletedMs: this.lastCompletedMs,
      latency: this.latency.toBase64(),
      service: this.service.toBase64(),
      slip: this.slip.toBase64(),
      stages: this.stages.map((stage) => stage?.toReport()),
    };
  }

  add(report: StreamReport): void {
    addFields(this.counters, report.counters);
    this.completedInWindow += report.completedInWindow;
    this.lastCompletedMs = Math.max(this.lastCompletedMs, report.lastCompletedMs);
    this.latency.merge(LatencyHistogram.fromBase64(report.latency));
    this.service.merge(LatencyHistogram.fromBase64(report.service));
    this.slip.merge(LatencyHistogram.fromBase64(report.slip));
    report.stages.forEach((stage, index) => {
      if (stage !== undefined) this.stage(index).add(stage);
    });
  }
}

/** A StreamRecord that may cross threads. Histograms in HdrHistogram's V2 encoding. */
interface StreamReport {
  readonly counters: Readonly<StreamCounters>;
  readonly completedInWindow: number;
  readonly lastCompletedMs: number;
  readonly latency: string;
  readonly service: string;
  readonly slip: string;
  readonly stages: readonly (StageReport | undefined)[];
}

/** One phase, over all workers or over one. */
export class PhaseRecord {
  readonly streams: readonly StreamRecord[];
  /** Transactions of no stream: renewals at T1, and those that outlived their phase. */
  readonly background = emptyCounters();
  readonly timeToBound: TimeToBound = {};
  readonly boot = new BootRecord();
  readonly slowest = new Slowest();

  constructor(streamCount: number) {
    this.streams = Array.from({ length: streamCount }, () => new StreamRecord());
  }

  toReport(): PhaseReport {
    return {
      streams: this.streams.map((stream) => stream.toReport()),
      background: this.background,
      timeToBound: encoded(this.timeToBound),
      boot: this.boot.toReport(),
      slowest: this.slowest.all,
    };
  }

  add(report: PhaseReport): void {
    report.streams.forEach((stream, index) => {
      this.streams[index]?.add(stream);
    });
    addFields(this.background, report.background);
    addEncoded(this.timeToBound, report.timeToBound);
    this.boot.add(report.boot);
    for (const transaction of report.slowest) this.slowest.add(transaction);
  }
}

export interface PhaseReport {
  readonly streams: readonly StreamReport[];
  readonly background: Readonly<StreamCounters>;
  readonly timeToBound: EncodedHistograms;
  readonly boot: BootReport;
  readonly slowest: readonly SlowTransaction[];
}

/** What one worker has measured of a phase so far; the time is Clock.monotonicMs. */
export interface Measured {
  readonly atMs: number;
  readonly report: PhaseReport;
}

/**
 * Whether a stream has times that a generator can keep (`open`), many devices at one moment (`at-once`),
 * or no times at all, because each transaction waits for another one (`closed`).
 */
export type StreamLoad = "open" | "at-once" | "closed";

/** One stream of one phase, as the outcome has it. */
export interface StreamOutcome {
  readonly exchange: StreamExchange;
  /** Only for a stream with a name other than its exchange. */
  readonly name?: string;
  /** The mean for a rate that changes or that chance decides; undefined when the stream has no rate. */
  readonly ratePerSecond: number | undefined;
  readonly load: StreamLoad;
  /** For a closed loop: transactions under way at most. */
  readonly outstanding?: number;
  /** For a stream that has every device once: in how long they all start. */
  readonly allWithinMs?: number;
  readonly counters: Readonly<StreamCounters>;
  /** Completed transactions a second, while the stream had something to do. */
  readonly achievedPerSecond: number;
  readonly latency: LatencyHistogram;
  readonly service: LatencyHistogram;
  readonly slip: LatencyHistogram;
  /** For a rate that changes: the stages that the phase came to. */
  readonly stages?: readonly StageOutcome[];
  /** Only for a stream that looks for breakage. */
  readonly breakage?: Breakage;
}

export function outcomeOf(
  phase: PhasePlan,
  stream: StreamPlan,
  record: StreamRecord,
  durationMs: number,
): StreamOutcome {
  const { counters, latency, service, slip } = record;
  const window = windowOf(phase, stream);
  const endMs = Math.min(window.endMs, durationMs);
  const activeMs = Math.max(0, endMs - window.startMs);
  const rate = rateOf(stream);
  // The number of arrivals varies here, so the rate is what the stream really asked for.
  const varies =
    stream.kind === "profile" ||
    stream.kind === "churn" ||
    (stream.kind === "rate" && stream.arrivals === "poisson");
  const stages = stagesOf(stream, record, window.startMs, endMs);
  return {
    exchange: stream.exchange,
    ...(stream.name === undefined ? {} : { name: stream.name }),
    ratePerSecond: varies ? perSecond(counters.offered, activeMs) : rate,
    load: loadOf(stream),
    ...(stream.kind === "outstanding" ? { outstanding: stream.outstanding } : {}),
    ...(stream.kind === "all-within" ? { allWithinMs: stream.allWithinMs } : {}),
    counters,
    achievedPerSecond:
      stream.kind === "all-within" || hasEachOnce(phase, stream)
        ? achievedOnce(record, window.startMs, rate)
        : perSecond(record.completedInWindow, activeMs),
    latency,
    service,
    slip,
    ...(stages === undefined ? {} : { stages }),
  };
}

function loadOf(stream: StreamPlan): StreamLoad {
  if (stream.kind === "outstanding") return "closed";
  const isAtOnce =
    stream.kind === "all-within" ? stream.allWithinMs === 0 : stream.kind === "burst";
  return isAtOnce ? "at-once" : "open";
}

/** The stages that began before the stream was over. */
function stagesOf(
  stream: StreamPlan,
  record: StreamRecord,
  startMs: number,
  endMs: number,
): readonly StageOutcome[] | undefined {
  if (stream.kind !== "profile") return undefined;
  const { stageEndsMs } = new RateProfile(stream.stages);
  return stream.stages
    .map(({ fromPerSecond, toPerSecond, durationMs }, index) => {
      const stageEndMs = startMs + stageEndsMs[index];
      const { counts, latency } = record.stages[index] ?? new StageRecord();
      const stageStartMs = stageEndMs - durationMs;
      const times = { startMs: stageStartMs, endMs: Math.min(stageEndMs, endMs) };
      return { fromPerSecond, toPerSecond, ...times, counts, latency };
    })
    .filter((stage) => stage.startMs < endMs);
}

// For a stream that has each device once and so may be over before its phase: its time is the time to its
// last completed transaction, or the time of its arrivals at their rate, whichever is longer.
function achievedOnce(
  { counters, lastCompletedMs }: StreamRecord,
  startMs: number,
  rate: number | undefined,
): number {
  const arrivalsMs = rate === undefined ? 0 : (counters.offered * 1000) / rate;
  return perSecond(counters.completed, Math.max(arrivalsMs, lastCompletedMs - startMs));
}

function perSecond(count: number, ms: number): number {
  return ms > 0 ? (count * 1000) / ms : 0;
}
