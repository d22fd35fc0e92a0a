import { describe, expect, test } from "vitest";
import { failoverResultOf } from "./failover/analyse.ts";
import { kill, killRun, runOf, secondsOf, steadily } from "./failover/made-up-run.testing.ts";
import { renderJunit } from "./machine/render-junit.ts";
import { renderHtml } from "./page/render-html.ts";
import type { ExecutedEvent } from "./result/failover-result.ts";
import { readResult } from "./result/read-result.ts";
import type { RunResult } from "./result/run-result.ts";
import { sampleResult } from "./result/sample-result.testing.ts";
import { renderMarkdown } from "./text/render-markdown.ts";
import { renderSummary } from "./text/render-summary.ts";

const assets = { chartScript: "", chartStyle: "", scriptHashes: [] };
const run = killRun(
  [
    ["waited", 1, 9990, 14_000],
    ["waited", 2, 10_100, 12_100],
    ["rebinding", 3, 25_000, 25_000],
    ["unserved", 4, 10_200, 40_000],
  ],
  [
    { atMs: 0, node: "a", role: "active", epoch: 1 },
    { atMs: 0, node: "b", role: "standby", epoch: 1 },
    { atMs: 10_430, node: "b", role: "claiming", epoch: 1 },
    { atMs: 10_600, node: "b", role: "active", epoch: 2 },
  ],
);
const failover = failoverResultOf(run)!;
const result = sampleResult({ failover });

/** The same run with other events. */
function resultWith(events: readonly ExecutedEvent[]): RunResult {
  const other = failoverResultOf({ ...run, pair: { ...run.pair, events } });
  return sampleResult({ failover: other! });
}

test("what is written is read again, and damage is told", () => {
  expect(readResult(JSON.stringify(result))).toEqual({ kind: "read", result });
  const damaged = JSON.parse(JSON.stringify(result)) as {
    failover: { events: { node: string }[] };
  };
  damaged.failover.events[0].node = "c";
  expect(readResult(JSON.stringify(damaged))).toMatchObject({
    problems: [expect.stringMatching(/^failover\.events\[0\]\.node: /)],
  });
});

