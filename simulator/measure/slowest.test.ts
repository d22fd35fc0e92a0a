import { expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { SLOWEST_MAX, Slowest, type SlowTransaction } from "./slowest.ts";

const transaction = (device: number, latencyMs: number): SlowTransaction => ({
  ...{ device, latencyMs, stream: 0, intendedAtMs: 0, sentAtMs: 0, retransmissions: 0 },
});

test("keeps the slowest, the slowest first, whatever order they end in", () => {
  const prng = new Prng(1, 1);
  const latencies = Array.from({ length: 1000 }, () => prng.nextFloat());
  const slowest = new Slowest();
  latencies.forEach((latencyMs, device) => {
    if (latencyMs > slowest.leastMs) slowest.add(transaction(device, latencyMs));
  });
  const expected = latencies.toSorted((a, b) => b - a).slice(0, SLOWEST_MAX);
  expect(slowest.all.map(({ latencyMs }) => latencyMs)).toEqual(expected);
  expect(slowest.leastMs).toBe(expected.at(-1));
});

test("keeps all when they are few, and the earlier of two with one latency first", () => {
  const slowest = new Slowest();
  for (const device of [3, 1, 2]) slowest.add(transaction(device, 5));
  expect(slowest.all.map(({ device }) => device)).toEqual([3, 1, 2]);
  expect(slowest.leastMs).toBe(0);
});
