import { expect, test } from "vitest";
import { LatencyHistogram } from "../../base/histogram.ts";
import { forecastOf, guideLoad, sumOf } from "./guide-load.ts";

function histogramOf(values: readonly (readonly [ms: number, count: number])[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const [ms, count] of values) {
    for (let each = 0; each < count; each += 1) histogram.recordMs(ms);
  }
  return histogram;
}

test("constant waits add up", () => {
  const sum = sumOf([histogramOf([[2, 10]]), histogramOf([[0.5, 10]]), histogramOf([[0.5, 10]])]);
  expect(sum.minMs()).toBeCloseTo(3, 2);
  expect(sum.maxMs()).toBeCloseTo(3, 2);
});

test("rare long waits of two parts seldom meet", () => {
  // 2 % of each: alone 1.96 % + 1.96 % of the sums, together 0.04 %.
  const part = histogramOf([
    [1, 98],
    [101, 2],
  ]);
  const sum = sumOf([part, part]);
  expect(sum.percentileMs(95)).toBeCloseTo(2, 1);
  expect(sum.percentileMs(97)).toBeCloseTo(102, 0);
  expect(sum.percentileMs(99.9)).toBeCloseTo(102, 0);
  expect(sum.maxMs()).toBeCloseTo(202, 0);
});

test("a Discover waits for one record and two round trips, a Renew for one of each", () => {
  const { discover, renew } = forecastOf(histogramOf([[3, 10]]), histogramOf([[0.1, 10]]));
  expect(discover.p99).toBeCloseTo(3.2, 2);
  expect(renew.p99).toBeCloseTo(3.1, 2);
});

test("each ACK of the guide's load is a record, and each exchange begins with its own datagrams", () => {
  const { discoversPerSecond, renewsPerSecond } = guideLoad;
  expect(guideLoad.recordsPerSecond).toBe(discoversPerSecond + renewsPerSecond);
  expect(guideLoad.datagramsPerSecond).toBe(2 * discoversPerSecond + renewsPerSecond);
});
