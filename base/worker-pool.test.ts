import { expect, test } from "vitest";
import type { formatIpv4 } from "../protocol/ipv4.ts";
import type { unreachable } from "./assert.ts";
import { runJobs } from "./worker-pool.ts";

const addresses = new URL("../protocol/ipv4", import.meta.url);

function formatAll(count: number): Promise<string[]> {
  const inputs = Array.from({ length: count }, (_, address) => address);
  return runJobs<typeof formatIpv4>(addresses, "formatIpv4", inputs);
}

test("outputs come in the order of the inputs", async () => {
  const outputs = await formatAll(100);
  expect(outputs).toEqual(Array.from({ length: 100 }, (_, last) => `0.0.0.${last}`));
});

test("no jobs have no outputs, and need no thread", async () => {
  expect(await formatAll(0)).toEqual([]);
});

test("the error of a job is that of all of them", async () => {
  const module = new URL("./assert", import.meta.url);
  const wrong = runJobs<typeof unreachable>(module, "unreachable", ["no such kind" as never]);
  await expect(wrong).rejects.toThrow("no such kind");
});

test("more jobs than may wait are refused", async () => {
  await expect(formatAll(1025)).rejects.toThrow("1025 jobs are too many at once");
});
