import { describe, expect, test } from "vitest";
import {
  BENCH_SCHEMA,
  type BenchResult,
  type Cell,
  type Column,
  type Row,
  type ServerResult,
  type SuiteResult,
} from "./bench-result.ts";
import { benchText, machineOf, suiteTable } from "./suite-table.ts";

const rate: Column = {
  ...{ id: "rate", title: "DORA/s", digits: 0 },
  ...{ better: "more", hasRatio: true },
};
const seconds: Column = {
  ...{ id: "seconds", title: "seconds", digits: 2 },
  ...{ better: "less", hasRatio: true },
};
const memory: Column = {
  ...{ id: "memory", title: "MiB", digits: 0 },
  ...{ better: "less", hasRatio: false },
};

function server(name: string, changes: Partial<ServerResult> = {}): ServerResult {
  return {
    ...{ id: name.toLowerCase(), name, version: "1.0", durability: "fsync" },
    ...{ settings: "as it comes", violations: 0 },
    ...changes,
  };
}

function cell(...values: readonly number[]): Cell {
  return { values, isBound: false };
}

function bound(...values: readonly number[]): Cell {
  return { values, isBound: true };
}

function row(name: string, cells: Row["cells"], changes: Partial<Row> = {}): Row {
  return { server: name.toLowerCase(), subject: "", cells, ...changes };
}

function suite(changes: Partial<SuiteResult>): SuiteResult {
  return {
    ...{ id: "made", title: "A suite", durationMs: 1, method: ["So and so."] },
    ...{ generator: "simulator", roundsPlanned: 3, trials: [] },
    ...{ columns: [rate], servers: [server("Ours"), server("Theirs")], rows: [] },
    ...changes,
  };
}

/** The cells of every row of the table, without the four that say who it is. */
function figures(table: string): readonly (readonly string[])[] {
  return table
    .split("\n")
    .filter((text) => text.startsWith("|"))
    .map((text) => text.split("|").slice(5, -1))
    .map((cells) => cells.map((text) => text.trim()));
}

