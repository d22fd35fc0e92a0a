import { describe, expect, test } from "vitest";
import { errorsOf } from "../result/errors.ts";
import { sampleBootResult } from "../result/sample-boot-result.testing.ts";
import { sampleResult } from "../result/sample-result.testing.ts";
import { renderSummary } from "../text/render-summary.ts";
import { actualWords, marginWords } from "../text/threshold-words.ts";
import { limitsOf } from "./chart.ts";
import { chartFigure, chartWords } from "./chart-figure.ts";
import { loadCharts } from "./charts.ts";
import { renderHtml } from "./render-html.ts";

const assets = { chartScript: "", chartStyle: "", scriptHashes: ["sha256-x"] };

describe("thresholds in words", () => {
  const cases: readonly (readonly [string, number | null, boolean, string, string])[] = [
    ["a.renew.latencyMs.p99 < 10", 4.2, true, "4.20 ms", "58 % to spare"],
    ["a.renew.latencyMs.p99 < 10", 11.2, false, "11.2 ms", "12 % too much"],
    ["a.renew.achievedRatio >= 0.999", 0.99912, true, "0.99912", "0.0 % to spare"],
    ["a.renew.achievedPerSecond > 100", 95, false, "95 /s", "5.0 % too little"],
    ["a.renew.timeouts == 0", 0, true, "0", "exact"],
    ["a.renew.timeouts == 0", 3, false, "3", "off by 3"],
    ["a.renew.completed == 80000", 79_000, false, "79,000", "off by 1,000"],
    ["a.renew.latencyMs.p99 < 10", null, false, "not measured", ""],
  ];
  test.each(cases)("%s with %s", (text, actual, holds, measured, margin) => {
    expect(actualWords({ text, actual, holds })).toBe(measured);
    expect(marginWords({ text, actual, holds })).toBe(margin);
  });
});

test("only what bounds a drawn percentile from above is a mark on its chart", () => {
  const texts = [
    "a.renew.latencyMs.p99 < 10",
    "a.renew.latencyMs.p999 <= 50",
    "a.renew.latencyMs.p99 > 1",
    "a.renew.latencyMs.max < 99",
    "b.renew.latencyMs.p99 < 10",
    "a.renew.timeouts == 0",
  ];
  const thresholds = texts.map((text) => ({ text, actual: 1, holds: true }));
  const limits = limitsOf(thresholds, 1, ([phase]) => phase === "a");
  expect(limits.map(({ x, y }) => [Math.round(x * 1000) / 1000, y])).toEqual([
    [2, 10],
    [3, 50],
  ]);
});

describe("latency over load", () => {
  const [phase] = sampleResult().phases;
  const [stream] = phase!.streams;
  const stage = (offeredPerSecond: number, p99: number) => ({
    fromPerSecond: offeredPerSecond,
    toPerSecond: offeredPerSecond,
    startMs: 0,
    endMs: 1000,
    offered: offeredPerSecond,
    completed: offeredPerSecond,
    offeredPerSecond,
    achievedPerSecond: offeredPerSecond,
    missedPercent: 0,
    notEligible: 0,
    late: 0,
    latencyMs: { ...stream!.latencyMs, p99 },
  });
  const withStages = (...stages: ReturnType<typeof stage>[]) =>
    sampleResult({ phases: [{ ...phase!, streams: [{ ...stream!, stages }] }] });

  test("is drawn by load, whatever the order of the stages", () => {
    const [chart] = loadCharts(withStages(stage(400, 9), stage(100, 2)));
    expect(chart!.xs).toEqual([100, 400]);
    expect(chart!.series[1]).toEqual({ label: "p99", values: [2, 9] });
    expect(renderHtml(withStages(stage(400, 9), stage(100, 2)), assets)).toContain(
      "<h2>Latency over load</h2>",
    );
  });

  test("says where the server broke", () => {
    const breakage = { lastKeptPerSecond: 100, firstMissedPerSecond: 400, reason: "9 % <missed>" };
    const broken = [{ ...stream!, name: "peak", stages: [stage(100, 2), stage(400, 9)], breakage }];
    const result = sampleResult({ phases: [{ ...phase!, streams: broken }] });
    expect(renderHtml(result, assets)).toContain(
      "connect peak kept 100/s, missed 400/s: 9 % &lt;missed&gt;",
    );
    expect(renderSummary(result, [])).toContain(
      "\nbreakage       connect peak kept 100/s, missed 400/s: 9 % <missed>\n",
    );
  });

  test("needs two stages", () => {
    expect(loadCharts(withStages(stage(400, 9)))).toEqual([]);
    expect(renderHtml(sampleResult(), assets)).not.toContain("Latency over load");
  });
});

test("errors are told by reason and place, the most frequent first", () => {
  expect(errorsOf(sampleResult())).toEqual([]);
  const errors = errorsOf(sampleBootResult());
  expect(errors.map(({ count }) => count)).toEqual(
    errors.map(({ count }) => count).toSorted((a, b) => b - a),
  );
  expect(errors).toContainEqual({
    reason: "cm-mic: the modem finds that its file was changed (CM MIC)",
    where: "cable-modem check",
    count: 13,
  });
});

describe("a chart for those who do not see it", () => {
  const chart = {
    id: "x",
    title: "Rates <b>",
    x: "time",
    log: false,
    xs: Array.from({ length: 100 }, (_, second) => second),
    series: [
      { label: "a", values: Array.from({ length: 100 }, (_, second) => second * 10) },
      { label: "b", values: Array.from({ length: 100 }, () => null) },
    ],
  } as const;

  test("has words", () => {
    expect(chartWords(chart)).toBe("Chart: Rates <b>. a from 0 to 990; b without a value.");
  });

  test("has words for what stands below it", () => {
    const spans = [
      { second: 3, ms: 12 },
      { second: 7, ms: 300.4 },
    ];
    expect(chartWords({ ...chart, lanes: [{ label: "sync", spans }] })).toMatch(
      /b without a value; sync 2 times, at most 300.4 ms\.$/,
    );
  });

  test("has a table of a few rows, the first and the last among them", () => {
    const html = chartFigure(chart);
    expect(html).toContain("Rates &lt;b&gt;");
    expect(html.match(/<tr>/g)).toHaveLength(14);
    expect(html).toContain("<td>0</td><td>0</td><td>-</td>");
    expect(html).toContain("<td>99</td><td>990</td><td>-</td>");
  });
});

test("the page says first what a reader asks first, and lets only its own scripts run", () => {
  const html = renderHtml(sampleResult({ command: "prov run 'a & b.yaml'" }), assets);
  expect([...html.matchAll(/<h2>([^<]*)/g)].map(([, title]) => title)).toEqual([
    "Thresholds",
    "Key figures",
    "Phases",
    "Rates and latency over time",
    "Latency by percentile",
    "Device states",
    "Time to bound, by kind of device",
    "Errors by reason",
    "Safety",
    "What the server used",
    "Was the generator the limit?",
    "Environment",
    "Run it again",
  ]);
  expect(html.indexOf("PASS")).toBeLessThan(html.indexOf("Thresholds"));
  expect(html).toContain("<pre>prov run &#39;a &amp; b.yaml&#39;</pre>");
  expect(html).toContain("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-x';");
});
