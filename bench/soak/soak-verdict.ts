import { median } from "../../base/median.ts";
import { type Point, trendOf } from "./trend.ts";

interface Measure {
  readonly title: string;
  /** What a process or a file may grow by over the time that is looked ahead, in the unit of the title. */
  readonly growthMax: number;
}

/**
 * What is measured. A gigabyte or two in a month are reached by no limit of deploy/systemd, and would be seen by its
 * operator; a second of latency is a quarter of what makes a device ask again.
 */
export const measures = {
  residentMiB: { title: "memory, MiB", growthMax: 2048 },
  heapMiB: { title: "heap, MiB", growthMax: 2048 },
  descriptors: { title: "descriptors", growthMax: 1000 },
  threads: { title: "threads", growthMax: 100 },
  fileMiB: { title: "files, MiB", growthMax: 10_240 },
  latencyMsP50: { title: "latency p50, ms", growthMax: 100 },
  latencyMsP99: { title: "latency p99, ms", growthMax: 1000 },
} as const satisfies Readonly<Record<string, Measure>>;

export type MeasureName = keyof typeof measures;

/** One measure of one process, or of what it wrote. */
export interface Series {
  /** `pair: prov-a`. */
  readonly of: string;
  readonly measure: MeasureName;
  /** In the order of time, without the warm-up. */
  readonly points: readonly Point[];
  /** No process of this kind lives longer. */
  readonly livesHoursMax?: number;
}

/** `open`: the interval is too wide to tell; a longer run has a narrower one. */
export type SeriesVerdict = "flat" | "grows" | "open";

export interface JudgedSeries {
  readonly of: string;
  readonly measure: MeasureName;
  readonly start: number;
  readonly end: number;
  /** An hour, in the unit of the measure. */
  readonly slope: number;
  readonly slopeLow: number;
  readonly slopeHigh: number;
  /** How far ahead is looked. */
  readonly hoursAhead: number;
  /** What `slopeHigh` adds up to by then. */
  readonly growthWorst: number;
  readonly growthMax: number;
  readonly verdict: SeriesVerdict;
}

const HOURS_A_MONTH = 720;
/** A run of minutes still warms up: it says nothing about a month. */
const MEASURED_HOURS_MIN = 1;
const SHORT_RUN_FACTOR = 20;
/** Of the points, at each end. */
const END_SHARE = 0.1;

/** Undefined of a series that is too short for a slope. */
export function judged({ of, measure, points, livesHoursMax }: Series, seed: number) {
  const trend = trendOf(points, seed);
  if (trend === undefined) return undefined;
  const { growthMax } = measures[measure];
  const measuredHours = points.at(-1)!.hours - points[0].hours;
  const hoursAhead = Math.min(
    livesHoursMax ?? HOURS_A_MONTH,
    measuredHours < MEASURED_HOURS_MIN ? SHORT_RUN_FACTOR * measuredHours : HOURS_A_MONTH,
  );
  const endCount = Math.ceil(END_SHARE * points.length);
  const level = (some: readonly Point[]): number => median(some.map(({ value }) => value))!;
  const { slope, low, high } = trend;
  const growthWorst = high * hoursAhead;
  return {
    ...{ of, measure, slope, slopeLow: low, slopeHigh: high, hoursAhead, growthWorst, growthMax },
    start: level(points.slice(0, endCount)),
    end: level(points.slice(-endCount)),
    verdict: growthWorst <= growthMax ? "flat" : low * hoursAhead > growthMax ? "grows" : "open",
  } satisfies JudgedSeries;
}
