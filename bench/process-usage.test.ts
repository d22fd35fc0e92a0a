import { expect, test } from "vitest";
import { cpuMsOf, memoryMiBOf } from "./process-usage.ts";

test.runIf(process.platform === "linux")("memory and processor time of this process", () => {
  const { now, peak } = memoryMiBOf(process.pid)!;
  expect(now).toBeGreaterThan(10);
  expect(peak).toBeGreaterThanOrEqual(now);
  const before = cpuMsOf(process.pid)!;
  const usedBefore = process.cpuUsage();
  let sum = 0;
  while (process.cpuUsage(usedBefore).user < 30_000) sum += 1;
  expect(sum).toBeGreaterThan(0);
  expect(cpuMsOf(process.pid)! - before).toBeGreaterThanOrEqual(25);
});

test("nothing is known of a process that is not there", () => {
  expect(memoryMiBOf(undefined)).toBeUndefined();
  expect(cpuMsOf(undefined)).toBeUndefined();
});
