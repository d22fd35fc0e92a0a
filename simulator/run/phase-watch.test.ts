import { describe, expect, test } from "vitest";
import { breakageOf, brokenStage } from "../measure/breakage.ts";
import { outcomeOf, PhaseRecord } from "../measure/recorder.ts";
import type { PhasePlan, StreamPlan } from "../plan/run-plan.ts";
import { type PhaseSoFar, PhaseWatch } from "./phase-watch.ts";

const STEP_MS = 1000;
const RATES = [100, 200, 400, 800];

const rising = {
  kind: "profile",
  exchange: "renew",
  stages: RATES.map((rate) => ({ fromPerSecond: rate, toPerSecond: rate, durationMs: STEP_MS })),
  missedPercentMax: 2.5,
} as const satisfies StreamPlan;

const phase: PhasePlan = {
  name: "rise",
  streams: [rising],
  until: { durationMs: RATES.length * STEP_MS },
  timeLimitMs: 0,
  drainMs: 2000,
  powerCycle: false,
  isWatched: true,
};

/** A server that answers so many a second and drops the rest, as one of `workers` has seen it by then. */
function measured(capacityPerSecond: number, atMs: number, workers = 1) {
  const record = new PhaseRecord(1);
  RATES.forEach((rate, index) => {
    if (atMs <= index * STEP_MS) return;
    const stage = record.streams[0].stage(index);
    const part = Math.min(1, atMs / STEP_MS - index);
    stage.counts.offered = (rate * part) / workers;
    const answered = Math.floor((Math.min(rate, capacityPerSecond) * part) / workers);
    for (let i = 0; i < answered; i += 1) stage.completed(3);
  });
  return { atMs, report: record.toReport() };
}

const never = (): undefined => undefined;

describe("a server that drops above a rate", () => {
  test.each([
    [50, 0],
    [194, 1],
    [196, 2],
    [399, 3],
  ])("of %i/s breaks at step %i, a second after its end and not before", (capacity, step) => {
    const watch = new PhaseWatch(phase, 0, 1, never);
    const endMs = (step + 1) * STEP_MS;
    for (let atMs = 100; atMs < endMs + 1000; atMs += 100) {
      expect(watch.take(0, measured(capacity, atMs))).toBeUndefined();
    }
    expect(watch.take(0, measured(capacity, endMs + 1000))).toEqual({
      kind: "breakage",
      stream: 0,
      stage: step,
    });
  });

  test("is judged by what all workers have seen", () => {
    const watch = new PhaseWatch(phase, 0, 2, never);
    expect(watch.take(0, measured(100, 3100, 2))).toBeUndefined();
    expect(watch.take(1, measured(100, 2900, 2))).toBeUndefined();
    expect(watch.take(1, measured(100, 3000, 2))).toMatchObject({ stage: 1 });
  });

  const outcome = (capacity: number, elapsedMs: number, seen?: number) => {
    const record = new PhaseRecord(1);
    record.add(measured(capacity, elapsedMs).report);
    const plain = outcomeOf(phase, rising, record.streams[0], elapsedMs);
    return breakageOf(rising, plain.stages, seen);
  };

  test("is told with the last rate kept, the first one missed, and why", () => {
    expect(outcome(300, 4000, 2)).toEqual({
      lastKeptPerSecond: 200,
      firstMissedPerSecond: 400,
      reason: "at 400/s 25 % were not answered within 1 s (limit 2.5 %)",
    });
    expect(outcome(50, 2000, 0)).toMatchObject({
      lastKeptPerSecond: null,
      firstMissedPerSecond: 100,
    });
  });

  test("that broke in the last step is found when the phase is over", () => {
    expect(outcome(500, 4000)).toMatchObject({ lastKeptPerSecond: 400, firstMissedPerSecond: 800 });
  });

  test("that kept everything is said to have; a step that was cut short says nothing", () => {
    expect(outcome(1000, 4000)).toEqual({
      lastKeptPerSecond: 800,
      firstMissedPerSecond: null,
      reason: "no stage missed more than 2.5 %",
    });
    expect(outcome(1000, 2500)).toMatchObject({ lastKeptPerSecond: 200 });
  });

  test("nobody who only steps looks for it", () => {
    const counts = [{ offered: 10, completed: 0, inTime: 0, notEligible: 0, late: 0 }];
    const { missedPercentMax: _, ...steps } = rising;
    expect(brokenStage(rising, counts, 2000)).toBe(0);
    expect(brokenStage(steps, counts, 2000)).toBeUndefined();
  });

  test.each([
    [{ notEligible: 50 }, /50 of them found no device free: take more devices$/],
    [{ late: 60 }, /the generator sent 60 late$/],
  ])("is not blamed for %o", (counts, reason) => {
    const record = new PhaseRecord(1);
    Object.assign(record.streams[0].stage(0).counts, { offered: 100, ...counts });
    const plain = outcomeOf(phase, rising, record.streams[0], STEP_MS);
    expect(breakageOf(rising, plain.stages, undefined)!.reason).toMatch(reason);
  });
});

test("stages carry what was offered and how it was answered, as far as the phase came", () => {
  const record = new PhaseRecord(1);
  record.add(measured(300, 2500).report);
  const { stages } = outcomeOf(phase, rising, record.streams[0], 2500);
  expect(stages!.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
    [0, 1000],
    [1000, 2000],
    [2000, 2500],
  ]);
  expect(stages!.map(({ counts }) => [counts.offered, counts.inTime])).toEqual([
    [100, 100],
    [200, 200],
    [200, 150],
  ]);
  expect(stages![0].latency.percentileMs(50)).toBeCloseTo(3, 1);
});

test("a judge that speaks against going on ends the phase with its reason", () => {
  const seen: PhaseSoFar[] = [];
  const watch = new PhaseWatch(phase, 10_000, 1, (soFar) => {
    seen.push(soFar);
    return soFar.durationMs >= 1500 ? "too slow" : undefined;
  });
  const at = (atMs: number) => ({ ...measured(1000, atMs), atMs: 10_000 + atMs });
  expect(watch.take(0, at(1000))).toBeUndefined();
  expect(watch.take(0, at(1500))).toEqual({ kind: "threshold", why: "too slow" });
  expect(seen.map(({ name, durationMs }) => [name, durationMs])).toEqual([
    ["rise", 1000],
    ["rise", 1500],
  ]);
  expect(seen[0].streams[0].stages![0].counts.inTime).toBe(100);
});
