import { expect, test } from "vitest";
import { processUsage } from "../../../lab/machine/process-usage.ts";
import { sampleResult } from "../../../reports/result/sample-result.testing.ts";
import { ServerSampler } from "./server-sampler.ts";

const rows = sampleResult().timeSeries.slice(0, 5);
const usage = (cpuSeconds: number) => ({ cpuSeconds, residentMiB: 90, residentMiBMax: 120 });

test("each row has the CPU time since the one before, and memory at its end", () => {
  const sampler = new ServerSampler();
  sampler.take(0, 1000, usage(2));
  sampler.take(1, 2000, usage(2.5));
  sampler.take(2, 4000, usage(5.5));
  sampler.take(3, 5000, undefined);
  const sampled = sampler.addTo(rows);
  expect(sampled.map(({ serverCpuPercent }) => serverCpuPercent)).toEqual([
    undefined,
    50,
    150,
    undefined,
    undefined,
  ]);
  expect(sampled[1]).toEqual({ ...rows[1], serverCpuPercent: 50, serverResidentMiB: 90 });
  expect(sampled[0]).toEqual(rows[0]);
});

test("rows that close at once share no interval", () => {
  const sampler = new ServerSampler();
  sampler.take(0, 1000, usage(2));
  sampler.take(1, 1001, usage(2.01));
  sampler.take(2, 3000, usage(3));
  const sampled = sampler.addTo(rows);
  expect(sampled[1].serverCpuPercent).toBeUndefined();
  expect(sampled[2].serverCpuPercent).toBe(50);
});

test("/proc tells of this process, and nothing of one that is not there", () => {
  const own = processUsage(process.pid);
  if (process.platform === "linux") {
    expect(own!.cpuSeconds).toBeGreaterThan(0);
    expect(own!.residentMiB).toBeGreaterThan(10);
    expect(own!.residentMiBMax).toBeGreaterThanOrEqual(own!.residentMiB - 1);
  }
  expect(processUsage(2 ** 30)).toBeUndefined();
});
