import { describe, expect, test } from "vitest";
import { ScheduleClock } from "../load/schedule-clock.ts";
import { RunPace } from "./run-pace.ts";

describe("the pace of a run", () => {
  test("is told to the run at each change, and summed up", () => {
    const pace = new RunPace();
    const changes: [number, number][] = [];
    pace.follow((nowMs) => changes.push([pace.pace, nowMs]));
    expect(pace.summary(0)).toBeUndefined();
    for (const [to, nowMs] of [
      [1, 50],
      [0, 100],
      [0, 150],
      [2, 300],
      [0.5, 400],
      [2, 450],
      [1, 500],
      [0, 900],
    ] as const) {
      expect(pace.set(to, nowMs)).toBe(true);
    }
    expect(changes).toEqual([
      [0, 100],
      [2, 300],
      [0.5, 400],
      [2, 450],
      [1, 500],
      [0, 900],
    ]);
    expect(pace.summary(950)).toEqual({ pausedMs: 250, paces: [2, 0.5] });
  });

  test.each([-1, 0.05, 4.1, Number.NaN, Number.POSITIVE_INFINITY])("cannot be %s", (wanted) => {
    const pace = new RunPace();
    expect(pace.set(wanted, 1)).toBe(false);
    expect(pace.summary(2)).toBeUndefined();
  });
});

describe("the clock of a schedule", () => {
  test("there and back is the same, whatever the paces", () => {
    const clock = new ScheduleClock(1000);
    expect(clock.toSchedule(900)).toBe(-100);
    clock.setPace(2, 1500);
    clock.setPace(0, 2000);
    expect(clock.toSchedule(9000)).toBe(1500);
    expect(clock.toMonotonic(1501)).toBe(Number.POSITIVE_INFINITY);
    // What was due at twice the pace, and has not gone out yet, keeps its time.
    expect(clock.toMonotonic(1400)).toBe(1950);
    clock.setPace(0.5, 10_000);
    expect(clock.toMonotonic(1501)).toBe(10_002);
    for (const nowMs of [10_000, 10_001, 12_345]) {
      expect(clock.toMonotonic(clock.toSchedule(nowMs))).toBe(nowMs);
    }
  });

  test("of a run that begins paused holds everything", () => {
    const clock = new ScheduleClock(1000, 0);
    expect(clock.toMonotonic(1)).toBe(Number.POSITIVE_INFINITY);
    expect(clock.toSchedule(5000)).toBe(0);
    clock.setPace(1, 6000);
    expect(clock.toMonotonic(10)).toBe(6010);
  });
});
