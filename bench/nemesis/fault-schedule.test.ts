import { describe, expect, test } from "vitest";
import type { PairVerb } from "../../scenarios/language/pair-event.ts";
import {
  FAULTS_MS,
  type Fault,
  faultSchedule,
  nemesisVerbs,
  orderVerbs,
} from "./fault-schedule.ts";

const seeds = Array.from({ length: 500 }, (_, index) => index);
const schedules = seeds.map((seed) => faultSchedule(seed, nemesisVerbs));
const endOf = ({ atMs, forMs = 0 }: Fault): number => atMs + forMs;

describe("a schedule of faults", () => {
  test("is the same for the same seed, and another for another one", () => {
    expect(faultSchedule(7, nemesisVerbs)).toEqual(schedules[7]);
    expect(new Set(schedules.map((schedule) => JSON.stringify(schedule))).size).toBe(seeds.length);
  });

  test("has two to six faults in their order, all healed by the end", () => {
    for (const schedule of schedules) {
      expect(schedule.length).toBeGreaterThanOrEqual(2);
      expect(schedule.length).toBeLessThanOrEqual(6);
      const moments = schedule.map(({ atMs }) => atMs);
      expect(moments).toEqual(moments.toSorted((one, other) => one - other));
      expect(Math.max(...schedule.map(endOf))).toBeLessThanOrEqual(FAULTS_MS);
      for (const { verb, forMs } of schedule) {
        expect(forMs === undefined).toBe(orderVerbs.includes(verb));
      }
    }
  });

  test("every verb comes, every number of faults, and faults shorter and longer than any dead time", () => {
    const faults = schedules.flat();
    expect(new Set(faults.map(({ verb }) => verb))).toEqual(new Set(nemesisVerbs));
    expect(new Set(schedules.map(({ length }) => length))).toEqual(new Set([2, 3, 4, 5, 6]));
    const lengths = faults.flatMap(({ forMs }) => forMs ?? []);
    expect(Math.min(...lengths)).toBeLessThan(300);
    expect(Math.max(...lengths)).toBeGreaterThan(5000);
  });

  test("most have faults that overlap", () => {
    const overlaps = (schedule: readonly Fault[]): boolean =>
      schedule.some((one, at) =>
        schedule.slice(at + 1).some((other) => other.atMs < endOf(one) && endOf(other) > one.atMs),
      );
    expect(schedules.filter(overlaps).length).toBeGreaterThan(seeds.length / 2);
  });

  test("nothing is done to a program that an earlier fault has not given back", () => {
    const ofNode: readonly PairVerb[] = ["kill", "pause", "stop", "fillDisk"];
    for (const schedule of schedules) {
      for (const [at, one] of schedule.entries()) {
        for (const other of schedule.slice(at + 1)) {
          const isSame = one.value === other.value || [one.value, other.value].includes("active");
          if (!isSame || !ofNode.includes(one.verb) || !ofNode.includes(other.verb)) continue;
          expect(other.atMs).toBeGreaterThan(endOf(one));
        }
      }
    }
  });

  test("only what the machine can do is drawn", () => {
    const verbs: readonly PairVerb[] = ["kill", "failback"];
    const drawn = seeds.flatMap((seed) => faultSchedule(seed, verbs).map(({ verb }) => verb));
    expect(new Set(drawn)).toEqual(new Set(verbs));
    expect(() => faultSchedule(1, ["failback"])).toThrow("no fault to draw");
  });
});
