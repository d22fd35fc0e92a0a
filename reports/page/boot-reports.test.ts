import { describe, expect, test } from "vitest";
import { parseThreshold } from "../../scenarios/language/threshold.ts";
import type { BootProblem } from "../../simulator/boot/boot-step.ts";
import { timeSeriesTable } from "../machine/time-series-table.ts";
import { problemWords } from "../result/boot-problems.ts";
import { stackOrder } from "../result/boot-states.ts";
import { bootsAtEnd, bootTotalsOf } from "../result/boot-totals.ts";
import type { BootFailureResult, PhaseResult, RunResult } from "../result/run-result.ts";
import { sampleBootResult } from "../result/sample-boot-result.testing.ts";
import { sampleResult } from "../result/sample-result.testing.ts";
import { evaluateThresholds } from "../result/thresholds.ts";
import { formatBytes, formatSpan } from "../text/format.ts";
import { renderSummary } from "../text/render-summary.ts";
import { chartsOf } from "./charts.ts";
import { renderHtml } from "./render-html.ts";
import { waterfall } from "./render-waterfall.ts";

const assets = { chartScript: "/* uPlot */", chartStyle: "", scriptHashes: [] };
const result = sampleBootResult();
const phase = result.phases[0];
const boot = phase.boot!;

function withBoot(changes: Partial<typeof boot>): RunResult {
  const phases: PhaseResult[] = [{ ...phase, boot: { ...boot, ...changes } }];
  return sampleBootResult({ phases });
}

describe("thresholds on boots", () => {
  const totals = bootTotalsOf(result)!;
  const cases: readonly (readonly [string, number | null])[] = [
    ["timeToOnlineMs.mta.p99 < 1", result.timeToOnlineMs!["mta"].p99],
    ["timeToOnlineMs.stb.p99 < 1", null],
    ["restore.boot.completed < 1", phase.streams[0].completed],
    ["restore.boot.latencyMs.p50 < 1", phase.streams[0].latencyMs.p50],
    ["restore.onlineAfterMs.p999 < 1", boot.onlineAfterMs.p999],
    ["restore.onlineAfterMs < 1", null],
    ["restore.bootFailures.devices < 0", totals.devicesGivenUp],
    ["restore.bootFailures.boots < 0", totals.bootsFailed],
    ["restore.bootFailures.kind < 0", null],
    ["nothing.bootFailures.boots < 0", null],
  ];
  test.each(cases)("%s", (text, actual) => {
    expect(evaluateThresholds([parseThreshold(text)!], result)).toEqual([
      { text, actual, holds: false },
    ]);
  });

  test("a run without boots has measured none of it", () => {
    const texts = ["timeToOnlineMs.all.p99 > 0", "mixed.bootFailures.devices == 0"];
    const found = evaluateThresholds(
      texts.map((text) => parseThreshold(text)!),
      sampleResult(),
    );
    expect(found.map(({ actual }) => actual)).toEqual([null, null]);
  });

  test("a phase without a failure has zero of them", () => {
    const threshold = parseThreshold("restore.bootFailures.devices == 0")!;
    expect(evaluateThresholds([threshold], withBoot({ failures: [] }))).toMatchObject([
      { actual: 0, holds: true },
    ]);
  });
});

describe("totals", () => {
  test("add phases up, failures by kind, step and problem", () => {
    const failure = { kind: "mta", step: "tftp", problem: "stalled", boots: 2, devices: 1 };
    const other = { ...failure, problem: "no-answer", boots: 1, devices: 9 };
    const failures = [failure, other];
    const phases = [
      { ...phase, boot: { ...boot, failures } },
      { ...phase, name: "again", boot: { ...boot, failures: [failure] } },
    ];
    const totals = bootTotalsOf({ phases })!;
    expect(totals.failures).toEqual([other, { ...failure, boots: 4, devices: 2 }]);
    expect(totals).toMatchObject({ bootsFailed: 5, devicesGivenUp: 11 });
    expect(totals.downloads.files).toBe(2 * boot.downloads.files);
    expect(totals.downloads.retransmissions["tftp"]).toBe(
      2 * boot.downloads.retransmissions["tftp"],
    );
  });

  test("there are none where nothing boots", () => {
    expect(bootTotalsOf(sampleResult())).toBeUndefined();
    expect(bootsAtEnd(sampleResult())).toBeUndefined();
  });
});