describe("a suite's table", () => {
  test("has the median, the spread and what the first is in ratio to it", () => {
    const table = suiteTable(
      suite({
        rows: [
          row("Ours", { rate: cell(20_000, 24_000, 22_000) }),
          row("Theirs", { rate: cell(1100, 1000, 1300) }),
        ],
      }),
    );
    expect(figures(table)).toEqual([
      ["DORA/s", "Ours ÷ it"],
      ["---:", "---:"],
      ["22,000 (20,000–24,000)", "1.00"],
      ["1,100 (1,000–1,300)", "20.0"],
    ]);
    expect(table).toContain("| Ours | 1.0 | fsync | simulator |");
  });

  test("compares row by row, each load with its own", () => {
    const table = suiteTable(
      suite({
        columns: [seconds, memory],
        rows: [
          row("Ours", { seconds: cell(2), memory: cell(70) }, { subject: "80,000" }),
          row("Ours", { seconds: cell(9) }, { subject: "1,000,000" }),
          row("Theirs", { seconds: cell(4), memory: cell(50) }, { subject: "80,000" }),
        ],
      }),
    );
    expect(figures(table)).toEqual([
      ["load", "seconds", "Ours ÷ it", "MiB"],
      ["---", "---:", "---:", "---:"],
      ["80,000", "2.00", "1.00", "70"],
      ["1,000,000", "9.00", "1.00", ""],
      ["80,000", "4.00", "0.50", "50"],
    ]);
  });

  test.each([
    ["rate, ours", rate, bound(500), cell(100), "≥ 500", "≥ 5.00"],
    ["rate, theirs", rate, cell(500), bound(100), "500", "≤ 5.00"],
    ["rate, both", rate, bound(500), bound(100), "≥ 500", ""],
    ["time, ours", seconds, bound(2), cell(8), "≤ 2.00", "≤ 0.25"],
    ["time, theirs", seconds, cell(2), bound(8), "2.00", "≥ 0.25"],
  ] as const)("marks what the generator limited: %s", (_, column, ours, theirs, own, ratio) => {
    const rows = [row("Ours", { [column.id]: ours }), row("Theirs", { [column.id]: theirs })];
    const table = suiteTable(suite({ columns: [column], rows }));
    const [, , first, second] = figures(table);
    expect(first![0]).toBe(own);
    expect(second![1]).toBe(ratio);
    expect(table).toContain("the generator was the limit there");
  });

  test("says why there is no figure", () => {
    const table = suiteTable(
      suite({
        servers: [
          server("Ours"),
          server("Absent", { missing: "not installed" }),
          server("Late"),
          server("Broken", { missing: "it ended\nwith | many | words" }),
          server("Slow"),
        ],
        rows: [
          row("Ours", { rate: cell(0) }),
          row("Slow", {}, { reason: "not bound within 60 s" }),
        ],
      }),
    );
    const shown = figures(table).slice(2);
    expect(shown.map(([first]) => first)).toEqual([
      ...["0", "not installed", "not measured", "failed, see below", "not bound within 60 s"],
    ]);
    expect(shown.map(([, ratio]) => ratio)).toEqual(["", "", "", "", ""]);
    expect(table).toContain("- Broken: it ended with | many | words");
  });

  test("adds up or takes the most of the rounds where a column says so", () => {
    const columns = [
      { ...memory, id: "lost", summary: "sum" as const },
      { ...memory, id: "queue", digits: 2, summary: "most" as const },
    ];
    const rows = [row("Ours", { lost: cell(3, 0, 4), queue: cell(0.2, 0.31, 0.1) })];
    const table = suiteTable(suite({ columns, servers: [server("Ours")], rows }));
    expect(figures(table)[2]).toEqual(["7", "0.31"]);
  });

  test("has no column for durability or the generator where there is none", () => {
    const servers = [server("Ours", { durability: "" })];
    const table = suiteTable(
      suite({ servers, generator: "", rows: [row("Ours", { rate: cell(5) })] }),
    );
    expect(table).toContain("| server | version | DORA/s |\n| --- | --- | ---: |\n");
    expect(table).toContain("| Ours | 1.0 | 5 |");
  });

  test("notes what went wrong with a load that has figures", () => {
    const rows = [row("Ours", { rate: cell(5) }, { subject: "10 at once", reason: "it died" })];
    const table = suiteTable(suite({ servers: [server("Ours")], rows }));
    expect(table).toContain("- Ours, 10 at once: it died\n");
  });

  test("names broken safety rules and a suite that was cut short", () => {
    const table = suiteTable(
      suite({
        servers: [server("Wild", { violations: 2 })],
        rows: [row("Wild", { rate: cell(5) })],
        cutShort: "interrupted",
      }),
    );
    expect(table).toContain("- Wild broke a safety rule 2 times.");
    expect(table).toContain("- Cut short: interrupted.");
    expect(figures(table)[0]).toEqual(["DORA/s"]);
  });

  test("keeps its columns whatever a program calls its version", () => {
    const servers = [server("Odd", { version: "1 | 2\n3" })];
    const table = suiteTable(suite({ servers, rows: [row("Odd", { rate: cell(5) })] }));
    expect(table).toContain("| Odd | 1 \\| 2 3 | fsync |");
  });
});

describe("the whole text", () => {
  const result: BenchResult = {
    schema: BENCH_SCHEMA,
    ...{ startedAt: "2026-01-02T03:04:05.000Z", durationMs: 1 },
    environment: {
      ...{ cpu: "a processor", cores: 2, memoryMiB: 2048, kernel: "6.1", node: "v20" },
      ...{ provlab: "0.1.0", commit: "abc", durability: "by server" },
      ...{ socket: "batch", workers: 1 },
    },
    method: { seed: 3, network: "loopback", processors: { server: 0, generator: 1 } },
    suites: [suite({ title: "First" }), suite({ title: "Second" })],
  };

  test("begins with the machine and has a section for each suite", () => {
    const text = benchText(result);
    expect(text.startsWith(machineOf(result))).toBe(true);
    expect(text.match(/^## .*$/gm)).toEqual(["## First", "## Second"]);
  });

  test("the machine is named with what the figures depend on", () => {
    const machine = machineOf(result);
    for (const part of ["a processor", "2 cores", "6.1", "v20", "abc", "seed 3", "another one"]) {
      expect(machine).toContain(part);
    }
  });
});
