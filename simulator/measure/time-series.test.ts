import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import {
  emptySketch,
  type SecondReport,
  SecondTally,
  sketchMs,
  sketchPercentileMs,
  TimeSeries,
} from "./time-series.ts";

function report(second: number, fill: (tally: SecondTally) => void = () => {}): SecondReport {
  const tally = new SecondTally();
  fill(tally);
  const states = { bound: 10, init: 1 };
  const boots = { online: 4, states: { off: 1, tftp: 2, online: 4 } };
  return { ...tally.take(), second, phase: "load", bound: 10, states, boots };
}

describe("rows of the time series", () => {
  test("a row is complete when every worker has told its part", () => {
    const series = new TimeSeries(2);
    const first = report(0, (tally) => {
      tally.countersOf("discover").completed = 3;
      tally.recordLatencyMs(1);
    });
    const second = report(0, (tally) => {
      tally.countersOf("discover").completed = 4;
      tally.countersOf("renew").timeouts = 1;
      tally.recordLatencyMs(9);
    });
    expect(series.add(structuredClone(first))).toEqual([]);
    const [row] = series.add(structuredClone(second));
    expect(row).toMatchObject({ second: 0, phase: "load", bound: 20 });
    expect(row!.states).toEqual({ bound: 20, init: 2 });
    expect(row!.boots).toEqual({ online: 8, states: { off: 2, tftp: 4, online: 8 } });
    expect(row!.exchanges.discover!.completed).toBe(7);
    expect(row!.exchanges.renew!.timeouts).toBe(1);
    expect(row!.latencyMsMax).toBe(9);
    expect(row!.latencyMsP50).toBeCloseTo(1, 1);
    expect(series.rows).toEqual([row]);
  });

  test("a second without a completed transaction has no latency", () => {
    const [row] = new TimeSeries(1).add(report(0));
    expect(row).toMatchObject({ latencyMsP50: null, latencyMsP99: null, latencyMsMax: null });
    expect(row!.exchanges).toEqual({});
  });

  test("rows come in order, even when a worker is ahead", () => {
    const series = new TimeSeries(2);
    expect(series.add(report(0))).toEqual([]);
    expect(series.add(report(1))).toEqual([]);
    expect(series.add(report(0)).map((row) => row.second)).toEqual([0]);
    expect(series.add(report(1)).map((row) => row.second)).toEqual([1]);
  });

  test("the last second is closed without the workers that never began it", () => {
    const series = new TimeSeries(2);
    series.add(report(0));
    expect(series.closeAll().map((row) => row.bound)).toEqual([10]);
    expect(series.closeAll()).toEqual([]);
  });

  test("a worker that stays silent cannot make the others' reports pile up", () => {
    const series = new TimeSeries(2);
    for (let second = 0; second < 100; second += 1) series.add(report(second));
    expect(series.rows.length).toBeGreaterThan(60);
    expect(series.rows.map((row) => row.second)).toEqual(series.rows.map((_, index) => index));
  });

  test("a tally starts anew with every second", () => {
    const tally = new SecondTally();
    tally.countersOf("renew").sent += 2;
    tally.recordLatencyMs(4);
    expect(tally.take().exchanges.renew!.sent).toBe(2);
    expect(tally.take()).toMatchObject({ exchanges: {}, latency: { count: 0, maxMs: 0 } });
  });
});

describe("latency sketch", () => {
  test("percentiles are right to 4.4 %", () => {
    const prng = new Prng(1, 2);
    const sketch = emptySketch();
    const values = Array.from({ length: 5000 }, () => 0.01 * 10 ** (5 * prng.nextFloat()));
    for (const value of values) sketchMs(sketch, value);
    values.sort((a, b) => a - b);
    for (const p of [1, 50, 90, 99, 100]) {
      const exact = values[Math.ceil((p / 100) * values.length) - 1];
      expect(Math.abs(sketchPercentileMs(sketch, p)! / exact - 1)).toBeLessThan(0.045);
    }
    expect(sketch.maxMs).toBe(values.at(-1));
  });

  test("takes any latency, and has no percentile of nothing", () => {
    const sketch = emptySketch();
    expect(sketchPercentileMs(sketch, 50)).toBeNull();
    for (const ms of [-1, 0, 1e-9, 1e12]) sketchMs(sketch, ms);
    expect(sketch.count).toBe(4);
    expect(sketchPercentileMs(sketch, 50)).toBeLessThan(0.002);
  });
});
