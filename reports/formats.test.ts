import { XMLParser, XMLValidator } from "fast-xml-parser";
import { HistogramLogReader } from "hdr-histogram-js";
import { describe, expect, test } from "vitest";
import { renderHlog } from "./machine/render-hlog.ts";
import { renderJunit } from "./machine/render-junit.ts";
import { renderOpenMetrics } from "./machine/render-openmetrics.ts";
import type { RunResult } from "./result/run-result.ts";
import { sampleBootResult } from "./result/sample-boot-result.testing.ts";
import { sampleResult } from "./result/sample-result.testing.ts";
import { renderMarkdown } from "./text/render-markdown.ts";
import { rendered } from "./write-files.ts";

const failing = sampleResult({
  verdict: "fail",
  reasons: ["Unsafe: 2 addresses held by two devices at a time."],
  thresholds: [
    { text: "mixed.renew.latencyMs.p99 < 10", actual: 42.125, holds: false },
    { text: "mixed.stb.completed > 1", actual: null, holds: false },
    { text: "mixed.renew.timeouts == 0", actual: 0, holds: true },
  ],
  safety: { ...sampleResult().safety, doubleAllocations: 2, examples: ["10.0.0.1 for two"] },
});

const problem = "phase mixed: 1 % were sent 9 ms late";
const invalid = sampleResult({
  verdict: "invalid",
  reasons: [problem],
  generator: { ...sampleResult().generator, problems: [problem] },
});

interface Suite {
  readonly "@_tests": string;
  readonly "@_failures": string;
  readonly "@_errors": string;
  readonly "@_skipped": string;
  readonly "system-out"?: string;
  readonly properties: { readonly property: { "@_name": string; "@_value": string }[] };
  readonly testcase: {
    readonly "@_classname": string;
    readonly "@_name": string;
    readonly failure?: { "@_message": string; "#text": string };
    readonly error?: { "@_message": string };
    readonly skipped?: { "@_message": string };
  }[];
}

function suiteOf(result: RunResult): Suite {
  const xml = renderJunit(result);
  expect(XMLValidator.validate(xml)).toBe(true);
  const parser = new XMLParser({ ignoreAttributes: false, htmlEntities: false });
  return (parser.parse(xml) as { testsuites: { testsuite: Suite } }).testsuites.testsuite;
}

describe("JUnit", () => {
  test("a run that passes has a case for each thing it is judged by, and its environment", () => {
    const suite = suiteOf(sampleResult());
    expect(suite["@_tests"]).toBe(String(suite.testcase.length));
    expect([suite["@_failures"], suite["@_errors"], suite["@_skipped"]]).toEqual(["0", "0", "0"]);
    expect(suite.testcase.map((each) => each["@_classname"])).toEqual([
      "sample.verdict",
      ...Array(2).fill("sample.threshold"),
      ...Array(6).fill("sample.safety"),
      "sample.generator",
    ]);
    expect(suite.properties.property).toContainEqual({
      "@_name": "durability",
      "@_value": "fsync",
    });
  });

  test("a threshold and a violation that failed say what was measured", () => {
    const suite = suiteOf(failing);
    const failures = suite.testcase.flatMap(({ failure }) => (failure ? [failure] : []));
    expect(suite["@_failures"]).toBe("3");
    expect(suite["system-out"]).toBe(failing.reasons[0]);
    expect(failures.map((failure) => failure["@_message"])).toEqual([
      "was 42.125",
      "was not measured",
      "2 seen in 2500 ACKs",
    ]);
    expect(failures[2]["#text"]).toContain("10.0.0.1 for two");
  });

  test("one failed threshold is one failure, and a goal that was missed is one, too", () => {
    const late = { text: "mixed.renew.latencyMs.p99 < 10", actual: 42, holds: false };
    const changes = { verdict: "fail", reasons: ["It failed."] } as const;
    expect(suiteOf(sampleResult({ ...changes, thresholds: [late] }))["@_failures"]).toBe("1");
    const missed = suiteOf(sampleResult(changes));
    expect(missed["@_failures"]).toBe("1");
    expect(missed.testcase[0].failure!["@_message"]).toBe("It failed.");
  });

  test("an invalid run is an error, and its thresholds are skipped", () => {
    const suite = suiteOf(invalid);
    expect([suite["@_failures"], suite["@_errors"], suite["@_skipped"]]).toEqual(["0", "1", "2"]);
    expect(suite.testcase.at(-1)!.error!["@_message"]).toBe(problem);
    expect(suite.testcase[0].skipped!["@_message"]).toContain("it was 4.2");
  });

  test("what XML cannot hold does not break it", () => {
    const name = `a"b<c>&'\u0000\u001b\ud800\nd]]>`;
    const suite = suiteOf(sampleResult({ scenario: { name, title: "", sha256: "" } }));
    expect(suite.testcase[0]["@_name"]).toBe(`a"b<c>&'\ufffd\ufffd\ufffd d]]>`);
  });
});

