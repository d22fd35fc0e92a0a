import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { sampleBootResult } from "../../reports/result/sample-boot-result.testing.ts";
import { sampleResult } from "../../reports/result/sample-result.testing.ts";
import { writeFiles } from "../../reports/write-files.ts";

// Reports as the programs of others read them: none of these parsers is ours.

const folder = mkdtempSync(join(tmpdir(), "provlab-formats-"));
afterAll(() => rmSync(folder, { recursive: true }));

const hostile = `a"b\\c|d*_<img src=x>&]]>\n{}, #\u0007 @team`;
const results: Readonly<Record<string, RunResult>> = {
  plain: sampleResult(),
  boots: sampleBootResult(),
  hostile: sampleResult({
    scenario: { name: hostile, title: hostile, sha256: hostile },
    verdict: "fail",
    reasons: [hostile],
    thresholds: [{ text: hostile, actual: 1, holds: false }],
    environment: { ...sampleResult().environment, cpu: hostile },
    phases: sampleResult().phases.map((phase) => ({ ...phase, name: hostile })),
  }),
};
for (const [name, result] of Object.entries(results)) writeFiles(join(folder, name), result);
const names = Object.keys(results);

function run(command: string, args: readonly string[]) {
  return spawnSync(command, args, { encoding: "utf8", timeout: 60_000 });
}

function missing(command: string, ...args: string[]): string | undefined {
  return run(command, args).status === 0 ? undefined : `not installed: ${command}`;
}

describeUnless(missing("xmllint", "--version"), "xmllint", () => {
  test.each(names)("reads the JUnit file of %s", (name) => {
    const path = join(folder, name, "junit.xml");
    expect(run("xmllint", ["--noout", path])).toMatchObject({ status: 0, stderr: "" });
    const count = run("xmllint", ["--xpath", "count(//testcase)", path]).stdout.trim();
    expect(count).toBe(
      run("xmllint", ["--xpath", "string(//testsuite/@tests)", path]).stdout.trim(),
    );
  });
});

const python = "/usr/bin/python3";
const pythonMissing =
  missing(python, "-c", "import prometheus_client.openmetrics.parser") &&
  "not installed: python3-prometheus-client";

describeUnless(pythonMissing, "prometheus_client's OpenMetrics parser", () => {
  const script = join(folder, "metrics.py");
  writeFileSync(
    script,
    `import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(open(sys.argv[1], newline="").read()))
print(json.dumps([[f.name, f.type, f.unit, [[s.name, s.labels, s.value] for s in f.samples]] for f in families]))
`,
  );
  type Family = [string, string, string, [string, Record<string, string>, number][]];

  test.each(names)("reads the metrics of %s", (name) => {
    const ran = run(python, [script, join(folder, name, "metrics.txt")]);
    expect(ran.stderr).toBe("");
    const families = JSON.parse(ran.stdout) as Family[];
    const result = results[name];
    const info = families.find(([family]) => family === "provlab_run")!;
    expect(info[3][0][1]["scenario"]).toBe(result.scenario.name);
    const latency = families.find(([family]) => family === "provlab_latency_seconds")!;
    expect(latency.slice(1, 3)).toEqual(["summary", "seconds"]);
    const [stream] = result.phases[0].streams;
    expect(latency[3][2]).toEqual([
      "provlab_latency_seconds",
      { phase: result.phases[0].name, exchange: stream!.exchange, quantile: "0.99" },
      stream!.latencyMs.p99 / 1000,
    ]);
  });
});

describeUnless(missing("cmark-gfm", "--version"), "cmark-gfm", () => {
  const html = (name: string): string =>
    run("cmark-gfm", ["-e", "table", "-e", "autolink", join(folder, name, "summary.md")]).stdout;

  test("makes a heading and two tables of it, with a row for each threshold and stream", () => {
    const page = html("plain");
    expect(page).toMatch(/^<h2>✅ PASS: sample<\/h2>/);
    expect(page.match(/<table>/g)).toHaveLength(2);
    expect(page.match(/<tr>/g)).toHaveLength(1 + 2 + 1 + 3);
    expect(page).toContain(">mixed.renew.latencyMs.p99 &lt; 10</td>");
  });

  test("leaves what a scenario says as text", () => {
    const page = html("hostile");
    expect(page).not.toContain("<img");
    expect(page).not.toMatch(/<em>|<a href="http/);
    expect(page.match(/<tr>/g)).toHaveLength(1 + 1 + 1 + 3);
    expect(page).toContain("a&quot;b\\c|d*_&lt;img src=x&gt;&amp;]]&gt; {}, #");
  });
});

const jar = "/usr/share/java/hdrhistogram.jar";
const javaMissing =
  missing("java", "-version") ??
  (existsSync(jar) ? undefined : "not installed: libhdrhistogram-java");

describeUnless(javaMissing, "the reference implementation of HdrHistogram", () => {
  const processor = (name: string, ...args: string[]) =>
    run("java", [
      ...["-cp", jar, "org.HdrHistogram.HistogramLogProcessor"],
      ...["-i", join(folder, name, "latency.hlog"), ...args],
    ]);

  test("lists the tags", () => {
    const tags = processor("plain", "-listtags").stdout.trim().split("\n");
    for (const tag of ["connect.discover", "mixed.discover", "mixed.renew", "time-to-bound.all"]) {
      expect(tags).toContain(tag);
    }
    expect(processor("hostile", "-listtags").status).toBe(0);
  });

  test("finds the same percentiles", () => {
    const ran = processor("plain", "-tag", "mixed.renew", "-outputValueUnitRatio", "1000");
    const spans = sampleResult().phases[1].streams[1].latencyMs;
    const max = /Max\s+=\s+([\d.]+), Total count\s+=\s+(\d+)/.exec(ran.stdout)!;
    expect(Number(max[1])).toBeCloseTo(spans.max, 2);
    expect(Number(max[2])).toBe(spans.count);
    const median = /^\s+([\d.]+)\s+0\.500000000000/m.exec(ran.stdout)!;
    expect(Number(median[1])).toBeCloseTo(spans.p50, 2);
  });
});
