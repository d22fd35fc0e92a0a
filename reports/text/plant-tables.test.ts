import { describe, expect, test } from "vitest";
import { renderOpenMetrics } from "../machine/render-openmetrics.ts";
import { renderHtml } from "../page/render-html.ts";
import { readResult } from "../result/read-result.ts";
import type { BreakageResult, RunResult } from "../result/run-result.ts";
import { sampleResult } from "../result/sample-result.testing.ts";
import { breakageLines } from "./plant-lines.ts";
import { plantTablesOf } from "./plant-tables.ts";
import { renderMarkdown } from "./render-markdown.ts";
import { renderSummary } from "./render-summary.ts";

const assets = { chartScript: "", chartStyle: "", scriptHashes: [] };
const direction = {
  ...{ lost: 1234, delayed: 5678, duplicated: 9 },
  ...{ reordered: 10, throttled: 11, dropped: 12 },
};
const breakage: BreakageResult = {
  lastKeptPerSecond: 4458.050688,
  firstMissedPerSecond: 5349.6608256,
  reason: "at 5349.7/s 7 % were not answered within 1 s (limit 2.5 %)",
};
const [connect] = sampleResult().phases;
const [discover] = connect!.streams;
const faulty: RunResult = sampleResult({
  phases: [{ ...connect!, streams: [{ ...discover!, name: "rise", breakage }] }],
  personas: [
    {
      ...{ kind: "ignores-nak", of: "mta", percent: 5, devices: 40, bound: 39, completed: 120 },
      ...{ naks: 61, declines: 0, timeouts: 2, retransmissions: 1300, twinLeases: 0 },
    },
  ],
  network: { toServer: direction, toDevices: { ...direction, lost: 4321 } },
  answeredBy: [
    { server: "10.99.0.1", acknowledged: 1500 },
    { server: "10.99.0.3", acknowledged: 0 },
  ],
  safety: { ...sampleResult().safety, expected: { acknowledgedLeasesLost: 3 } },
});

const broke =
  "connect rise kept 4,458/s, missed 5,350/s: at 5349.7/s 7 % were not answered within 1 s (limit 2.5 %)";
const expected = "3 findings were expected of the personas and are no violation";

test("a run of healthy devices on a fair network has none of the tables", () => {
  expect(plantTablesOf(sampleResult())).toEqual([]);
  expect(breakageLines(sampleResult())).toEqual([]);
});

test("a stream that broke at once, or not at all, says so", () => {
  const lineOf = (changes: Partial<BreakageResult>): string[] =>
    breakageLines({
      phases: [{ ...connect!, streams: [{ ...discover!, breakage: { ...breakage, ...changes } }] }],
    });
  expect(lineOf({ lastKeptPerSecond: null })[0]).toMatch(/kept no rate, missed 5,350\/s: /);
  expect(lineOf({ firstMissedPerSecond: null })[0]).toMatch(/kept 4,458\/s, missed no rate: /);
});

describe("personas, the network, several servers and breakage", () => {
  test("are on the page", () => {
    const html = renderHtml(faulty, assets);
    expect(html).toContain("<h2>Devices with something wrong</h2>");
    expect(html).toContain("<td>ignores-nak (5 % of mta)</td><td>40</td><td>39</td>");
    expect(html).toContain("<h2>What the network did</h2>");
    expect(html).toContain("<td>to the devices</td><td>4,321</td><td>5,678</td>");
    expect(html).toContain("<td>10.99.0.3</td><td>0</td>");
    expect(html).toContain(broke);
    expect(html).toContain(expected);
  });

  test("are in the Markdown summary", () => {
    const text = renderMarkdown(faulty);
    expect(text).toContain("| ignores-nak (5 % of mta) | 40 | 39 | 120 | 61 | 0 | 2 | 1,300 | 0 |");
    expect(text).toContain("| to the server | 1,234 | 5,678 | 9 | 10 | 11 | 12 |");
    expect(text).toContain("| &#49;0.99.0.1 | 1,500 |");
    expect(text).toContain(`**Breakage:** ${broke}.`);
    expect(text).toContain(`${expected}.`);
  });

  test("are in the terminal's summary, in 80 columns", () => {
    const text = renderSummary(faulty, []);
    const flat = text.replace(/\s+/g, " ");
    expect(flat).toContain(`breakage ${broke}`);
    expect(flat).toContain("persona ignores-nak: 40 mta, 39 bound at the end, 61 NAKs");
    expect(flat).toContain("ACKs from 10.99.0.1: 1,500, 10.99.0.3: 0");
    expect(flat).toContain(expected);
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  test("OpenMetrics tells the servers apart", () => {
    const text = renderOpenMetrics(faulty);
    expect(text).toContain('provlab_answered_total{server="10.99.0.3"} 0\n');
    expect(renderOpenMetrics(sampleResult())).not.toContain("provlab_answered_total");
  });

  test("are read again, and their damage is told", () => {
    expect(readResult(JSON.stringify(faulty))).toEqual({ kind: "read", result: faulty });
    const damaged = {
      ...faulty,
      personas: [{ ...faulty.personas![0], naks: -1 }],
      network: { ...faulty.network, toServer: {} },
      answeredBy: [{ server: "10.99.0.1" }],
    };
    const reading = readResult(JSON.stringify(damaged));
    const problems = reading.kind === "failed" ? reading.problems.join("\n") : "";
    for (const place of [
      "personas[0].naks",
      "network.toServer.lost",
      "answeredBy[0].acknowledged",
    ]) {
      expect(problems).toContain(`${place}: `);
    }
  });
});
