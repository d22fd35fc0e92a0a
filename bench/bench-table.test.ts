import { describe, expect, test } from "vitest";
import {
  BENCH_SCHEMA,
  type BenchResult,
  type ContenderResult,
  type SearchResult,
} from "./bench-result.ts";
import { benchTable } from "./bench-table.ts";

function searches(...maxima: readonly (number | undefined)[]): readonly SearchResult[] {
  return maxima.map((maximumPerSecond) => ({
    maximumPerSecond,
    end: maximumPerSecond === undefined ? "rate-min" : "found",
    trials: [],
    violations: 0,
    memoryMiBMax: 0,
  }));
}

function contender(changes: Partial<ContenderResult> & { readonly name: string }): ContenderResult {
  return {
    id: changes.name.toLowerCase(),
    version: "1.0",
    durability: "fsync",
    settings: "as it comes",
    dora: [],
    ...changes,
  };
}

function resultOf(
  contenders: readonly ContenderResult[],
  changes: Partial<BenchResult> = {},
): BenchResult {
  return {
    schema: BENCH_SCHEMA,
    startedAt: "2026-01-01T00:00:00.000Z",
    durationMs: 1,
    environment: {
      cpu: "a processor",
      cores: 2,
      memoryMiB: 1024,
      kernel: "6.1",
      node: "v20",
      provlab: "0.1.0",
      commit: "abc",
      durability: "by server",
      socket: "batch",
      workers: 1,
    },
    method: {
      seed: 1,
      devices: 80_000,
      networks: 40,
      network: "loopback",
      generator: "Provlab",
      roundsPlanned: 3,
      trial: {
        warmUpMs: 500,
        warmUpShare: 0.5,
        measureMs: 2000,
        answerMsMax: 1000,
        unansweredShareMax: 0.025,
        slipMsP99Max: 20,
        cpuPercentMax: 98,
      },
    },
    contenders,
    ...changes,
  };
}

/** The cells of the row of a server. */
function rowOf(table: string, name: string): readonly string[] {
  const row = table.split("\n").find((text) => text.startsWith(`| ${name} |`))!;
  return row
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

describe("the table", () => {
  test("has median, spread and the ratio to the first row", () => {
    const table = benchTable(
      resultOf([
        contender({ name: "Ours", dora: searches(20_000, 24_000, 22_000) }),
        contender({ name: "Theirs", dora: searches(1100, 1000, 1300) }),
      ]),
    );
    expect(rowOf(table, "Ours").slice(3)).toEqual(["Provlab", "22,000", "20,000–24,000", "1.00"]);
    expect(rowOf(table, "Theirs").slice(3)).toEqual(["Provlab", "1,100", "1,000–1,300", "0.050"]);
  });

  test("says why a server has no figures", () => {
    const table = benchTable(
      resultOf([
        contender({ name: "Ours", dora: searches(10) }),
        contender({ name: "Absent", missing: "not installed" }),
        contender({ name: "Late" }),
        contender({ name: "Broken", missing: "it ended\nwith | many | words" }),
      ]),
    );
    expect(rowOf(table, "Ours").slice(4)).toEqual(["10", "one round", "1.00"]);
    expect(rowOf(table, "Absent")).toContain("not installed");
    expect(rowOf(table, "Late")).toContain("not measured");
    expect(rowOf(table, "Broken")).toContain("failed, see below");
    expect(table).toContain("- Broken: it ended with | many | words");
  });

  test("marks a figure that the generator limited as a lower bound", () => {
    const dora = searches(5000).map((search) => ({ ...search, end: "generator" as const }));
    const table = benchTable(resultOf([contender({ name: "Fast", dora })]));
    expect(rowOf(table, "Fast")).toContain("≥ 5,000");
  });

  test("counts a round that kept no rate, and has no ratio to a first row of nothing", () => {
    const table = benchTable(
      resultOf([
        contender({ name: "Ours", dora: searches(undefined) }),
        contender({ name: "Theirs", dora: searches(500, undefined, 700) }),
      ]),
    );
    expect(rowOf(table, "Ours").slice(4)).toEqual(["0", "one round", ""]);
    expect(rowOf(table, "Theirs").slice(4)).toEqual(["500", "0–700", ""]);
  });

  test("has columns for renewals when some were measured", () => {
    const renewals = { maximumPerSecond: 3000, end: "rate-max", trials: [] } as const;
    const table = benchTable(
      resultOf([
        contender({ name: "Ours", dora: searches(1000), renewals }),
        contender({ name: "Theirs", dora: searches(500) }),
      ]),
    );
    expect(rowOf(table, "server").slice(-2)).toEqual(["renewals/s", "ratio"]);
    expect(rowOf(table, "Ours").slice(-2)).toEqual(["≥ 3,000", "1.00"]);
    expect(rowOf(table, "Theirs").slice(-2)).toEqual(["", ""]);
  });

  test("names broken safety rules and a run that was cut short", () => {
    const dora = searches(5).map((search) => ({ ...search, violations: 2 }));
    const table = benchTable(
      resultOf([contender({ name: "Wild", dora })], { cutShort: "interrupted" }),
    );
    expect(table).toContain("Wild broke a safety rule 2 times");
    expect(table).toContain("Cut short: interrupted.");
  });

  test("keeps its columns whatever a program calls its version", () => {
    const table = benchTable(resultOf([contender({ name: "Odd", version: "1 | 2\n3" })]));
    const rows = table.split("\n").filter((text) => text.startsWith("|"));
    expect(rows).toHaveLength(3);
    expect(rows[2]).toContain("1 \\| 2 3");
  });
});