describe("the terminal", () => {
  test("has a row an event in 80 columns, and below what else it did", () => {
    const text = renderSummary(result, []);
    expect(text).toMatch(/^event +at detected +RTO affected outage p99 steady after$/m);
    expect(text).toMatch(/^kill +10\.0 s +427 ms +640 ms +3 +4\.0 s +4\.0 s$/m);
    expect(text.replace(/\s+/g, " ")).toContain(
      "kill: no ACK for 640 ms (server-1, then server-2), in which 64 transactions were asked for; " +
        "before, the longest gap was 10 ms; another server after 637 ms; active 170 ms after the detection",
    );
    expect(text).toContain("1 device at T2 without an answer");
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  test("says of a service that did not come back that it did not", () => {
    const rows = [...secondsOf(0, 10), ...secondsOf(10, 20, 0)];
    const lost = failoverResultOf(runOf(20_000, steadily(1, 0, 10_001), rows, { events: [kill] }))!;
    const text = renderSummary(sampleResult({ failover: lost }), []);
    expect(text).toMatch(/^kill +10\.0 s +- +never +0 +- +not seen$/m);
    expect(text).toContain("no ACK after 10.0 s");
  });

  test("of a pair that shares the devices, says how long the node itself was away", () => {
    const acks = [
      ...steadily(1, 0, 10_001),
      ...steadily(1, 15_000, 40_000),
      ...steadily(2, 5, 40_000),
    ];
    const pair = { events: [kill], isLoadBalanced: true };
    const shared = failoverResultOf(runOf(40_000, acks, secondsOf(0, 40), pair))!;
    const sharing = sampleResult({ failover: shared });
    expect(readResult(JSON.stringify(sharing))).toEqual({ kind: "read", result: sharing });
    const text = renderSummary(sharing, []);
    expect(text).toMatch(/^kill +10\.0 s +- +none +0 /m);
    expect(text).toContain("kill: server-1 itself sent no ACK for 5.0 s");
    expect(text.replace(/\s+/g, " ")).toContain("Both nodes serve, each a share of the devices");
    expect(renderSummary(result, [])).not.toContain("Both nodes serve");
  });

  test("has the first twenty of many events, and names of any length", () => {
    const events = Array.from({ length: 30 }, (_, index) => ({
      ...{ name: `${"long-".repeat(20)}${index}`, text: "x".repeat(200) },
      startedAtMs: 10_000 + index * 500,
    }));
    const text = renderSummary(resultWith(events), []);
    expect(text).toContain("and 10 more");
    const table = text.split("\n").filter((line) => line.startsWith("long-"));
    expect(table.filter((line) => line.length === 78)).toHaveLength(20);
  });

  test("a run in which nothing happened says nothing of it", () => {
    expect(renderSummary(sampleResult(), [])).not.toContain("RTO");
    expect(renderHtml(sampleResult(), assets)).not.toContain('class="chart timeline"');
  });
});

describe("the page", () => {
  const html = renderHtml(result, assets);

  test("marks events, shades the gap, and has a bar for each role", () => {
    expect(html.match(/class="tl-mark"/g)).toHaveLength(2);
    expect(html).toMatch(/<b class="tl-gap" style="left:2[45]\.\d\d%;width:1\.\d\d%"><\/b>/);
    expect(html).toMatch(/title="node b active, epoch 2, from 10\.6 s">active<\/i>/);
    expect(html.match(/<path d="M0 100V/g)).toHaveLength(2);
    expect(html).toContain("server-2 (node b)");
  });

  test("has the longest interruption among its key figures, or that the service is not back", () => {
    expect(html).toContain("<b>640 ms</b><span>without an ACK, at most: kill</span>");
    const rows = [...secondsOf(0, 10), ...secondsOf(10, 20, 0)];
    const lost = failoverResultOf(runOf(20_000, steadily(1, 0, 10_001), rows, { events: [kill] }));
    const page = renderHtml(sampleResult({ failover: lost! }), assets);
    expect(page).toContain('<div class="figure alarm"><b>not back</b>');
  });

  test("numbers that would cover each other stand on different levels", () => {
    const close = [0, 100, 200, 300].map((ms, index) => ({
      ...{ name: `e${index}`, text: "x", startedAtMs: 20_000 + ms },
    }));
    const levels = [...renderHtml(resultWith(close), assets).matchAll(/--level:(\d)/g)];
    expect(levels.map(([, level]) => level)).toEqual(["0", "1", "2", "0"]);
  });

  test("text of an event cannot become markup, here or in Markdown", () => {
    const evil = '<img src=x onerror="alert(1)"> [x](http://x) | `y`';
    const bad = resultWith([{ ...kill, name: evil, text: evil, outcome: evil }]);
    expect(renderHtml(bad, assets)).not.toContain("<img");
    const markdown = renderMarkdown(bad);
    expect(markdown).not.toMatch(/(?<!\\)<img/);
    expect(markdown).not.toMatch(/(?<!\\)\[x\]/);
  });
});

test("Markdown has the table, and the sentences as a list", () => {
  const text = renderMarkdown(result);
  expect(text).toContain("| event | at | detected | RTO | affected | outage p99 | steady after |");
  expect(text).toContain("| kill | 10.0 s | 427 ms | 640 ms | 3 | 4.0 s | 4.0 s |");
  expect(text).toContain("- **kill:** kill -9 of node a; no ACK for 640 ms");
});

test("a pair's own safety rules are among those that a pipeline judges", () => {
  const { safety } = sampleResult();
  const bad = { ...safety, acknowledgedWithoutLeadership: 2, addressesChangedAfterFailover: 0 };
  const xml = renderJunit(sampleResult({ safety: bad }));
  expect(xml).toContain("no ACKs without leadership");
  expect(xml).toContain("2 seen in 2500 ACKs");
  expect(renderJunit(sampleResult())).not.toContain("leadership");
});
