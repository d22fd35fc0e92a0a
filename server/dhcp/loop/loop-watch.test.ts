import { describe, expect, test } from "vitest";
import { LoopWatch } from "./loop-watch.ts";

const none = Number.NaN;

function setUp() {
  const thread = { cpuMs: 0, starvedMs: 0 };
  const watch = new LoopWatch(() => ({ ...thread }));
  /** Where the loop stood still. */
  const taken = () =>
    watch.stalls.take().map(({ startMs, durationMs, reason }) => [startMs, durationMs, reason]);
  return { watch, thread, taken };
}

describe("a wait", () => {
  test.each<readonly [string, number, number, unknown[]]>([
    ["for datagrams that come is none", 1500, 1500, []],
    ["that ends when its time is over is none", 2000, none, []],
    ["that the disk ends early is none", 1200, none, []],
    ["after which a datagram has waited is one", 1500, 1300, [[1300, 200, "stopped"]]],
    ["that goes on after its time is one", 2300, none, [[2000, 300, "stopped"]]],
    ["does not begin with datagrams of before", 1004, 400, []],
  ])("%s", (_, nowMs, firstMs, expected) => {
    const { watch, taken } = setUp();
    watch.begins(900, none);
    watch.rests(1000, 2000);
    watch.begins(nowMs, firstMs);
    expect(taken().filter(([startMs]) => startMs !== 900)).toEqual(expected);
  });
});

test("a long turn is a pause, with what the thread did in it", () => {
  const { watch, thread, taken } = setUp();
  watch.rests(1000, 2000);
  watch.begins(1010, 1010);
  thread.cpuMs = 190;
  watch.worked(1210);
  watch.rests(1212, 2000);
  expect(taken()).toEqual([[1010, 200, "event-loop"]]);
});

test("a turn that waits for the disk is a sync, which the disk tells itself", () => {
  const { watch, taken } = setUp();
  watch.begins(1010, none);
  watch.waitedForDisk(299);
  watch.worked(1310);
  expect(watch.pausedMsUntil(1310)).toBe(300);
  expect(taken()).toEqual([]);
});

test("turns without a wait between them are watched too", () => {
  const { watch, thread, taken } = setUp();
  watch.rests(999, 2000);
  watch.begins(1000, none);
  watch.begins(1004, none);
  thread.starvedMs = 50;
  watch.begins(1054, none);
  expect(taken()).toEqual([[1004, 50, "processor"]]);
});

test.each([
  [2000, 150],
  [1150, 150],
  [1100, 100],
  [1050, 50],
  [1040, 50],
  [1020, 30],
  [0, 0],
])("two pauses until %i ms: %i ms", (atMs, expected) => {
  const { watch } = setUp();
  watch.begins(990, none);
  watch.worked(1040);
  watch.rests(1042, 1050);
  watch.begins(1150, none);
  expect(watch.pausedMsUntil(atMs)).toBe(expected);
});

test("pauses of long ago are all before", () => {
  const { watch } = setUp();
  for (let pause = 0; pause <= 100; pause += 1) watch.begins(pause * 10, none);
  expect(watch.pausedMsUntil(1000)).toBe(1000);
  expect(watch.pausedMsUntil(0)).toBe(360);
});
