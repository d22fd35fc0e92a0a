import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseThreshold } from "../scenarios/language/threshold.ts";
import { timeSeriesTable } from "./machine/time-series-table.ts";
import { chartsOf } from "./page/charts.ts";
import { renderHtml } from "./page/render-html.ts";
import { sampleResult } from "./result/sample-result.testing.ts";
import { evaluateThresholds } from "./result/thresholds.ts";
import { formatCount, formatMs, formatRate, formatSpan, streamCells } from "./text/format.ts";
import { renderSummary } from "./text/render-summary.ts";
import { writeFiles } from "./write-files.ts";

const assets = { chartScript: "/* uPlot */", chartStyle: "", scriptHashes: [] };

describe("thresholds", () => {
  const cases: readonly (readonly [string, number | null, boolean])[] = [
    ["mixed.renew.completed == 1000", 1000, true],
    ["mixed.renew.completed > 1000", 1000, false],
    ["mixed.renew.achievedRatio >= 0.999", 1, true],
    ["connect.renew.completed == 0", null, false],
    ["nothing.renew.completed == 0", null, false],
    ["timeToBoundMs.mta.p99 < 10", null, false],
  ];
  test.each(cases)("%s", (text, actual, holds) => {
    expect(evaluateThresholds([parseThreshold(text)!], sampleResult())).toEqual([
      { text, actual, holds },
    ]);
  });

  test.each([
    ["mixed.renew.timeouts == 0", false],
    ["mixed.renew.completed == 0", false],
    ["mixed.renew.sent == 0", true],
  ])("%s over nothing sent: holds %s", (text, holds) => {
    const { phases, ...result } = sampleResult();
    const [connect, mixed] = phases;
    const silent = mixed.streams.map((stream) => ({ ...stream, sent: 0, completed: 0 }));
    const changed = { ...result, phases: [connect, { ...mixed, streams: silent }] };
    expect(evaluateThresholds([parseThreshold(text)!], changed)[0]!.holds).toBe(holds);
  });

  test("a percentile is taken from the distribution, and an empty one fails", () => {
    const result = sampleResult();
    const [found] = evaluateThresholds([parseThreshold("mixed.renew.latencyMs.p99 < 99")!], result);
    expect(found).toMatchObject({
      actual: result.phases[1].streams[1].latencyMs.p99,
      holds: true,
    });
    const [stream] = result.phases[0].streams;
    const empty = { ...stream!, latencyMs: { ...stream!.latencyMs, count: 0, p99: 0 } };
    const phases = [{ ...result.phases[0], streams: [empty] }];
    const threshold = parseThreshold("connect.discover.latencyMs.p99 < 99")!;
    expect(evaluateThresholds([threshold], { phases, timeToBoundMs: {} })).toMatchObject([
      { actual: null, holds: false },
    ]);
  });
});

describe("the summary", () => {
  test("fits a terminal of 80 columns and begins with the verdict", () => {
    const text = renderSummary(sampleResult(), ["runs/sample/result.json"]);
    expect(text.trimStart()).toMatch(/^PASS {2}sample · 1,000 devices/);
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(text).toContain("durability fsync");
  });

  test("names every failed threshold and reason", () => {
    const failed = { text: "mixed.renew.timeouts == 0", actual: 3, holds: false };
    const changes = { verdict: "fail", reasons: ["3 went wrong"], thresholds: [failed] } as const;
    const text = renderSummary(sampleResult(changes), []);
    expect(text).toMatch(/^FAIL/m);
    expect(text).toContain("3 went wrong");
    expect(text).toContain("FAILED mixed.renew.timeouts == 0 (was 3)");
  });
});

describe("the page", () => {
  test("asks nobody for anything", () => {
    const page = renderHtml(sampleResult(), assets);
    expect(page).not.toMatch(/(src|href)=/);
    expect(page).not.toMatch(/https?:\/\//);
  });

  test("what a scenario says cannot become markup", () => {
    const title = `</script><img src=x onerror="alert(1)">`;
    const result = sampleResult({
      scenario: { name: "x", title, sha256: "" },
      reasons: [title],
      timeSeries: [{ ...sampleResult().timeSeries[0], devices: { [title]: 1 } }],
    });
    const page = renderHtml(result, assets);
    expect(page).not.toContain("<img");
    expect(page.match(/<\/script>/g)).toHaveLength(3);
  });

  test("has a chart for rates, latency, states and percentiles", () => {
    const charts = chartsOf(sampleResult());
    expect(charts.map(({ id }) => id)).toEqual(["rates", "latency", "states", "percentiles"]);
    for (const { xs, series } of charts) {
      for (const { values } of series) expect(values).toHaveLength(xs.length);
    }
  });

  test("a run without a single second still has a page", () => {
    expect(renderHtml(sampleResult({ timeSeries: [], phases: [] }), assets)).toContain("PASS");
  });
});

test("the time series is a table with a column for each state", () => {
  const table = timeSeriesTable(sampleResult().timeSeries);
  expect(table).toHaveLength(61);
  expect(table[0].slice(-2)).toEqual(["devices_bound", "devices_init"]);
  expect(table.every((row) => row.length === table[0].length)).toBe(true);
});

test("exchanges that not every run has follow the columns that every run has, in their order", () => {
  const rows = sampleResult().timeSeries.map((row) => ({
    ...{ ...row, releaseSent: 3, rebindSent: 2, rebindCompleted: 1 },
  }));
  const [plain] = timeSeriesTable(sampleResult().timeSeries);
  const [names, first] = timeSeriesTable(rows);
  expect(names).toEqual([...plain!, "rebind_sent", "rebind_completed", "release_sent"]);
  expect(first!.slice(-3)).toEqual([2, 1, 3]);
  const rates = chartsOf(sampleResult({ timeSeries: rows }))[0];
  expect(rates.series.map(({ label }) => label)).toContain("rebinds acknowledged");
});

test("the files are written whole, into a folder that need not exist", () => {
  const folder = mkdtempSync(join(tmpdir(), "provlab-report-"));
  try {
    const paths = writeFiles(join(folder, "deep", "run"), sampleResult());
    expect(paths.map((path) => path.split("/").at(-1))).toEqual([
      "result.json",
      "report.html",
      "timeseries.csv",
      "summary.md",
      "junit.xml",
      "metrics.txt",
      "latency.hlog",
    ]);
    expect(JSON.parse(readFileSync(paths[0], "utf8"))).toEqual(sampleResult());
    expect(readFileSync(paths[1], "utf8")).toContain("uPlot");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  [{ offeredPerSecond: 300 }, "300"],
  [{ offeredPerSecond: null, allWithinMs: 20_000 }, "in 20 s"],
  [{ offeredPerSecond: null, allWithinMs: 0 }, "at once"],
  [{ offeredPerSecond: null, outstanding: 256 }, "loop 256"],
])("a load of %j is %s", (load, expected) => {
  const [stream] = sampleResult().phases[0].streams;
  expect(streamCells({ ...stream!, ...load })[1]).toBe(expected);
});

test("figures are written for people", () => {
  expect(formatCount(80_000)).toBe("80,000");
  expect([300, 299.97].map(formatRate)).toEqual(["300", "300.0"]);
  expect([0.0412, 3.274, 41.53, 1250].map(formatMs)).toEqual(["0.041", "3.27", "41.5", "1,250"]);
  expect([12.34, 2500, 125_000].map(formatSpan)).toEqual(["12.3 ms", "2.5 s", "2 min 5 s"]);
});
