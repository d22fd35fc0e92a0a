import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { sampleResult } from "../reports/result/sample-result.testing.ts";
import { rendered } from "../reports/write-files.ts";
import { captureOutput } from "./output.testing.ts";
import { runReport } from "./report.ts";

const folder = mkdtempSync(join(tmpdir(), "prov-report-"));
const said = captureOutput();

afterAll(() => rmSync(folder, { recursive: true }));

/** The folder of a run of which nothing is left but this text in its result.json. */
function runFolder(name: string, text: string): string {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, "result.json"), text);
  return join(folder, name);
}

const files = [
  ["html", "report.html"],
  ["csv", "timeseries.csv"],
  ["md", "summary.md"],
  ["junit", "junit.xml"],
  ["openmetrics", "metrics.txt"],
  ["hlog", "latency.hlog"],
] as const;

test("without a format everything is written beside result.json, which stays as it is", async () => {
  const text = JSON.stringify(sampleResult());
  const run = runFolder("all", text);
  expect(await runReport([run])).toBe(0);
  expect(said.stdout).toBe(files.map(([, file]) => `${join(run, file)}\n`).join(""));
  for (const [format, file] of files) {
    expect(readFileSync(join(run, file), "utf8")).toBe(rendered(format, sampleResult()));
  }
  expect(readFileSync(join(run, "result.json"), "utf8")).toBe(text);
});

test("one format goes to standard output, or to a file", async () => {
  const path = join(runFolder("one", JSON.stringify(sampleResult())), "result.json");
  expect(await runReport([path, "--format", "text"])).toBe(0);
  expect(said.stdout).toMatch(/^\nPASS {2}sample/);
  said.forget();
  const junit = join(folder, "out.xml");
  expect(await runReport([path, "--format", "junit", "-o", junit])).toBe(0);
  expect(said.stdout).toBe("");
  expect(readFileSync(junit, "utf8")).toBe(rendered("junit", sampleResult()));
});

describe("mistakes end with status 2 and write nothing", () => {
  const cases: readonly (readonly [string, string, readonly string[], RegExp])[] = [
    ["cut", JSON.stringify(sampleResult()).slice(0, 999), [], /result\.json: is not JSON/],
    ["foreign", '{"metrics":{}}', [], /result\.json: is no result of prov run/],
    ["newer", '{"schema":"provlab/result@9"}', [], /is of a later version, provlab\/result@9/],
    [
      "damaged",
      JSON.stringify({ ...sampleResult(), seed: "x", durationMs: -1 }),
      [],
      /result\.json: seed: invalid input.*\n.*result\.json: durationMs: too small/,
    ],
    ["format", "{}", ["--format", "pdf"], /Allowed choices are json, html/],
    ["alone", "{}", ["-o", "x"], /-o goes with --format/],
  ];
  test.each(cases)("%s", async (name, text, args, expected) => {
    const run = runFolder(name, text);
    expect(await runReport([run, ...args])).toBe(2);
    expect(said.stderr).toMatch(expected);
    expect(said.stdout).toBe("");
    expect(existsSync(join(run, "report.html"))).toBe(false);
  });

  test("nothing there, and nowhere to write to", async () => {
    expect(await runReport([join(folder, "absent")])).toBe(2);
    expect(said.stderr).toMatch(/absent: there is no such file or folder/);
    const run = runFolder("nowhere", JSON.stringify(sampleResult()));
    const output = join(folder, "no", "such", "x.md");
    expect(await runReport([run, "--format", "md", "-o", output])).toBe(2);
    expect(said.stderr).toMatch(/x\.md: there is no such file or folder/);
  });
});
