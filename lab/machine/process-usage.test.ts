import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { cpuTimesOf, memoryMiBOf, threadTimesOf, timesOfTree } from "./process-usage.ts";

test.runIf(process.platform === "linux")("memory and processor time of this process", () => {
  const { now, peak } = memoryMiBOf(process.pid)!;
  expect(now).toBeGreaterThan(10);
  expect(peak).toBeGreaterThanOrEqual(now);
  const before = threadTimesOf(process.pid)!;
  const timesBefore = cpuTimesOf(process.pid)!;
  const usedBefore = process.cpuUsage();
  let sum = 0;
  while (process.cpuUsage(usedBefore).user < 30_000) sum += 1;
  expect(sum).toBeGreaterThan(0);
  const after = threadTimesOf(process.pid)!;
  expect(after.allMs - before.allMs).toBeGreaterThanOrEqual(25);
  expect(after.mainMs).toBeGreaterThan(0);
  expect(after.mainMs).toBeLessThanOrEqual(after.allMs);
  const { userMs, systemMs } = cpuTimesOf(process.pid)!;
  expect(userMs - timesBefore.userMs).toBeGreaterThanOrEqual(10);
  expect(systemMs).toBeGreaterThanOrEqual(timesBefore.systemMs);
});

test.runIf(process.platform === "linux")("a process and what it has started", async () => {
  const child = spawn("sleep", ["20"], { cwd: "/usr" });
  await once(child, "spawn");
  const times = timesOfTree(process.pid);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(times[0]).toMatchObject({ name: basename(process.cwd()) });
  expect(times[0].userMs).toBeGreaterThan(0);
  expect(times.map(({ name }) => name)).toContain("usr");
  expect(timesOfTree(process.pid).map(({ name }) => name)).not.toContain("usr");
});

test("nothing is known of a process that is not there", () => {
  expect(memoryMiBOf(undefined)).toBeUndefined();
  expect(threadTimesOf(undefined)).toBeUndefined();
  expect(cpuTimesOf(undefined)).toBeUndefined();
  expect(timesOfTree(undefined)).toEqual([]);
});
