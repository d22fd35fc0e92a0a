import { expect, test } from "vitest";
import { Population } from "../../scenarios/population/population.ts";
import { SafetyChecker, SafetyLog } from "../measure/safety-checker.ts";
import { inOrder, withClockMargin } from "../measure/safety-events.ts";
import { EventCollector } from "../run/segment-record.ts";
import { placeOf, segmentProblem } from "./segment.ts";

const population = (plan: Partial<Population["plan"]>) =>
  new Population({ cableModems: 240, mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 8, ...plan });

test("workers are numbered through all segments, and share ports as they are placed", () => {
  const at = (index: number, placement: "machines" | "one-machine") =>
    placeOf({ index, count: 3, placement }, 1, 2);
  expect(at(2, "machines")).toEqual({
    ...{ workerIndex: 5, workerCount: 6, group: { index: 1, count: 2 } },
  });
  expect(at(2, "one-machine").group).toEqual({ index: 5, count: 6 });
  expect(placeOf(undefined, 1, 2)).toMatchObject({ workerIndex: 1, workerCount: 2 });
});

test("refuses to tear CMTSs or households apart, and says what to do", () => {
  const machines = { count: 4, placement: "machines" } as const;
  expect(segmentProblem(population({}), machines, 2)).toBeUndefined();
  expect(segmentProblem(population({}), machines, 3)).toMatch(/cmtsCount a multiple of 12/);
  expect(segmentProblem(population({}), { count: 3, placement: "by-turns" }, 3)).toBeUndefined();
  const torn = population({ cableModems: 250, mtas: 300 });
  expect(segmentProblem(torn, { count: 4, placement: "one-machine" }, 1)).toMatch(/households/);
});

test("keeps events up to its part of the limit, in order of time, and counts the others", () => {
  const collector = new EventCollector(2, 6);
  for (const atMs of [30, 10, 20, 40]) {
    const log = new SafetyLog();
    log.surrendered(atMs, 1, "released", atMs);
    collector.add(log.take());
  }
  expect([...collector.take(1000).device]).toEqual([10, 20, 30]);
  expect(collector.lost).toBe(1);
});

test.each([
  [0, 1],
  [10, 0],
])(
  "with a clock margin of %i ms, a hand-over 5 ms too early is found %i times",
  (marginMs, found) => {
    const devices = population({});
    const address = devices.cmts(0).pools[0].low;
    const one = new SafetyLog();
    const lease = { address, leaseSeconds: 60, leaseStartMs: 0 };
    one.acknowledged({ ...lease, device: 0, receivedAtMs: 50 });
    one.surrendered(0, address, "released", 105);
    const other = new SafetyLog();
    other.acknowledged({ ...lease, device: 8, receivedAtMs: 100 });
    const checker = new SafetyChecker(devices);
    checker.add(inOrder([one, other].map((log) => withClockMargin(log.take(), marginMs))));
    checker.settle();
    expect(checker.counters.doubleAllocations).toBe(found);
  },
);
