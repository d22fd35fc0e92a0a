import { describe, expect, test } from "vitest";
import { recordKind } from "../boot/kind-histograms.ts";
import type { PhasePlan, StreamPlan } from "../plan/run-plan.ts";
import { outcomeOf, PhaseRecord, StreamRecord } from "./recorder.ts";

describe("records of a phase", () => {
  test("reports of all workers add up, through a structured clone", () => {
    const workers = [new PhaseRecord(2), new PhaseRecord(2)];
    workers.forEach((record, index) => {
      const stream = record.streams[1];
      stream.counters.offered = 10 + index;
      stream.counters.naks = 1;
      stream.completedInWindow = 5;
      stream.lastCompletedMs = 100 * (index + 1);
      stream.latency.recordMs(2 + index);
      stream.service.recordMs(1);
      stream.slip.recordMs(0.5);
      record.background.completed = 3;
      recordKind(record.timeToBound, "mta", 40);
    });
    recordKind(workers[1].timeToBound, "smart-meter", 80);

    const total = new PhaseRecord(2);
    for (const record of workers) total.add(structuredClone(record.toReport()));
    const [idle, busy] = total.streams;
    expect(idle!.counters.offered).toBe(0);
    expect(idle!.latency.count).toBe(0);
    expect(busy!.counters).toMatchObject({ offered: 21, naks: 2 });
    expect(busy).toMatchObject({ completedInWindow: 10, lastCompletedMs: 200 });
    expect(busy!.latency.count).toBe(2);
    expect(busy!.latency.maxMs()).toBeCloseTo(3, 2);
    expect(busy!.service.meanMs()).toBeCloseTo(1, 2);
    expect(busy!.slip.count).toBe(2);
    expect(total.background.completed).toBe(6);
    expect(total.timeToBound.mta!.count).toBe(2);
    expect(total.timeToBound.all!.count).toBe(3);
    expect(total.timeToBound.all!.maxMs()).toBeCloseTo(80, 0);
    expect(total.timeToBound["cable-modem"]).toBeUndefined();
  });
});

describe("achieved rate", () => {
  const discover: StreamPlan = { kind: "rate", exchange: "discover", ratePerSecond: 100 };
  const renew: StreamPlan = { kind: "rate", exchange: "renew", ratePerSecond: 100 };
  const atOnce: StreamPlan = { kind: "all-within", exchange: "discover", allWithinMs: 0 };
  const timed = { durationMs: 2000 };

  test.each([
    ["of a duration: what was complete before its end", renew, timed, 100],
    ["of renewals until all are bound: the same", renew, "all-bound", 100],
    ["of everybody once: until the last, when that is late", discover, "all-bound", 50],
    ["all at once: until the last", atOnce, "all-bound", 50],
  ] as const)("%s", (_, stream, until, expected) => {
    const record = new StreamRecord();
    record.counters.offered = 220;
    record.counters.completed = 220;
    record.completedInWindow = 200;
    record.lastCompletedMs = 4400;
    const phase: PhasePlan = {
      name: "phase",
      streams: [stream],
      until,
      timeLimitMs: 60_000,
      drainMs: 5000,
      powerCycle: false,
    };
    const outcome = outcomeOf(phase, stream, record, 2000);
    expect(outcome.achievedPerSecond).toBeCloseTo(expected, 6);
    expect(outcome.ratePerSecond).toBe(stream.kind === "rate" ? 100 : undefined);
    expect(outcome.allWithinMs).toBe(stream.kind === "all-within" ? 0 : undefined);
  });

  test("of everybody once: never above the rate, however quick the last answer", () => {
    const record = new StreamRecord();
    record.counters.offered = 200;
    record.counters.completed = 200;
    record.lastCompletedMs = 1991;
    const phase: PhasePlan = {
      name: "phase",
      streams: [discover],
      until: "all-bound",
      timeLimitMs: 60_000,
      drainMs: 5000,
      powerCycle: false,
    };
    expect(outcomeOf(phase, discover, record, 1995).achievedPerSecond).toBe(100);
  });

  test("is zero, not infinite, when nothing happened", () => {
    const phase = { name: "phase", streams: [atOnce], until: "all-bound" } as const;
    const plan: PhasePlan = { ...phase, timeLimitMs: 1, drainMs: 1, powerCycle: false };
    expect(outcomeOf(plan, atOnce, new StreamRecord(), 0).achievedPerSecond).toBe(0);
  });
});
