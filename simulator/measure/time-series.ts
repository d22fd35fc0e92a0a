import { addFields } from "../../base/add-fields.ts";
import type { StreamExchange } from "../device/exchange.ts";
import type { StreamCounters } from "./recorder.ts";
import { emptyCounters } from "./recorder.ts";

/** The boots of devices at the end of a second. */
export interface BootsNow {
  readonly online: number;
  readonly states: Readonly<Record<string, number>>;
}

/** What happened in one second of the run, on one worker or on all. */
interface Second {
  /** Whole seconds since the run began: the row covers second..second + 1. */
  readonly second: number;
  readonly phase: string;
  /** By exchange, whether a stream or the device began it. Absent: nothing happened. */
  readonly exchanges: Readonly<Partial<Record<StreamExchange, Readonly<StreamCounters>>>>;
  /** Devices that hold a lease, at the end of the second. */
  readonly bound: number;
  /** Devices by state, at the end of the second. */
  readonly states: Readonly<Record<string, number>>;
  /** Where the run boots devices: those on line, and all of them by boot state or step. */
  readonly boots: BootsNow | undefined;
}

/** One second over all workers, with the transactions of streams that were completed in it. */
export interface SimulatedSecond extends Second {
  /** Null when none was completed. */
  readonly latencyMsP50: number | null;
  readonly latencyMsP99: number | null;
  readonly latencyMsMax: number | null;
}

/** One worker's part of a row. */
export interface SecondReport extends Second {
  readonly latency: LatencySketch;
}

const STEPS_PER_OCTAVE = 16;
const OCTAVES = 32;
const FINEST_MS = 0.001;

/**
 * A histogram that costs nothing to send every second: 16 buckets an octave from 1 µs upwards, so
 * percentiles are exact to 4.4 %. Results use LatencyHistogram; rows and progress use this.
 */
interface LatencySketch {
  readonly buckets: Uint32Array;
  count: number;
  maxMs: number;
}

export function emptySketch(): LatencySketch {
  return { buckets: new Uint32Array(STEPS_PER_OCTAVE * OCTAVES), count: 0, maxMs: 0 };
}

export function sketchMs(sketch: LatencySketch, ms: number): void {
  const steps = Math.floor(Math.log2(Math.max(ms, FINEST_MS) / FINEST_MS) * STEPS_PER_OCTAVE);
  sketch.buckets[Math.min(steps, sketch.buckets.length - 1)] += 1;
  sketch.count += 1;
  if (ms > sketch.maxMs) sketch.maxMs = ms;
}

/** `p` in 0..100; null when the sketch is empty. */
export function sketchPercentileMs(sketch: LatencySketch, p: number): number | null {
  if (sketch.count === 0) return null;
  const rank = Math.max(1, Math.ceil((p / 100) * sketch.count));
  let seen = 0;
  for (let bucket = 0; bucket < sketch.buckets.length; bucket += 1) {
    seen += sketch.buckets[bucket];
    if (seen < rank) continue;
    // The middle of the bucket, which may lie above the largest value that fell into it.
    const middleMs = FINEST_MS * 2 ** ((bucket + 0.5) / STEPS_PER_OCTAVE);
    return Math.min(middleMs, sketch.maxMs);
  }
  return sketch.maxMs;
}

/** One worker's current second. */
export class SecondTally {
  #exchanges: Partial<Record<StreamExchange, StreamCounters>> = {};
  #latency = emptySketch();

  countersOf(exchange: StreamExchange): StreamCounters {
    this.#exchanges[exchange] ??= emptyCounters();
    return this.#exchanges[exchange];
  }

  recordLatencyMs(ms: number): void {
    sketchMs(this.#latency, ms);
  }

  /** What happened since the last call. */
  take(): Pick<SecondReport, "exchanges" | "latency"> {
    const taken = { exchanges: this.#exchanges, latency: this.#latency };
    this.#exchanges = {};
    this.#latency = emptySketch();
    return taken;
  }
}

/** Most seconds open at once. If a worker falls further behind, they close without it. */
const OPEN_SECONDS_MAX = 30;

/** Joins the workers' reports: a row is complete when every worker has reported its part. */
export class TimeSeries {
  readonly rows: SimulatedSecond[] = [];
  readonly #workers: number;
  readonly #open = new Map<number, SecondReport[]>();

  constructor(workers: number) {
    this.#workers = workers;
  }

  /** The rows that this report completes, oldest first. */
  add(report: SecondReport): readonly SimulatedSecond[] {
    const reports = this.#open.get(report.second) ?? [];
    reports.push(report);
    this.#open.set(report.second, reports);
    return this.#close((second) => second.length === this.#workers);
  }

  /** At the end of a run: closes the last second, which perhaps not every worker has begun. */
  closeAll(): readonly SimulatedSecond[] {
    return this.#close(() => true);
  }

  #close(isComplete: (reports: readonly SecondReport[]) => boolean): readonly SimulatedSecond[] {
    const closed: SimulatedSecond[] = [];
    for (const second of [...this.#open.keys()].sort((a, b) => a - b)) {
      const reports = this.#open.get(second)!;
      if (!isComplete(reports) && this.#open.size <= OPEN_SECONDS_MAX) break;
      this.#open.delete(second);
      closed.push(mergeSecond(reports));
    }
    this.rows.push(...closed);
    return closed;
  }
}

function mergeSecond(reports: readonly SecondReport[]): SimulatedSecond {
  const exchanges: Partial<Record<StreamExchange, StreamCounters>> = {};
  const latency = emptySketch();
  const states: Record<string, number> = {};
  let bound = 0;
  for (const report of reports) {
    for (const [name, counters] of Object.entries(report.exchanges)) {
      const exchange = name as StreamExchange;
      exchanges[exchange] ??= emptyCounters();
      addFields(exchanges[exchange], counters);
    }
    mergeSketch(latency, report.latency);
    addStates(states, report.states);
    bound += report.bound;
  }
  return {
    second: reports[0].second,
    phase: reports[0].phase,
    exchanges,
    latencyMsP50: sketchPercentileMs(latency, 50),
    latencyMsP99: sketchPercentileMs(latency, 99),
    latencyMsMax: latency.count === 0 ? null : latency.maxMs,
    bound,
    states,
    boots: mergeBoots(reports),
  };
}

function mergeBoots(reports: readonly SecondReport[]): BootsNow | undefined {
  const parts = reports.flatMap(({ boots }) => (boots === undefined ? [] : [boots]));
  if (parts.length === 0) return undefined;
  const states: Record<string, number> = {};
  for (const part of parts) addStates(states, part.states);
  return { online: parts.reduce((sum, { online }) => sum + online, 0), states };
}

function addStates(into: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [state, count] of Object.entries(from)) into[state] = (into[state] ?? 0) + count;
}

function mergeSketch(into: LatencySketch, from: LatencySketch): void {
  for (let bucket = 0; bucket < into.buckets.length; bucket += 1) {
    into.buckets[bucket] += from.buckets[bucket];
  }
  into.count += from.count;
  into.maxMs = Math.max(into.maxMs, from.maxMs);
}
