import { describe, expect, test } from "vitest";
import type { StallReason } from "../../../base/stall-reason.ts";
import { type PauseParts, reasonOf, StallLog } from "./stall-log.ts";

const whole: PauseParts = {
  ...{ durationMs: 300, syncMs: 0, collectionMs: 0, thread: { cpuMs: 0, starvedMs: 0 } },
};
const thread = (cpuMs: number, starvedMs: number) => ({ thread: { cpuMs, starvedMs } });

describe("the reason of a pause is its largest part", () => {
  test.each<readonly [string, Partial<PauseParts>, StallReason]>([
    ["a stopped process neither runs nor is ready", {}, "stopped"],
    ["the same while it was ready for a while", thread(10, 120), "stopped"],
    ["others had the processors", thread(20, 260), "processor"],
    ["it waited for the disk", { syncMs: 290, ...thread(5, 0) }, "sync"],
    [
      "garbage collection needs the processor too",
      { collectionMs: 250, ...thread(290, 5) },
      "garbage-collection",
    ],
    ["its own work", { collectionMs: 40, ...thread(290, 5) }, "event-loop"],
    ["a system that says nothing of threads", { thread: undefined }, "event-loop"],
    [
      "and knows its collections all the same",
      { thread: undefined, collectionMs: 200 },
      "garbage-collection",
    ],
  ])("%s", (_, parts, reason) => {
    expect(reasonOf({ ...whole, ...parts })).toBe(reason);
  });
});

const pause = (startMs: number, durationMs: number) => ({
  ...{ startMs, durationMs, syncMs: 0 },
  ...thread(durationMs, 0),
});

describe("garbage collection is known only after a while", () => {
  const collect = (log: StallLog): void => log.collected(1010, 80);
  const notice = (log: StallLog): void => log.paused(pause(1000, 100));
  test.each([
    ["before the pause is noticed", collect, notice],
    ["after it", notice, collect],
  ])("%s", (_, first, second) => {
    const log = new StallLog();
    first(log);
    second(log);
    expect(log.take()).toEqual([{ startMs: 1000, durationMs: 100, reason: "garbage-collection" }]);
    expect(log.take()).toEqual([]);
  });

  test("another pause's collection does not count", () => {
    const log = new StallLog();
    log.paused(pause(1000, 100));
    log.collected(1100, 80);
    expect(log.take()).toEqual([{ startMs: 1000, durationMs: 100, reason: "event-loop" }]);
  });
});

test("each second keeps its longest sync and its longest pause", () => {
  const log = new StallLog();
  for (const ms of [6, 30, 4, 20]) log.synced(1000 + ms, ms);
  for (const ms of [7, 9, 8]) log.paused(pause(1500 + ms, ms));
  log.synced(2000, 5);
  expect(log.take().map(({ durationMs, reason }) => [reason, durationMs])).toEqual([
    ["sync", 30],
    ["event-loop", 9],
    ["sync", 5],
  ]);
});

test("a pause that was a sync is counted, and told once, as the sync", () => {
  const log = new StallLog();
  log.synced(1000, 50);
  log.paused({ ...pause(999, 52), syncMs: 50, ...thread(1, 0) });
  expect(log.take()).toEqual([{ startMs: 1000, durationMs: 50, reason: "sync" }]);
  expect(log.pauses.get("sync")!.upTo().at(-1)!.count).toBe(1);
});

test("the end of a sync that a pause of another reason delayed is no sync", () => {
  const log = new StallLog();
  log.synced(1000, 310);
  log.paused({ ...pause(1004, 303), ...thread(0, 0) });
  log.synced(2000, 310);
  log.paused({ ...pause(2100, 30), ...thread(0, 0) });
  expect(log.take().map(({ durationMs, reason }) => [reason, durationMs])).toEqual([
    ["sync", 7],
    ["stopped", 303],
    ["sync", 280],
    ["stopped", 30],
  ]);
});

test("a day of stalls keeps the longest thousand", () => {
  const log = new StallLog();
  for (let second = 0; second < 86_400; second += 40) log.synced(second * 1000, 5 + second / 1000);
  const kept = log.take();
  expect(kept).toHaveLength(1000);
  expect(Math.min(...kept.map(({ durationMs }) => durationMs))).toBeGreaterThan(50);
  expect(kept.at(-1)!.startMs).toBe(86_360_000);
});
