import { describe, expect, test } from "vitest";
import type { LoadResult } from "../generators/download-load.ts";
import {
  type CellResult,
  cellSummaryOf,
  TFTP_BENCH_SCHEMA,
  type TftpBenchResult,
} from "./tftp-bench-result.ts";
import { tftpBenchTable } from "./tftp-bench-table.ts";

const cell = { fileBytes: 4096, blockBytes: 512, atOnce: 1000 };

function load(filesPerSecond: number, changes: Partial<LoadResult> = {}): LoadResult {
  return {
    measuredFiles: filesPerSecond,
    measuredMs: 1000,
    filesPerSecond,
    started: 2000,
    verified: 2000,
    failures: {},
    retransmissions: 3,
    latencyMs: { p50: 1, p95: 2, p99: 3, max: 4 },
    generatorCpuPercent: 60,
    generatorQueueShare: 0.1,
    generatorDrops: 0,
    ...changes,
  };
}

function resultOf(cells: readonly CellResult[], changes: Partial<TftpBenchResult> = {}) {
  const result: TftpBenchResult = {
    schema: TFTP_BENCH_SCHEMA,
    startedAt: "2026-11-24T12:00:00.000Z",
    durationMs: 1000,
    environment: {
      ...{ cpu: "a cpu", cores: 2, memoryMiB: 1, kernel: "6", node: "v20", provlab: "1" },
      ...{ commit: "abc", durability: "none", socket: "batch", workers: 1 },
    },
    method: {
      seed: 1,
      network: "loopback",
      roundsPlanned: 3,
      filesPerSize: 100,
      times: { warmUpMs: 1, measureMs: 1200, partMsMax: 1, drainMsMax: 1 },
    },
    contenders: [{ id: "one", name: "One", version: "1.0", settings: "as it comes", cells }],
    ...changes,
  };
  return tftpBenchTable(result);
}

describe("the summary of a cell", () => {
  test("is the median and the spread of the rounds", () => {
    const loads = [load(9000), load(12_000), load(11_000, { verified: 1990 })];
    expect(cellSummaryOf({ cell, loads, deaths: [] })).toMatchObject({
      ...{ rounds: 3, median: 11_000, lowest: 9000, highest: 12_000 },
      ...{ started: 6000, lost: 10, retransmissions: 9, deaths: 0, isLowerBound: false },
    });
  });

  test("is there only when something was measured", () => {
    expect(cellSummaryOf({ cell, loads: [], deaths: [] })).toBeUndefined();
  });

  test.each([
    ["idle", 60, 0.9, false],
    ["busy, but not waited for", 99, 0.1, false],
    ["busy and waited for", 99, 0.6, true],
  ])("a generator that is %s: %d %%, %d", (_name, cpu, queue, isLowerBound) => {
    const limits = { generatorCpuPercent: cpu, generatorQueueShare: queue };
    const summary = cellSummaryOf({ cell, loads: [load(1, limits)], deaths: [] });
    expect(summary?.isLowerBound).toBe(isLowerBound);
  });
});

describe("the table", () => {
  test("has a rate with its spread for each server, and a row for each cell", () => {
    const table = resultOf([{ cell, loads: [load(9000), load(12_000), load(11_000)], deaths: [] }]);
    expect(table).toContain("| file | block | at once | One 1.0 |");
    expect(table).toContain("| 4 KiB | 512 | 1,000 | 11,000 (9,000–12,000) |");
    expect(table).toContain(
      "| One | 4 KiB | 512 | 1,000 | 11,000 | 45.1 | 1.0 | 3.0 | 6,000 | 0 |",
    );
  });

  test("says what a rate must not hide: files lost, a server that died, a busy generator", () => {
    const limits = { generatorCpuPercent: 99, generatorQueueShare: 0.6 };
    const loads = [load(0, { verified: 0 }), load(10, limits)];
    const table = resultOf([{ cell, loads, deaths: ["One ended by itself\nfd_set | 4"] }]);
    expect(table).toContain("≥ 5 (0–10), died in 1 of 2 rounds, 2,000 of 4,000 files lost |");
    expect(table).toContain("- One ended by itself fd_set | 4.");
  });

  test("says why there is no figure", () => {
    const contender = { id: "two", name: "Two", version: "", settings: "s" };
    const cells = [{ cell, loads: [], deaths: [] }];
    const table = resultOf([], {
      contenders: [
        { ...contender, missing: "not installed", cells },
        { ...contender, cells },
      ],
      cutShort: "out of time",
    });
    expect(table).toContain("| 4 KiB | 512 | 1,000 | not installed | not measured |");
    expect(table).toContain("- Cut short: out of time.");
  });
});
