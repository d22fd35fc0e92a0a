import { existsSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../../base/clock.ts";
import { ThreadWatch } from "./thread-watch.ts";

const nowMs = (): number => systemClock.monotonicMs();

test("tells garbage collections, on the clock of the loop", async () => {
  const collections: (readonly [startMs: number, durationMs: number])[] = [];
  const watch = new ThreadWatch(nowMs, (startMs, durationMs) => {
    collections.push([startMs, durationMs]);
  });
  onTestFinished(() => watch.end());
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const fromMs = nowMs();
  collect();
  const toMs = nowMs();
  await expect
    .poll(() => collections.filter(([startMs]) => startMs > fromMs - 1 && startMs < toMs))
    .not.toEqual([]);
  for (const [, durationMs] of collections) expect(durationMs).toBeGreaterThan(0);
});

test.skipIf(!existsSync("/proc/thread-self/schedstat"))("tells the time of its thread", () => {
  const watch = new ThreadWatch(nowMs, () => undefined);
  const before = watch.times()!;
  const from = process.cpuUsage();
  // The kernel adds up a running thread's time at its ticks.
  while (process.cpuUsage(from).user < 50_000);
  const after = watch.times()!;
  expect(after.cpuMs - before.cpuMs).toBeGreaterThan(10);
  watch.end();
  expect(watch.times()).toBeUndefined();
});
