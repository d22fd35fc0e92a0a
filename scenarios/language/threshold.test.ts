import { describe, expect, test } from "vitest";
import { metricProblem, metricRoots, parseThreshold, thresholdHolds } from "./threshold.ts";

const each = (...exchanges: string[]) => exchanges.map((exchange) => ({ exchange }));
const streams = new Map([
  ["connect", each("discover", "renew")],
  ["restore", each("boot", "renew")],
  ["storm", each("download")],
]);
const withoutBoots = new Map([["connect", each("discover")]]);

describe("a threshold", () => {
  test("is a metric, an operator and a number", () => {
    expect(parseThreshold("  timeToOnlineMs.smart-meter.p99<= 1.5 ")).toEqual({
      text: "timeToOnlineMs.smart-meter.p99<= 1.5",
      metric: ["timeToOnlineMs", "smart-meter", "p99"],
      operator: "<=",
      bound: 1.5,
    });
    for (const text of ["", "a.b", "a.b < x", "a.b = 1", "a b < 1", "a.b < 1e3"]) {
      expect(parseThreshold(text)).toBeUndefined();
    }
  });

  const cases: readonly (readonly [
    operator: string,
    below: boolean,
    at: boolean,
    above: boolean,
  ])[] = [
    ["<", true, false, false],
    ["<=", true, true, false],
    ["==", false, true, false],
    [">=", false, true, true],
    [">", false, false, true],
  ];
  test.each(cases)("%s", (operator, ...expected) => {
    const threshold = parseThreshold(`a.b ${operator} 2`)!;
    expect([1, 2, 3].map((actual) => thresholdHolds(threshold, actual))).toEqual(expected);
  });
});

describe("a metric", () => {
  const good = [
    "connect.discover.latencyMs.p999",
    "connect.discover.latencyMs.p95",
    "connect.discover.latencyMs.p9999",
    "connect.renew.naks",
    "timeToBoundMs.all.max",
    "timeToOnlineMs.cpe.p50",
    "restore.boot.completed",
    "restore.boot.latencyMs.p99",
    "restore.onlineAfterMs.p999",
    "restore.bootFailures.devices",
    "storm.bootFailures.boots",
    "storm.download.timeouts",
  ];
  test.each(good)("%s is one", (metric) => {
    expect(metricProblem(metric.split("."), streams)).toBeUndefined();
  });

  const bad: readonly (readonly [string, RegExp])[] = [
    [
      "conect.discover.naks",
      /^"conect" is none of connect, restore, storm, timeToBoundMs, timeToO/,
    ],
    ["timeToOnlineMs.stb.p99", /^"stb" is none of all, cable-modem/],
    ["timeToOnlineMs.all", /^all needs one of p50, p90, p95, p99, p999, max, mean$/],
    ["timeToOnlineMs.all.p9", /^all needs one of .*, not "p9"$/],
    ["timeToOnlineMs.all.p100", /^all needs one of .*, max, mean, not "p100"$/],
    ["timeToOnlineMs.all.p999999", /^all needs one of .*, not "p999999"$/],
    ["safety.lostLeases", /fails every run, without a threshold: leave the line out$/],
    ["timeToBoundMs.all.p99.p99", /^all needs one of .*, not "p99.p99"$/],
    ["connect", /^phase connect has no exchange stream, only discover, renew$/],
    ["connect.onlineAfterMs.p50", /^phase connect has no onlineAfterMs stream, only discover/],
    ["connect.bootFailures.devices", /no bootFailures stream/],
    ["storm.onlineAfterMs.p50", /only download, and bootFailures$/],
    ["restore.discover.naks", /only boot, renew, and onlineAfterMs, bootFailures$/],
    ["restore.onlineAfterMs", /^onlineAfterMs needs one of p50/],
    ["restore.bootFailures.kind", /^bootFailures needs one of devices, boots, not "kind"$/],
    ["restore.boot.latency", /^"latency" is none of offered,/],
    ["restore.boot.naks.p99", /^"naks" is none of|needs one of/],
  ];
  test.each(bad)("%s is none", (metric, expected) => {
    expect(metricProblem(metric.split("."), streams)).toMatch(expected);
  });

  test("begins with time to online only where something boots", () => {
    expect(metricRoots(streams).at(-1)).toBe("timeToOnlineMs");
    expect(metricRoots(withoutBoots)).toEqual(["connect", "timeToBoundMs"]);
    expect(metricProblem(["timeToOnlineMs", "all", "p99"], withoutBoots)).toMatch(/is none of/);
  });
});