describe("Markdown", () => {
  test("begins with the verdict, and has thresholds before phases", () => {
    const text = renderMarkdown(failing);
    expect(text).toMatch(/^## ❌ FAIL: sample\n/);
    expect(text.indexOf("| threshold |")).toBeLessThan(text.indexOf("| phase |"));
    expect(text).toContain("durability **fsync**");
    expect(text).toContain("- **2** addresses held by two devices at a time");
    expect(renderMarkdown(sampleBootResult())).toContain("**Time to on line:** p50 ");
  });

  test("a command with backticks stays in its block", () => {
    const text = renderMarkdown(sampleResult({ command: "prov run '```x'" }));
    expect(text).toContain("````sh\nprov run '```x'\n````");
  });
});

describe("the HdrHistogram log", () => {
  test("gives back every distribution, with its phase's interval", () => {
    const result = sampleResult();
    const reader = new HistogramLogReader(renderHlog(result));
    const read = [];
    for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram()) {
      read.push(next);
    }
    expect(read.map(({ tag, totalCount }) => [tag, totalCount])).toEqual([
      ["connect.discover", 1000],
      ["mixed.discover", 500],
      ["mixed.renew", 1000],
      ["time-to-bound.all", 1000],
      ["time-to-bound.cable-modem", 900],
    ]);
    const startMs = Date.parse(result.startedAt);
    expect(read[1].startTimeStampMsec).toBe(startMs + 10_000);
    expect(read[1].endTimeStampMsec).toBe(startMs + 60_000);
    const { p99 } = result.phases[1].streams[1].latencyMs;
    expect(read[2].getValueAtPercentile(99) / 1000).toBe(p99);
  });
});

describe("OpenMetrics", () => {
  test("names its types and units, and ends with EOF", () => {
    const text = renderOpenMetrics(sampleResult({ command: "prov run x" }));
    expect(text).toMatch(/\n# EOF\n$/);
    expect(text).toContain(
      "# TYPE provlab_latency_seconds summary\n# UNIT provlab_latency_seconds seconds\n",
    );
    expect(text).toContain('provlab_run_verdict{provlab_run_verdict="pass"} 1\n');
    expect(text).toMatch(
      /^provlab_latency_seconds\{phase="mixed",exchange="renew",quantile="0\.99"\} 0\.00\d+$/m,
    );
  });

  test("labels are escaped", () => {
    const text = renderOpenMetrics(
      sampleResult({ scenario: { name: 'a"\\\n\ud800', title: "", sha256: "" } }),
    );
    expect(text).toContain('scenario="a\\"\\\\\\n\ufffd"');
  });

  test("nothing that was not measured has a sample", () => {
    const { server: _, ...bare } = sampleResult();
    const text = renderOpenMetrics({ ...bare, phases: [], timeToBoundMs: {}, thresholds: [] });
    expect(text).not.toMatch(/provlab_(server|latency|threshold|time)/);
  });
});

test("the CSV file is RFC 4180: CR LF, quotes where a field needs them, one number of fields", () => {
  const [first, ...rows] = sampleResult().timeSeries;
  const csv = rendered(
    "csv",
    sampleResult({ timeSeries: [{ ...first!, phase: 'a "b",\r\nc' }, ...rows] }),
  );
  expect(csv).toContain(',"a ""b"",\r\nc"'.slice(1));
  const lines = csv.replace('"a ""b"",\r\nc"', "a").split("\r\n");
  expect(lines.pop()).toBe("");
  expect(lines).toHaveLength(61);
  expect(new Set(lines.map((line) => line.split(",").length)).size).toBe(1);
  expect(csv.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
});
