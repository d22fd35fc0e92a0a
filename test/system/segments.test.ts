import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunResult } from "../../reports/result/run-result.ts";
import { countsOf, SegmentLab, sumOfLatencies } from "../loopback/segments.testing.ts";

// One run as one process and as four segments: the same devices, arrivals and counts.

const lab = new SegmentLab();
let whole: RunResult;
const segments = ["1/4", "2/4", "3/4", "4/4"];
const folderOf = (segment: string): string => `segment-${segment[0]}`;

beforeAll(async () => {
  const ran = lab.run([
    "run",
    lab.scenario,
    "--workers",
    "1",
    "--out",
    "one",
    "--history",
    "one.tsv",
  ]);
  expect(ran.stdout + ran.stderr).toMatch(/^PASS/m);
  whole = lab.result("one");
  const server = await lab.server("server");
  try {
    for (const segment of segments) {
      const args = [
        "run",
        lab.scenario,
        "--target",
        `127.0.0.1:${server.address.port}`,
        "--workers",
        "1",
      ];
      const out = folderOf(segment);
      const played = lab.run([
        ...args,
        "--segment",
        segment,
        "--out",
        out,
        "--history",
        `${out}.tsv`,
      ]);
      expect(played.stdout + played.stderr).toMatch(/^PASS/m);
    }
  } finally {
    await server.stop();
  }
});
afterAll(() => lab.close());

describe("segments", () => {
  test("two workers have the history of one", () => {
    const args = ["run", lab.scenario, "--workers", "2", "--out", "two", "--history", "two.tsv"];
    expect(lab.run(args).status).toBe(0);
    expect(lab.text("two.tsv")).toBe(lab.text("one.tsv"));
    expect(countsOf(lab.result("two"))).toEqual(countsOf(whole));
  });

  test("their histories are parts of the whole run's, and nothing is missing", () => {
    const [header, ...lines] = lab.text("one.tsv").trim().split("\n");
    expect(lines).toHaveLength(2800);
    const parts = segments.map((segment) =>
      lab
        .text(`${folderOf(segment)}.tsv`)
        .trim()
        .split("\n"),
    );
    expect(parts.map(([first]) => first)).toEqual([header, header, header, header]);
    const together = parts.flatMap(([, ...rest]) => rest);
    expect(together.toSorted()).toEqual(lines.toSorted());
  });

  test("merged, they are the whole run: history, counts, thresholds, seconds", () => {
    const folders = segments.map(folderOf).toReversed();
    const ran = lab.run(["merge", ...folders, "--out", "merged", "--history", "merged.tsv"]);
    expect(ran.stdout + ran.stderr).toMatch(/^PASS/m);
    expect(ran.status).toBe(0);
    const merged = lab.result("merged");
    expect(lab.text("merged.tsv")).toBe(lab.text("one.tsv"));
    expect(countsOf(merged)).toEqual(countsOf(whole));
    expect(merged.thresholds).toHaveLength(3);
    expect(merged.environment.workers).toBe(4);
    expect(merged.segments?.map(({ segment }) => segment)).toEqual([1, 2, 3, 4]);
    const discovers = merged.timeSeries.map(({ discoverCompleted }) => discoverCompleted);
    expect(discovers.reduce((sum, count) => sum + count, 0)).toBe(2200);
  });

  test("merged percentiles are those of all samples", () => {
    const parts = segments.map((segment) => lab.result(folderOf(segment)));
    const merged = lab.result("merged");
    for (const [phase, stream] of [
      [0, 0],
      [1, 0],
      [1, 1],
    ] as const) {
      const { histogram } = merged.phases[phase].streams[stream].latencyMs;
      expect(histogram).toBe(sumOfLatencies(parts, phase, stream));
    }
    expect(parts.map(({ segment }) => segment?.number)).toEqual([1, 2, 3, 4]);
    expect(parts[0].thresholds).toEqual([]);
  });

  const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["a missing one", ["segment-1", "segment-3"], /missing: segment 2\/4, segment 4\/4/],
    ["one given twice", ["segment-1", "segment-1"], /segment 1\/4 is there twice/],
    ["no segment", ["one"], /there is no segment.bin/],
    ["a damaged one", ["damaged.bin"], /damaged: its check sum is wrong/],
    ["another file", ["parts.yaml"], /is not the file of a segment/],
  ];
  test.each(refused)("merge refuses %s", (_name, folders, expected) => {
    const bytes = readFileSync(lab.path("segment-1/segment.bin"));
    bytes[bytes.length - 9] ^= 1;
    writeFileSync(lab.path("damaged.bin"), bytes);
    const ran = lab.run(["merge", ...folders, "--out", "refused"]);
    expect(ran.stderr).toMatch(expected);
    expect(ran.status).toBe(2);
  });

  test("merge refuses segments of different seeds", async () => {
    const args = ["run", lab.scenario, "--target", "127.0.0.9:19067", "--workers", "1"];
    const short = ["--set", "phases.0.timeLimit=100 ms", "--set", "phases.0.drain=100 ms"];
    lab.run([...args, ...short, "--segment", "4/4", "--seed", "7", "--out", "other"]);
    copyFileSync(lab.path("other/segment.bin"), lab.path("other.bin"));
    const ran = lab.run(["merge", "segment-1", "segment-2", "segment-3", "other.bin"]);
    expect(ran.stderr).toMatch(/the segments differ in their (scenario|seed)/);
    expect(ran.status).toBe(2);
  });

  const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
    [["--segment", "1/2"], /--segment needs --target/],
    [["--segment", "3/2", "--target", "127.0.0.1"], /write NUMBER\/COUNT/],
    [["--start-at", "2999-01-01T00:00:00Z"], /not within the hour/],
    [["--start-at", "tomorrow"], /write ISO 8601/],
  ];
  test.each(mistakes)("prov run %j is a mistake", (args, expected) => {
    const ran = lab.run(["run", lab.scenario, ...args]);
    expect(ran.stderr).toMatch(expected);
    expect(ran.status).toBe(2);
  });

  test("segments on machines of their own need CMTSs of their own", () => {
    const args = ["run", lab.scenario, "--target", "192.0.2.1", "--workers", "1"];
    const ran = lab.run([...args, "--segment", "1/3"]);
    expect(ran.stderr).toMatch(/make cmtsCount a multiple of 3/);
    expect(ran.status).toBe(1);
  });
});
