import { Rows } from "../../base/rows.ts";
import type { Population } from "../../scenarios/population/population.ts";
import { recordKind } from "../boot/kind-histograms.ts";
import type { CompletedExchange, FailedExchange, StreamExchange } from "../device/exchange.ts";
import type { StreamCounters } from "../measure/recorder.ts";
import { LATE_MS, PhaseRecord, type PhaseReport } from "../measure/recorder.ts";
import type { StageRecord } from "../measure/stage-record.ts";
import type { SecondTally } from "../measure/time-series.ts";
import { type PhasePlan, profileOf, windowOf } from "../plan/run-plan.ts";
import { ScheduleClock } from "./schedule-clock.ts";

/** What a worker remembers about each device of the population from phase to phase. */
export class DeviceNotes extends Rows {
  /** 0, or 1 + the stream that the device's transaction belongs to. */
  readonly streamOf = new Uint8Array(this.size);
  /** When the device was meant to start; NaN once it is bound. */
  readonly startedAtMs = new Float64Array(this.size).fill(Number.NaN);
  /** Messages sent again in the transaction of a stream, up to 255. */
  readonly sentAgain = new Uint8ClampedArray(this.size);
}

export interface PhaseLedgerInput {
  readonly phase: PhasePlan;
  readonly population: Population;
  readonly notes: DeviceNotes;
  readonly tally: SecondTally;
  /** After this time, every transmission of a message has gone unanswered. */
  readonly giveUpMs: number;
}

/** Arrivals whose packets may wait for one flush. */
export const UNSENT_MAX = 64;

/** Books how the transactions of one phase on one worker ended, by stream and by second. */
export class PhaseLedger {
  readonly record: PhaseRecord;
  readonly #input: PhaseLedgerInput;
  /** Transactions under way, by stream. */
  readonly #pending: number[];
  readonly #unsentStream = new Uint8Array(UNSENT_MAX);
  readonly #unsentIntendedMs = new Float64Array(UNSENT_MAX);
  #unsentCount = 0;
  #clock = new ScheduleClock(0);
  /** In a watched phase, by device: when its transaction was intended to begin. */
  readonly #intendedAtMs: Float64Array | undefined;
  /** By stream: which stage of its rate a time of the phase belongs to. */
  readonly #stageAt: readonly (((sinceStartMs: number) => number) | undefined)[];
  /** By stream, since the phase began: when it hands out its last arrival at the latest. */
  readonly #endsMs: readonly number[];

