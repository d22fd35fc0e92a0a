import { describe, expect, test } from "vitest";
import { AssertionError } from "./assert.ts";
import { Prng } from "./prng.ts";
import { TimerWheel } from "./timer-wheel.ts";

function fired(wheel: TimerWheel, nowMs: number): number[] {
  const ids: number[] = [];
  wheel.advance(nowMs, (id) => ids.push(id));
  return ids;
}

describe("TimerWheel", () => {
  test("fires when due, not before, once", () => {
    const wheel = new TimerWheel(4, 1, 1000);
    wheel.schedule(2, 1005);
    expect([wheel.isScheduled(2), wheel.dueAtMs(2), wheel.nextDueMs()]).toEqual([true, 1005, 1005]);
    expect(fired(wheel, 1004.9)).toEqual([]);
    expect(fired(wheel, 1005)).toEqual([2]);
    expect([wheel.isScheduled(2), wheel.dueAtMs(2), wheel.nextDueMs()]).toEqual([
      false,
      Number.NaN,
      undefined,
    ]);
    expect(fired(wheel, 99_999)).toEqual([]);
  });

  test("is late by a tick at most", () => {
    const wheel = new TimerWheel(1, 10, 0);
    wheel.schedule(0, 12.5);
    expect(wheel.nextDueMs()).toBe(20);
    expect(fired(wheel, 19.9)).toEqual([]);
    expect(fired(wheel, 20)).toEqual([0]);
  });

  test("fires by tick, then in the order of scheduling, from whatever level", () => {
    const wheel = new TimerWheel(6, 1, 0);
    const dueMs = 70_000;
    wheel.schedule(3, dueMs);
    wheel.schedule(5, dueMs + 1);
    fired(wheel, 65_000);
    wheel.schedule(1, dueMs);
    fired(wheel, 69_900);
    wheel.schedule(4, dueMs);
    wheel.schedule(0, dueMs - 1);
    wheel.schedule(2, dueMs);
    expect(fired(wheel, 80_000)).toEqual([0, 3, 1, 4, 2, 5]);
  });

  test("moves a timer that is scheduled again, and cancels", () => {
    const wheel = new TimerWheel(3, 1, 0);
    wheel.schedule(0, 10);
    wheel.schedule(1, 10);
    wheel.schedule(0, 20);
    wheel.cancel(1);
    wheel.cancel(1);
    wheel.cancel(2);
    expect([wheel.count, wheel.nextDueMs()]).toEqual([1, 20]);
    expect(fired(wheel, 15)).toEqual([]);
    expect(fired(wheel, 20)).toEqual([0]);
    expect(wheel.count).toBe(0);
  });

  test("fires at the next tick what was due before", () => {
    const wheel = new TimerWheel(2, 1, 0);
    fired(wheel, 100);
    wheel.schedule(0, 3);
    wheel.schedule(1, -1e9);
    expect(wheel.nextDueMs()).toBe(101);
    expect(fired(wheel, 100)).toEqual([]);
    expect(fired(wheel, 101)).toEqual([0, 1]);
  });

  test("lets onDue schedule and cancel others and itself", () => {
    const wheel = new TimerWheel(4, 1, 0);
    for (const id of [0, 1, 2]) wheel.schedule(id, 5);
    const seen: string[] = [];
    wheel.advance(9, (id) => {
      seen.push(`${id}`);
      if (id === 0) wheel.cancel(1);
      if (id === 2) wheel.schedule(3, 8);
      if (id === 3) wheel.schedule(3, 50);
    });
    expect(seen).toEqual(["0", "2", "3"]);
    expect(wheel.nextDueMs()).toBe(50);
  });

  test("ends although a timer always re-arms itself in the past", () => {
    const wheel = new TimerWheel(1, 1, 0);
    wheel.schedule(0, 1);
    let count = 0;
    wheel.advance(10, (id) => {
      count += 1;
      wheel.schedule(id, 0);
    });
    expect(count).toBe(10);
    expect(wheel.nextDueMs()).toBe(11);
  });

  test("fires the rest at the next call when onDue throws", () => {
    const wheel = new TimerWheel(3, 1, 0);
    for (const id of [0, 1, 2]) wheel.schedule(id, 5);
    const advance = (): void =>
      wheel.advance(7, () => {
        throw new Error("from onDue");
      });
    expect(advance).toThrow("from onDue");
    expect([wheel.count, wheel.nextDueMs()]).toEqual([2, 5]);
    expect(fired(wheel, 7)).toEqual([1, 2]);
  });

  test("does nothing when time stands still or runs back", () => {
    const wheel = new TimerWheel(1, 1, 0);
    fired(wheel, 50);
    wheel.schedule(0, 60);
    expect(fired(wheel, 20)).toEqual([]);
    expect(fired(wheel, 50)).toEqual([]);
    expect(fired(wheel, 60)).toEqual([0]);
  });

  test("holds leases of years, and jumps over empty time", () => {
    const yearMs = 365 * 86_400_000;
    const wheel = new TimerWheel(3, 1, 1.7e12);
    const [start, far] = [1.7e12, 1.7e12 + 40 * yearMs];
    wheel.schedule(0, far);
    wheel.schedule(1, start + yearMs);
    wheel.schedule(2, far);
    expect(wheel.nextDueMs()).toBe(start + yearMs);
    expect(fired(wheel, far - 1)).toEqual([1]);
    expect(wheel.nextDueMs()).toBe(far);
    expect(fired(wheel, far)).toEqual([0, 2]);
  });

  test("fires at the very time that nextDueMs names, with ticks that are no binary fractions", () => {
    const wheel = new TimerWheel(1, 0.1, 1_234_567.8);
    const prng = new Prng(8, 0);
    for (let i = 0; i < 2000; i += 1) {
      const dueMs = 1_234_567.8 + i * 50 + prng.nextFloat() * 50;
      wheel.schedule(0, dueMs);
      const nextMs = wheel.nextDueMs()!;
      expect(nextMs).toBeGreaterThan(dueMs - 0.001);
      expect(nextMs).toBeLessThan(dueMs + 0.101);
      expect(fired(wheel, nextMs)).toEqual([0]);
    }
  });

  test.each([1, 2, 3, 4])("does what a sorted list would do (seed %i)", (seed) => {
    const prng = new Prng(seed, 0);
    const capacity = 200;
    const wheel = new TimerWheel(capacity, 1, 0);
    const model = new Map<number, { tick: number; order: number }>();
    let nowMs = 0;
    for (let step = 0; step < 3000; step += 1) {
      const id = prng.nextBelow(capacity);
      const action = prng.nextBelow(10);
      if (action < 6) {
        const dueMs = nowMs + 2 ** (prng.nextFloat() * 36) - 2;
        wheel.schedule(id, dueMs);
        model.set(id, { tick: Math.max(Math.ceil(dueMs), Math.floor(nowMs) + 1), order: step });
      } else if (action < 7) {
        wheel.cancel(id);
        model.delete(id);
      } else {
        nowMs += 2 ** (prng.nextFloat() * (action === 9 ? 33 : 12)) - 1;
        const due = [...model].filter(([, { tick }]) => tick <= Math.floor(nowMs));
        due.sort(([, a], [, b]) => a.tick - b.tick || a.order - b.order);
        for (const [dueId] of due) model.delete(dueId);
        expect(fired(wheel, nowMs)).toEqual(due.map(([dueId]) => dueId));
      }
      const ticks = [...model.values()].map(({ tick }) => tick);
      expect(wheel.nextDueMs()).toBe(ticks.length === 0 ? undefined : Math.min(...ticks));
      expect(wheel.count).toBe(model.size);
    }
  });

  test("refuses what makes no sense", () => {
    const wheel = new TimerWheel(2, 1, 0);
    for (const id of [-1, 2, 0.5, Number.NaN]) {
      expect(() => wheel.schedule(id, 1)).toThrow(AssertionError);
      expect(() => wheel.cancel(id)).toThrow(AssertionError);
    }
    for (const dueMs of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => wheel.schedule(0, dueMs)).toThrow(RangeError);
    }
    expect(wheel.count).toBe(0);
    expect(() => fired(wheel, Number.NaN)).toThrow(AssertionError);
    wheel.schedule(0, 1);
    expect(() => wheel.advance(1, () => fired(wheel, 1))).toThrow(AssertionError);
    expect(() => new TimerWheel(-1, 1, 0)).toThrow(RangeError);
    expect(() => new TimerWheel(1, 0, 0)).toThrow(RangeError);
    expect(() => new TimerWheel(1, 1, Number.NaN)).toThrow(RangeError);
  });
});
