import { median } from "../../base/median.ts";
import { Prng } from "../../base/prng.ts";

/** One value of a series. */
export interface Point {
  readonly hours: number;
  readonly value: number;
}

/** How fast a series grows, an hour, in its own unit. */
export interface Trend {
  /** Theil–Sen: the median of the slopes between all pairs of points. */
  readonly slope: number;
  /** The 90 % interval of it. */
  readonly low: number;
  readonly high: number;
}

const BINS_MAX = 40;
/** Fewer say nothing about a slope. */
const BINS_MIN = 12;
const RESAMPLES = 200;
/** Left out at each end. Resampling forty values gives too narrow an interval: by trial, this is one of 90 %. */
const TAIL = 0.005;
const STREAM = 0x736f_616b;

/**
 * The trend of points in the order of time; undefined when they are too few. The interval is that of a moving block
 * bootstrap of the residuals: what a garbage collector or a rewrite does to one value, it does to its
 * neighbours too, and an interval for independent values would be too narrow. The same seed gives the same interval.
 */
export function trendOf(points: readonly Point[], seed: number): Trend | undefined {
  const bins = binned(points);
  if (bins.length < BINS_MIN) return undefined;
  const hours = Float64Array.from(bins, (bin) => bin.hours);
  const values = Float64Array.from(bins, (bin) => bin.value);
  const slope = medianSlope(hours, values);
  const residuals = values.map((value, at) => value - slope * hours[at]);
  const slopes = resampledSlopes(hours, slope, residuals, new Prng(seed, STREAM));
  const atShare = (share: number): number => slopes[Math.round(share * (slopes.length - 1))];
  return { slope, low: atShare(TAIL), high: atShare(1 - TAIL) };
}

/** Medians of equal stretches of time: one spike does not count, and a sawtooth shorter than that is gone. */
function binned(points: readonly Point[]): readonly Point[] {
  if (points.length <= BINS_MAX) return points;
  const start = points[0].hours;
  const width = (points.at(-1)!.hours - start) / BINS_MAX;
  const bins: Point[][] = Array.from({ length: BINS_MAX }, () => []);
  for (const point of points) {
    bins[Math.min(BINS_MAX - 1, Math.floor((point.hours - start) / width))].push(point);
  }
  return bins
    .filter((bin) => bin.length > 0)
    .map((bin) => ({
      hours: median(bin.map(({ hours }) => hours))!,
      value: median(bin.map(({ value }) => value))!,
    }));
}

function medianSlope(hours: Float64Array, values: Float64Array): number {
  const slopes = new Float64Array((hours.length * (hours.length - 1)) / 2);
  let count = 0;
  for (let later = 1; later < hours.length; later += 1) {
    for (let earlier = 0; earlier < later; earlier += 1) {
      slopes[count] = (values[later] - values[earlier]) / (hours[later] - hours[earlier]);
      count += 1;
    }
  }
  slopes.sort();
  return (slopes[count >> 1] + slopes[(count - 1) >> 1]) / 2;
}

/** Sorted. */
function resampledSlopes(
  hours: Float64Array,
  slope: number,
  residuals: Float64Array,
  prng: Prng,
): Float64Array {
  const count = residuals.length;
  const blockLength = Math.ceil(Math.sqrt(count));
  const values = new Float64Array(count);
  const slopes = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample += 1) {
    for (let at = 0; at < count; at += blockLength) {
      const from = prng.nextBelow(count - blockLength + 1);
      for (let next = 0; next < blockLength && at + next < count; next += 1) {
        values[at + next] = slope * hours[at + next] + residuals[from + next];
      }
    }
    slopes[resample] = medianSlope(hours, values);
  }
  return slopes.sort();
}