  constructor(input: PhaseLedgerInput) {
    const { phase } = input;
    this.#input = input;
    this.record = new PhaseRecord(phase.streams.length);
    this.#endsMs = phase.streams.map((stream) => windowOf(phase, stream).endMs);
    this.#stageAt = phase.streams.map((stream) => {
      const profile = stream.kind === "profile" ? profileOf(stream) : undefined;
      const { startMs } = windowOf(phase, stream);
      return profile && ((sinceStartMs) => profile.stageAt(sinceStartMs - startMs));
    });
    this.#pending = input.phase.streams.map(() => 0);
    if (phase.isWatched === true) this.#intendedAtMs = new Float64Array(input.population.size);
    input.notes.streamOf.fill(0);
  }

  /** Times of the phase count from here. */
  begin(clock: ScheduleClock): void {
    this.#clock = clock;
  }

  /** Transactions of streams that are under way. */
  get pending(): number {
    return this.#pending.reduce((sum, count) => sum + count, 0);
  }

  pendingOf(stream: number): number {
    return this.#pending[stream];
  }

  isBusy(device: number): boolean {
    return this.#input.notes.streamOf[device] !== 0;
  }

  /** The device's transaction belongs to the stream from here on, should it start. */
  assign(stream: number, device: number, intendedAtMs: number): void {
    this.#input.notes.streamOf[device] = 1 + stream;
    this.#input.notes.sentAgain[device] = 0;
    if (this.#intendedAtMs !== undefined) this.#intendedAtMs[device] = intendedAtMs;
    this.#pending[stream] += 1;
  }

  /** The transaction did not start. */
  unassign(stream: number, device: number): void {
    this.#input.notes.streamOf[device] = 0;
    this.#pending[stream] -= 1;
  }

  notEligible(stream: number, intendedAtMs: number): void {
    const stage = this.#stageOf(stream, intendedAtMs);
    if (stage !== undefined) {
      stage.counts.offered += 1;
      stage.counts.notEligible += 1;
    }
    for (const counters of this.#both(stream)) {
      counters.offered += 1;
      counters.notEligible += 1;
    }
  }

  /** It was due, and the phase ended before the worker came to it. */
  unsent(stream: number): void {
    for (const counters of this.#both(stream)) counters.unsent += 1;
  }

  started(stream: number, intendedAtMs: number): void {
    for (const counters of this.#both(stream)) {
      counters.offered += 1;
      counters.sent += 1;
    }
    const stage = this.#stageOf(stream, intendedAtMs);
    if (stage !== undefined) stage.counts.offered += 1;
    if (this.#input.phase.streams[stream].kind === "outstanding") return;
    this.#unsentStream[this.#unsentCount] = stream;
    this.#unsentIntendedMs[this.#unsentCount] = intendedAtMs;
    this.#unsentCount += 1;
  }

  /** A device begins its way to a lease, as of `atMs`. */
  deviceStarted(device: number, atMs: number): void {
    this.#input.notes.startedAtMs[device] = atMs;
  }

  deviceLostPower(device: number): void {
    this.#input.notes.startedAtMs[device] = Number.NaN;
  }

  /** The packets of all transactions started since the last call have left. */
  flushed(nowMs: number): void {
    for (let i = 0; i < this.#unsentCount; i += 1) {
      const stream = this.#unsentStream[i];
      const record = this.record.streams[stream];
      const slipMs = nowMs - this.#unsentIntendedMs[i];
      record.slip.recordMs(slipMs);
      if (slipMs <= LATE_MS) continue;
      record.counters.late += 1;
      this.#input.tally.countersOf(this.#input.phase.streams[stream].exchange).late += 1;
      const stage = this.#stageOf(stream, this.#unsentIntendedMs[i]);
      if (stage !== undefined) stage.counts.late += 1;
    }
    this.#unsentCount = 0;
  }

  /** `window` is the time in which the phase hands out arrivals. */
  completed(exchange: CompletedExchange, window: { startMs: number; endMs: number }): void {
    const { device, kind, receivedAtMs } = exchange;
    const { tally } = this.#input;
    tally.countersOf(kind).completed += 1;
    if (kind === "discover") this.#bound(device, receivedAtMs);
    const stream = this.#settle(exchange);
    if (stream === undefined) {
      this.record.background.completed += 1;
      return;
    }
    const record = this.record.streams[stream];
    const latencyMs = receivedAtMs - exchange.intendedAtMs;
    record.counters.completed += 1;
    record.latency.recordMs(latencyMs);
    record.service.recordMs(receivedAtMs - exchange.sentAtMs);
    this.#stageOf(stream, exchange.intendedAtMs)?.completed(latencyMs);
    tally.recordLatencyMs(latencyMs);
    const endMs = Math.min(window.endMs, this.#clock.toMonotonic(this.#endsMs[stream]));
    if (receivedAtMs < endMs) record.completedInWindow += 1;
    const sinceStartMs = receivedAtMs - window.startMs;
    if (sinceStartMs > record.lastCompletedMs) record.lastCompletedMs = sinceStartMs;
    const { slowest } = this.record;
    if (latencyMs <= slowest.leastMs) return;
    slowest.add({
      ...{ device, stream, latencyMs },
      intendedAtMs: exchange.intendedAtMs - window.startMs,
      sentAtMs: exchange.sentAtMs - window.startMs,
      retransmissions: this.#input.notes.sentAgain[device],
    });
  }

  failed(exchange: FailedExchange): void {
    const stream = this.#settle(exchange);
    // `refused` has counted the NAK itself.
    if (exchange.reason === "nak") return;
    this.#count(stream, exchange.kind, exchange.reason === "abandoned" ? "abandoned" : "timeouts");
  }

  retransmitted(device: number, kind: StreamExchange): void {
    this.#input.notes.sentAgain[device] += 1;
    this.#count(this.#partOf(device, kind), kind, "retransmissions");
  }

  refused(device: number, kind: StreamExchange): void {
    this.#count(this.#partOf(device, kind), kind, "naks");
  }

  /**
   * What has been measured by `nowMs`. Counts as timeouts also the DHCP transactions under way that a device
   * without persistence would have given up by now. Only for a watched phase.
   */
  reportAt(nowMs: number): PhaseReport {
    const report = this.record.toReport();
    const overdue = this.#overdueAt(nowMs);
    return {
      ...report,
      streams: report.streams.map((stream, index) => ({
        ...stream,
        counters: {
          ...stream.counters,
          timeouts: stream.counters.timeouts + overdue[index],
        },
      })),
    };
  }

  /** Books transactions still under way as timeouts; their later ends belong to no stream. */
  close(): PhaseRecord {
    const { phase, notes, tally } = this.#input;
    this.#pending.forEach((count, stream) => {
      this.record.streams[stream].counters.timeouts += count;
      if (count > 0) tally.countersOf(phase.streams[stream].exchange).timeouts += count;
      this.#pending[stream] = 0;
    });
    notes.streamOf.fill(0);
    return this.record;
  }

  #overdueAt(nowMs: number): readonly number[] {
    const { phase, notes, giveUpMs } = this.#input;
    const overdue = phase.streams.map(() => 0);
    if (this.#intendedAtMs === undefined || this.pending === 0) return overdue;
    for (const [device, intendedAtMs] of this.#intendedAtMs.entries()) {
      const stream = notes.streamOf[device] - 1;
      if (stream >= 0 && nowMs - intendedAtMs > giveUpMs) overdue[stream] += 1;
    }
    // A boot has no time limit: its devices give up themselves.
    return overdue.map((count, stream) => (isDhcp(phase.streams[stream].exchange) ? count : 0));
  }

  #bound(device: number, receivedAtMs: number): void {
    const { notes, population } = this.#input;
    const startedAtMs = notes.startedAtMs[device];
    if (Number.isNaN(startedAtMs)) return;
    recordKind(this.record.timeToBound, population.kindOf(device), receivedAtMs - startedAtMs);
    notes.startedAtMs[device] = Number.NaN;
  }

  /** Ends the stream's transaction, if the exchange is one, and returns the stream. */
  #settle(exchange: CompletedExchange | FailedExchange): number | undefined {
    if (exchange.origin !== "scenario") return undefined;
    const stream = this.#streamOf(exchange.device, exchange.kind);
    if (stream !== undefined) this.unassign(stream, exchange.device);
    return stream;
  }

  #streamOf(device: number, kind: StreamExchange): number | undefined {
    const stream = this.#input.notes.streamOf[device] - 1;
    if (stream < 0 || this.#input.phase.streams[stream].exchange !== kind) return undefined;
    return stream;
  }

  /** As `#streamOf`, but the DHCP exchange of a boot is part of the boot. */
  #partOf(device: number, kind: StreamExchange): number | undefined {
    return this.#streamOf(device, kind) ?? this.#streamOf(device, "boot");
  }

  #stageOf(stream: number, intendedAtMs: number): StageRecord | undefined {
    const stageAt = this.#stageAt[stream];
    if (stageAt === undefined) return undefined;
    return this.record.streams[stream].stage(stageAt(this.#clock.toSchedule(intendedAtMs)));
  }

  #count(stream: number | undefined, kind: StreamExchange, what: keyof StreamCounters): void {
    const { background, streams } = this.record;
    const counters = stream === undefined ? background : streams[stream].counters;
    counters[what] += 1;
    this.#input.tally.countersOf(kind)[what] += 1;
  }

  #both(stream: number): readonly [StreamCounters, StreamCounters] {
    const { exchange } = this.#input.phase.streams[stream];
    return [this.record.streams[stream].counters, this.#input.tally.countersOf(exchange)];
  }
}

function isDhcp(exchange: StreamExchange): boolean {
  return exchange !== "boot" && exchange !== "download";
}
