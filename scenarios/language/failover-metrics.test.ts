import { describe, expect, test } from "vitest";
import { metricProblem } from "./threshold.ts";

const streams = new Map([["connect", [{ exchange: "discover" }]]]);
const problem = (metric: string): string | undefined => metricProblem(metric.split("."), streams);

describe("a metric of servers that go and come", () => {
  test.each([
    "failover.rtoMs.max",
    "failover.kill-active.rtoMs.p50",
    "failover.outageMs.p99",
    "failover.fail-back.outageMs.mean",
    "failover.devicesAffected",
    "failover.kill.leasesExpired",
    "failover.dipPercent.max",
  ])("%s is one", (metric) => {
    expect(problem(metric)).toBeUndefined();
  });

  const bad: readonly (readonly [string, RegExp])[] = [
    ["failover", /^"" is none of devicesAffected, .*outageMs, after failover or failover\.EVENT$/],
    ["failover.kill", /^"" is none of/],
    ["failover.kill.rto.max", /^"rto" is none of/],
    ["failover.rtoMs", /^rtoMs needs one of p50, max$/],
    ["failover.rtoMs.p99", /^rtoMs needs one of p50, max, not "p99"$/],
    ["failover.kill.outageMs", /^outageMs needs one of p50, p90/],
    ["failover.devicesAffected.max", /^devicesAffected is a number, without "max"$/],
  ];
  test.each(bad)("%s is none", (metric, expected) => {
    expect(problem(metric)).toMatch(expected);
  });

  test("a phase may be called so, and goes first", () => {
    const phases = new Map([["failover", [{ exchange: "renew" }]]]);
    expect(metricProblem(["failover", "renew", "naks"], phases)).toBeUndefined();
    expect(metricProblem(["failover", "rtoMs", "max"], phases)).toMatch(/no rtoMs stream/);
  });
});