describe("the summary of a run that boots", () => {
  const text = renderSummary(result, []);

  test("fits 80 columns, also with large figures and long names", () => {
    const failures: BootFailureResult[] = ["ranging", "tftp", "dhcp", "time", "ntp", "check"].map(
      (step) => ({
        kind: "cable-modem",
        step: `${step}-registration`,
        problem: "address-outside-network-of-every-cmts",
        boots: 4_000_000,
        devices: 1_000_000,
      }),
    );
    const distribution = { ...boot.onlineAfterMs, count: 1_000_000, p99: 3_599_000, p50: 2e6 };
    const streams = [{ ...phase.streams[0], completed: 1_000_000, latencyMs: distribution }];
    const name = "a-phase-with-a-name-of-forty-characters-";
    const large = renderSummary(
      sampleBootResult({
        phases: [{ ...phase, name, streams, boot: { ...boot, failures } }],
        timeToOnlineMs: { all: distribution, "smart-meter": distribution },
      }),
      [],
    );
    expect([...text.split("\n"), ...large.split("\n")].filter((line) => line.length > 80)).toEqual(
      [],
    );
    expect(large).toContain("59 min 59 s");
    expect(large).toContain("and 1 more, in the report");
  });

  test("has time to online by kind, failures with step and problem, and the files", () => {
    expect(text).toMatch(/^time to online +3,996( +\S+ \S+){2}/m);
    expect(text).toMatch(/^ {2}smart-meter +300 /m);
    expect(text).toMatch(/^ {2}cable-modem check cm-mic +3 +10$/m);
    expect(text).toMatch(/^files +3,526 of 3,526 verified by hash, 3,226 by contents$/m);
    expect(text).toContain("simulated loss 1 % of the datagrams: 1,324 dropped");
  });

  test("says that nothing failed, and that nobody came on line", () => {
    const quiet = renderSummary({ ...withBoot({ failures: [] }), timeToOnlineMs: {} }, []);
    expect(quiet).toContain("failures       4 boots did not come to their end");
    expect(quiet).toMatch(/^time to online +0 +- +- +- +-$/m);
  });

  test("a run without boots has its line of old", () => {
    expect(renderSummary(sampleResult(), [])).toMatch(/^time to bound {2}p50 /m);
  });
});

