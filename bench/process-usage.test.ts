import { expect, test } from "vitest";
import { cpuMsOf, cpuTimesOf, memoryMiBOf } from "./process-usage.ts";

test.runIf(process.platform === "linux")("memory and processor time of this process", () => {
  const { now, peak } = memoryMiBOf(process.pid)!;
  expect(now).toBeGreaterThan(10);
  expect(peak).toBeGreaterThanOrEqual(now);
  const before = cpuMsOf(process.pid)!;
  const timesBefore = cpuTimesOf(process.pid)!;
  const usedBefore = process.cpuUsage();
  let sum = 0;
  while (process.cpuUsage(usedBefore).user < 30_000) sum += 1;
  expect(sum).toBeGreaterThan(0);
  expect(cpuMsOf(process.pid)! - before).toBeGreaterThanOrEqual(25);
  const { userMs, systemMs } = cpuTimesOf(process.pid)!;
  expect(userMs - timesBefore.userMs).toBeGreaterThanOrEqual(10);
  expect(systemMs).toBeGreaterThanOrEqual(timesBefore.systemMs);
});

test("nothing is known of a process that is not there", () => {
  expect(memoryMiBOf(undefined)).toBeUndefined();
  expect(cpuMsOf(undefined)).toBeUndefined();
  expect(cpuTimesOf(undefined)).toBeUndefined();
});
