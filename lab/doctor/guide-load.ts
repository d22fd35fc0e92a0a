import { LatencyHistogram } from "../../base/histogram.ts";
import { distributionOf } from "../../reports/result/distribution.ts";
import type { Forecast } from "./finding.ts";

/** The load that the guide sizes one server for (PERF-3, PERF-4), with one lease record an ACK. */
export const guideLoad = {
  discoversPerSecond: 300,
  renewsPerSecond: 600,
  recordsPerSecond: 900,
  /** A DISCOVER and two REQUESTs of every three ACKs. */
  datagramsPerSecond: 1200,
} as const;

/** A lease record of a registered modem, as the server writes it. */
export const LEASE_RECORD_BYTES = 470;

/**
 * A Discover waits for two round trips and a record, a Renew for one of each. What happens once in ten thousand times
 * is not in it.
 */
export function forecastOf(disk: LatencyHistogram, roundTrip: LatencyHistogram): Forecast {
  return {
    discover: distributionOf(sumOf([disk, roundTrip, roundTrip])),
    renew: distributionOf(sumOf([disk, roundTrip])),
  };
}

/** A prime number of samples, so that any two steps below walk through all of them in different orders. */
const SAMPLES = 10_007;
const STEPS = [1, 6151, 3079];

/**
 * The waits of one who waits for each part in turn, when the parts know nothing of each other. Takes evenly spaced
 * quantiles of each part, at most three, in orders of their own; the greatest values of a part are too rare
 * to be among them.
 */
export function sumOf(parts: readonly LatencyHistogram[]): LatencyHistogram {
  const columns = parts.map(quantilesOf);
  const sum = new LatencyHistogram();
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    sum.recordMs(
      columns.reduce((ms, column, part) => ms + column[(sample * STEPS[part]) % SAMPLES], 0),
    );
  }
  return sum;
}

function quantilesOf(part: LatencyHistogram): Float64Array {
  return Float64Array.from({ length: SAMPLES }, (_, index) =>
    part.percentileMs((100 * (index + 0.5)) / SAMPLES),
  );
}
