import { describe, expect, test } from "vitest";
import { fullPlan } from "./generator-bench-plan.ts";
import {
  GENERATOR_BENCH_SCHEMA,
  type GeneratorBenchResult,
  type MaximumSample,
  maximumOf,
} from "./generator-bench-result.ts";
import { generatorBenchTable } from "./generator-bench-table.ts";

function maximum(
  generator: MaximumSample["generator"],
  round: number,
  perSecond: number,
  responderCpuPercent = 60,
): MaximumSample {
  return {
    ...{ generator, round, mode: `mode ${perSecond}`, perSecond, responderCpuPercent },
    ...{ responderLostShare: 0, completedShare: 0.5, cpuPercent: 90, kernelPercent: 75 },
    ...(generator === "perfdhcp" ? { lateReplies: 7 } : {}),
  };
}

const result: GeneratorBenchResult = {
  schema: GENERATOR_BENCH_SCHEMA,
  startedAt: "2026-01-01T00:00:00.000Z",
  durationMs: 1000,
  environment: {
    cpu: "a processor",
    cores: 2,
    memoryMiB: 1,
    kernel: "6",
    node: "v20",
    provlab: "0",
    commit: "",
    durability: "none",
    socket: "batch",
    workers: 1,
  },
  processors: { server: 0, generator: 1 },
  seed: 1,
  plan: fullPlan,
  perfdhcp: "2.6.3",
  maximum: [
    maximum("provlab", 1, 60_000),
    maximum("perfdhcp", 1, 10_000),
    maximum("perfdhcp", 1, 19_000),
    maximum("provlab", 2, 70_000),
    maximum("perfdhcp", 2, 21_000),
    maximum("perfdhcp", 2, 4000),
  ],
  fixed: [
    {
      ...{ generator: "provlab", round: 1, sentPerSecond: 10_001, completedShare: 1 },
      ...{ slipMsP99: 0.05, cpuPercent: 71, responderCpuPercent: 10, responderLostShare: 0 },
    },
    {
      ...{ generator: "perfdhcp", round: 1, sentPerSecond: 9900, completedShare: 0.999 },
      ...{ responderCpuPercent: 10, responderLostShare: 0, lateReplies: 3 },
    },
  ],
};

describe("the maximum of a generator", () => {
  test("is the median over the rounds of the best mode of each", () => {
    expect(maximumOf(result, "perfdhcp")).toMatchObject({
      ...{ median: 20_000, lowest: 19_000, highest: 21_000, mode: "mode 21000" },
      isResponderLimited: false,
    });
  });
  test.each([
    ["busy all the time", { responderCpuPercent: 97 }],
    ["losing packets", { responderLostShare: 0.002 }],
  ])("is a lower bound when the responder was %s", (_, figures) => {
    const limited = { ...maximum("provlab", 1, 90_000), ...figures };
    expect(maximumOf({ maximum: [limited] }, "provlab")!.isResponderLimited).toBe(true);
    const peer = maximum("perfdhcp", 1, 30_000);
    const table = generatorBenchTable({ ...result, maximum: [limited, peer] });
    expect(table).toMatch(/provlab \| ≥ 90,000 \|.*\| ≥ 3\.00 \|.*\| the responder \|/);
    expect(table).toMatch(/perfdhcp \| 30,000 \|.*\| 1\.00 \|.*\| itself \|/);
  });
  test.each([
    [60, 97, "≤ 3.00"],
    [97, 97, "open"],
    [60, 60, "3.00"],
  ])("beside its peer's, with the responder %i and %i %% busy: %s", (own, peer, ratio) => {
    const both = [maximum("provlab", 1, 90_000, own), maximum("perfdhcp", 1, 30_000, peer)];
    const table = generatorBenchTable({ ...result, maximum: both });
    expect(table.split("\n").find((line) => line.includes("90,000"))).toContain(`| ${ratio} |`);
  });
  test("is unknown of one that did not run", () => {
    expect(maximumOf({ maximum: [] }, "perfdhcp")).toBeUndefined();
  });
});

test("the table has both loads, the ratio and the rate's error", () => {
  const table = generatorBenchTable(result);
  expect(table).toContain(
    "| provlab | 65,000 | 60,000–70,000 | 3.25 | 50.00 % | not said | 90 % | 75 % | 60 % | itself |",
  );
  expect(table).toContain(
    "| perfdhcp | 20,000 | 19,000–21,000 | 1.00 | 50.00 % | 7 | 90 % | 75 % | 60 % | itself |",
  );
  expect(table).toContain(
    "| provlab | 10,001 | 0.010 % | 50 µs | 100.00 % | not said | 71 % | not said | 10 % |",
  );
  expect(table).toContain(
    "| perfdhcp | 9,900 | -1.000 % | not said | 99.90 % | 3 | not said | not said | 10 % |",
  );
  expect(table).not.toContain("NOT VALID");
});

test("a machine that had other things to do makes it worthless, and it says so", () => {
  const busy = { ...result, maximum: [{ ...maximum("provlab", 1, 60_000), starvedPercent: 40 }] };
  expect(generatorBenchTable(busy)).toMatch(/NOT VALID: other programs .* 40 % of the time/);
});

test("without perfdhcp the table says that it is missing", () => {
  const alone = { ...result, perfdhcp: null, maximum: [maximum("provlab", 1, 60_000)], fixed: [] };
  expect(generatorBenchTable(alone)).toContain("perfdhcp is not installed");
});
