import { describe, expect, test } from "vitest";
import { boundProblem, type Measurable } from "./bound-problem.ts";
import type { PhasePlan, StreamPlan } from "./phase-plan.ts";
import { parseThreshold } from "./threshold.ts";

const phase = (
  name: string,
  until: PhasePlan["until"],
  ...streams: readonly StreamPlan[]
): PhasePlan => {
  return { name, streams, until, timeLimitMs: 60_000, drainMs: 5000, powerCycle: false };
};

const measurable: Measurable = {
  population: { cableModems: 1500, mtas: 0, cpes: 0, smartMeters: 500, cmtsCount: 4 },
  phases: [
    phase("connect", "all-online", { kind: "rate", exchange: "boot", ratePerSecond: 100 }),
    phase(
      "load",
      { durationMs: 20_000 },
      { kind: "rate", exchange: "discover", ratePerSecond: 300 },
      { kind: "rate", exchange: "renew", ratePerSecond: 600, arrivals: "poisson" },
      { kind: "outstanding", exchange: "reboot", outstanding: 64 },
      {
        kind: "profile",
        exchange: "renew",
        name: "rise",
        stages: [{ fromPerSecond: 0, toPerSecond: 100, durationMs: 10_000 }],
      },
      { kind: "burst", exchange: "renew", name: "bursts", size: 50, everyMs: 10_000, count: 9 },
    ),
    phase(
      "storm",
      { durationMs: 5000 },
      { kind: "all-within", exchange: "download", allWithinMs: 900 },
    ),
    phase("slow", { durationMs: 5000 }, { kind: "rate", exchange: "discover", ratePerSecond: 0.1 }),
  ],
};

const problemOf = (text: string) => boundProblem(parseThreshold(text)!, measurable);

describe("a bound", () => {
  test.each([
    ["load.discover.latencyMs.p99 < 0", /never hold: .*p99 is never below 0/, "in milliseconds"],
    ["load.discover.timeouts < 0", /never hold: .*timeouts is never below 0/, "timeouts == 0"],
    ["load.discover.timeouts <= -1", /never hold/, "timeouts == 0"],
    ["connect.bootFailures.devices == -1", /never hold/, "devices == 0"],
    ["failover.kill.rtoMs.max < 0", /never hold/, "in milliseconds"],
    ["load.discover.timeouts >= 0", /always holds/, "timeouts > 0"],
    ["load.discover.timeouts > -1", /always holds/, "timeouts > 0"],
    ["connect.boot.completed >= 5000", /each of the 2,000 devices once/, "completed == 2000"],
    ["connect.boot.completed > 2000", /each of the 2,000 devices once/, "completed == 2000"],
    ["storm.download.completed == 2001", /each of the 2,000 devices once/, "completed == 2000"],
    ["load.discover.completed >= 6001", /has 6,000 arrivals/, "completed == 6000"],
    ["load.rise.sent == 501", /has 500 arrivals/, "sent == 0"],
    ["load.bursts.completed > 100", /has 100 arrivals/, "completed == 100"],
    ["load.discover.achievedRatio >= 2", /1 at most/, "achievedRatio >= 0.99"],
    ["load.renew.achievedRatio > 1", /1 at most/, "achievedRatio >= 0.99"],
    ["load.discover.achievedPerSecond >= 301", /offers 300 a second/, ">= 297"],
    ["load.reboot.achievedRatio >= 0.9", /no rate, so there is no achievedRatio/, "timeouts == 0"],
    ["storm.download.offeredPerSecond > 1", /no rate, so there is no offered/, "timeouts == 0"],
    ["timeToBoundMs.mta.p99 < 100", /population has no mta/, "timeToBoundMs.all.p99"],
    ["timeToOnlineMs.cpe.max < 100", /population has no cpe/, "`cpes: 100`"],
  ])("of %s is a mistake", (text, message, hint) => {
    const problem = problemOf(text);
    expect(problem?.message).toMatch(message);
    expect(problem?.hint).toContain(hint);
  });

  test.each([
    "load.discover.latencyMs.p99 < 0.1",
    "load.discover.latencyMs.p99 <= 0",
    "load.discover.timeouts == 0",
    "load.discover.timeouts < 1",
    "load.discover.completed > 0",
    "connect.boot.completed == 2000",
    "connect.boot.completed >= 2000",
    "connect.boot.completed <= 5000",
    "load.discover.completed == 6000",
    "load.discover.retransmissions >= 7000",
    "load.renew.completed >= 50000",
    "load.reboot.completed >= 50000",
    "load.reboot.achievedPerSecond >= 50000",
    "load.discover.achievedRatio >= 1",
    "load.discover.achievedPerSecond >= 300",
    // One arrival where the rate makes half a one.
    "slow.discover.achievedRatio > 1",
    "timeToBoundMs.smart-meter.p99 < 100",
    "timeToOnlineMs.all.p95 < 100",
    "failover.kill.dipPercent.max < 50",
  ])("of %s is none", (text) => {
    expect(problemOf(text)).toBeUndefined();
  });
});