describe("the page of a run that boots", () => {
  const page = renderHtml(result, assets);

  test("asks nobody for anything", () => {
    expect(page).not.toMatch(/(src|href)=/);
    expect(page).not.toMatch(/https?:\/\//);
  });

  test("leads with time to on line, then where devices failed, and why", () => {
    // Its threshold is about this percentile.
    const p99 = formatSpan(result.timeToOnlineMs!["all"].p99);
    expect(page).toContain(
      `<div class="figure headline"><b>${p99}</b><span>time to on line, p99<br>`,
    );
    expect(page).toContain("Phase restore: the way to on line");
    expect(page).toContain("the modem finds that its file was changed (CM MIC)");
    expect(page).toContain("on line at the end, of 4,000 devices that booted; 4 gave up");
    expect(page).toContain("1,391: tftp 1,312, time 61, ntp 18");
  });

  test("without a threshold on it, the time until all were on line leads, or else the median", () => {
    const headline = (changes: Partial<RunResult>): string =>
      /headline"><b>([^<]*<\/b><span>[^<]*)/.exec(
        renderHtml({ ...result, thresholds: [], ...changes }, assets),
      )![1]!;
    const p50 = formatSpan(result.timeToOnlineMs!["all"].p50);
    expect(headline({})).toBe(`${p50}</b><span>time to on line, p50`);
    const phases = result.phases.map((phase) => ({
      ...{ ...phase, endedBy: "all-online", durationMs: 15_600 },
    }));
    expect(headline({ phases })).toBe("15.6 s</b><span>until 4,000 devices on line");
    const text = "restore.onlineAfterMs.p999 < 600000";
    expect(headline({ phases, thresholds: [{ text, actual: 8000, holds: true }] })).toBe(
      "8.0 s</b><span>from the start of restore to on line, p99.9",
    );
  });

  test("devices that only took a lease are no devices that booted", () => {
    const timeSeries = result.timeSeries.map((row) => ({
      ...{ ...row, online: 2000, bootStates: { off: 1000, online: 2000 } },
    }));
    expect(renderHtml({ ...result, timeSeries }, assets)).toContain(
      "<b>2,000</b><span>on line at the end, of 2,000 devices that booted; 1,000 did not boot",
    );
  });

  test("a page without boots has none of it", () => {
    expect(renderHtml(sampleResult(), assets)).not.toMatch(/<h2>[^<]*on line|boot-states"/);
  });

  test("what a result says cannot become markup", () => {
    const evil = `"><img src=x onerror="alert(1)">`;
    const steps = boot.steps.map((step) => ({ ...step, kind: evil, step: evil }));
    const failures = [{ kind: evil, step: evil, problem: evil, boots: 1, devices: 1 }];
    const failedAttempts = { [evil]: 3 };
    const hostile = withBoot({
      steps,
      failures,
      downloads: { ...boot.downloads, failedAttempts },
    });
    const timeToOnlineMs = { [evil]: boot.onlineAfterMs };
    expect(renderHtml({ ...hostile, timeToOnlineMs }, assets)).not.toContain("<img");
  });

  test("a phase of downloads alone has no way to on line", () => {
    const streams = [{ ...phase.streams[0], exchange: "download" }];
    const phases = [{ ...phase, name: "storm", streams, boot: { ...boot, steps: [] } }];
    const storm = renderHtml(sampleBootResult({ phases }), assets);
    expect(storm).toContain("Phase storm: downloads of devices on line");
    expect(storm).not.toContain("From the start of the phase");
  });

  test("a run in which nothing came on line still has a page", () => {
    const empty = { ...boot.onlineAfterMs, count: 0 };
    const nothing = withBoot({ onlineAfterMs: empty, timeToOnlineMs: {}, steps: [], failures: [] });
    const barren = renderHtml({ ...nothing, timeToOnlineMs: {}, timeSeries: [] }, assets);
    expect(barren).toContain("No device came on line in this phase.");
    expect(barren).toContain("No boot and no download failed.");
  });
});

describe("the waterfall", () => {
  test("has a bar from the mean start of each step to its mean end, and one to on line", () => {
    const durationMs = { ...boot.onlineAfterMs, count: 3, mean: 5000 };
    const step = { kind: "mta", step: "dhcp", durationMs, startMeanMs: 2500, passedOver: 0 };
    const total = { ...durationMs, mean: 10_000 };
    const html = waterfall({ ...boot, steps: [step], timeToOnlineMs: { mta: total } });
    // The axis ends 2 % behind the last bar.
    expect(html).toContain(`style="left:24.51%;width:49.02%;background:var(--s-dhcp)"`);
    expect(html).toContain(`style="left:0%;width:98.04%;background:var(--s-online)"`);
    expect(html).toContain(`title="from 2.5 s to 7.5 s"`);
    expect(html.match(/<i style="left:[^"]*">[^<]*/g)!.map((tick) => tick.split(">")[1])).toEqual([
      "0",
      "2 s",
      "4 s",
      "6 s",
      "8 s",
      "10 s",
    ]);
    expect(html).not.toContain("passed over");
  });

  const axes: readonly (readonly [meanMs: number, last: string])[] = [
    [0.02, "0"],
    [90, "80 ms"],
    [45_000, "40 s"],
    [170_000, "2.5 min"],
    [3_600_000, "60 min"],
    [90_000_000, "1500 min"],
  ];
  test.each(axes)("a mean of %d ms ends its axis at %s", (mean, last) => {
    const durationMs = { ...boot.onlineAfterMs, mean };
    const step = { kind: "cpe", step: "modem", durationMs, startMeanMs: 0, passedOver: 2 };
    const html = waterfall({ ...boot, steps: [step], timeToOnlineMs: {} });
    const ticks = html.match(/<i style="left:[^"]*">[^<]*/g)!;
    expect(ticks.at(-1)!.split(">")[1]).toBe(last);
    expect(html).toContain("<th>passed over</th>");
  });
});

