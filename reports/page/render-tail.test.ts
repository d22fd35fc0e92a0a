import { expect, test } from "vitest";
import { sampleSlowest, sampleTailResult } from "../result/sample-tail.testing.ts";
import { chartsOf } from "./charts.ts";
import { renderHtml } from "./render-html.ts";
import { slowestTables, stageTable, stallNote } from "./render-tail.ts";

const result = sampleTailResult();

test("syncs and pauses stand below the latency, on its axis", () => {
  const drawn = chartsOf(result).filter(({ lanes }) => lanes !== undefined);
  expect(drawn.map(({ id }) => id)).toEqual(["latency"]);
  expect(drawn[0].lanes!.map(({ label, spans }) => [label, spans[0].second])).toEqual([
    ["sync", 30.21],
    ["garbage", 50.1],
    ["no CPU", 51.4],
    ["stopped", 45.0205],
    ["busy", 52.9],
  ]);
  expect(stallNote(result)).toContain("sync: a sync of the disk, at most 300 ms; garbage: ");
});

test("the sentence on the slow end stands above the charts", () => {
  const [connect, mixed] = result.phases;
  const slow = { ...mixed.streams[0].latencyMs, p50: 0.5, p99: 300 };
  const streams = mixed.streams.map((stream) => ({ ...stream, latencyMs: slow, serviceMs: slow }));
  const page = renderHtml(
    { ...result, phases: [connect, { ...mixed, streams }] },
    {
      ...{ chartScript: "", chartStyle: "", scriptHashes: [] },
    },
  );
  const [before] = page.split('<div id="latency">');
  expect(before).toContain(
    '<p class="lead">mixed, discover: p99 300 ms: 157 ms of it a sync of the disk</p>',
  );
});

const cellsOf = (html: string): string[][] =>
  [...html.matchAll(/<tr><td>(.*?)<\/td><\/tr>/g)].map(([, row]) => row!.split("</td><td>"));

test("the twenty slowest transactions have their device and their stages", () => {
  const rows = cellsOf(slowestTables(result));
  expect(rows).toHaveLength(20);
  expect(rows[0]).toEqual([
    ...["00:10:00:00:00:10", "discover", "30.2 s", "302", "0.100", "0"],
    ...["0.100", "0.100", "301", "295", "0.100", "0", "cable-modem", "0"],
  ]);
  // The server's answers to this device were quick.
  expect(rows[18]!.slice(5, 12)).toEqual(["1", "-", "-", "-", "-", "-", "-"]);
});

test("of somebody else's server there is only what the generator knows", () => {
  const phases = [{ ...result.phases[0], slowest: sampleSlowest }];
  expect(cellsOf(slowestTables({ phases }))[0]).toHaveLength(8);
  expect(slowestTables({ phases })).toContain("is not known");
  expect([stageTable({ phases }), stallNote({ phases })]).toEqual(["", ""]);
  expect(slowestTables({ phases: [] })).toBe("");
});
