import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { systemClock } from "./clock.ts";
import { VirtualClock } from "./virtual-clock.testing.ts";

describe("the system clock", () => {
  test("never steps back and has fractions of a millisecond", () => {
    const readings = Array.from({ length: 1000 }, () => systemClock.monotonicMs());
    expect(readings.every((ms, i) => i === 0 || ms >= readings[i - 1]!)).toBe(true);
    expect(readings.some((ms) => !Number.isInteger(ms))).toBe(true);
  });

  test("has one monotonic scale for all threads", async () => {
    // CLOCK_MONOTONIC is what process.hrtime reads, in every thread.
    const source = `const { parentPort } = require("node:worker_threads");
      const [seconds, nanoseconds] = process.hrtime();
      parentPort.postMessage(seconds * 1000 + nanoseconds / 1e6);`;
    const beforeMs = systemClock.monotonicMs();
    const worker = new Worker(source, { eval: true });
    const [workerMs] = await once(worker, "message");
    const afterMs = systemClock.monotonicMs();
    expect(workerMs).toBeGreaterThan(beforeMs);
    expect(workerMs).toBeLessThan(afterMs);
  });

  test("shows wall time", () => {
    expect(Math.abs(systemClock.wallMs() - Date.now())).toBeLessThan(1000);
  });
});

describe("a virtual clock", () => {
  test("moves only when told, both scales together", () => {
    const clock = new VirtualClock(1_700_000_000_000);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([1_700_000_000_000, 0]);
    clock.advance(0.5);
    clock.advance(1500);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([1_700_000_001_500.5, 1500.5]);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("refuses a step of %s ms", (stepMs) => {
    const clock = new VirtualClock();
    expect(() => clock.advance(stepMs)).toThrow(RangeError);
    expect(clock.monotonicMs()).toBe(0);
  });
});