describe("charts of a run that boots", () => {
  const charts = chartsOf(result);

  test("devices on line, by boot state, and time to on line by kind come first", () => {
    expect(charts.map(({ id }) => id)).toEqual([
      "online",
      "boot-states",
      "online-percentiles",
      "rates",
      "latency",
      "states",
    ]);
    expect(charts[2].series.map(({ label }) => label)).toEqual([
      "all",
      "cable-modem",
      "mta",
      "cpe",
      "smart-meter",
    ]);
  });

  test("the states stack up to all devices, those on line at the bottom", () => {
    const { series, stacked } = charts[1];
    expect(stacked).toBe(true);
    expect(series[0].label).toBe("online");
    expect(series.at(-1)!.label).toBe("off");
    for (const at of [0, 17, 239]) {
      expect(series.reduce((sum, { values }) => sum + values[at]!, 0)).toBe(4000);
    }
  });

  test("a state of a later version lies on the top", () => {
    expect(stackOrder(["leaping", "off", "tftp", "online"])).toEqual([
      "online",
      "tftp",
      "off",
      "leaping",
    ]);
  });
});

test("the table has columns of boots behind those of every run", () => {
  const [head, ...rows] = timeSeriesTable(result.timeSeries);
  const first = timeSeriesTable(sampleResult().timeSeries)[0];
  expect(head!.slice(0, first.length)).toEqual(first);
  expect(head!.slice(first.length, first.length + 5)).toEqual([
    "online",
    "boots_completed",
    "downloads_completed",
    "boot_check",
    "boot_dhcp",
  ]);
  expect(rows.every((row) => row.length === head!.length)).toBe(true);
  expect(rows.at(-1)![first.length]).toBe(bootsAtEnd(result)!.online);
});

// The compiler sees to it that none is missing here.
const problems: Readonly<Record<BootProblem, true>> = {
  "dhcp-timeout": true,
  "dhcp-nak": true,
  "dhcp-expired": true,
  "dhcp-abandoned": true,
  "address-outside-network": true,
  "lease-lost": true,
  "no-server": true,
  "no-file": true,
  "bad-file-name": true,
  "no-answer": true,
  stalled: true,
  "not-found": true,
  "access-violation": true,
  "options-refused": true,
  "server-error": true,
  "bad-packet": true,
  "too-long": true,
  "wrong-length": true,
  "wrong-hash": true,
  unsynchronised: true,
  denied: true,
  "rate-limited": true,
  "cm-mic": true,
  "cmts-mic": true,
  "file-format": true,
  "cmts-timeout": true,
  "modem-failed": true,
  "modem-lost": true,
  "power-off": true,
};

test("every problem has words, and an unknown one none", () => {
  expect(Object.keys(problems).filter((problem) => problemWords(problem) === "")).toEqual([]);
  expect(problemWords("wrong-hash")).toBe("the length is right, the bytes are not");
  expect(problemWords("constructor")).toBe("");
});

test("sizes are written for people, and a minute never has 60 s", () => {
  expect([0, 1023, 1024, 22_347_776, 250 * 2 ** 20, 2 ** 31].map(formatBytes)).toEqual([
    "0 bytes",
    "1,023 bytes",
    "1.0 KiB",
    "21.3 MiB",
    "250 MiB",
    "2.0 GiB",
  ]);
  expect([59_949, 59_950, 119_700].map(formatSpan)).toEqual(["59.9 s", "1 min 0 s", "2 min 0 s"]);
});
