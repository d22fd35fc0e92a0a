import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "../../../base/histogram.ts";
import { parseThreshold } from "../../../scenarios/language/threshold.ts";
import type { GeneratorProblem, JudgedPhase } from "../../../simulator/measure/generator-health.ts";
import { emptyCounters, type StreamLoad } from "../../../simulator/measure/recorder.ts";
import { mayHaveFailed, mayHaveHelped } from "./generator-doubt.ts";

const late: GeneratorProblem = {
  ...{ kind: "late", phase: "open", stream: "renew", unsent: 0, starvedPercent: 0 },
  ...{ slipMsP99: 8, slipMsMax: 90, limitMs: 5 },
};
const behind: GeneratorProblem = { ...late, slipMsMax: 2000 };
const starved: GeneratorProblem = {
  ...{ kind: "starved", phase: "loop", worker: 0, starvedPercent: 40, limitPercent: 10 },
};
const busy = { kind: "busy", worker: 0, cpuPercent: 99, limitPercent: 95 } as const;
const lost: GeneratorProblem = { kind: "replies-lost", count: 3, limit: 0 };

function phaseOf(name: string, load: StreamLoad): JudgedPhase {
  const none = new LatencyHistogram();
  const figures = { latency: none, service: none, slip: none, achievedPerSecond: 0 };
  return {
    ...{ name, workers: [] },
    streams: [
      { ...{ exchange: "renew", load, ratePerSecond: 1, counters: emptyCounters() }, ...figures },
    ],
  };
}

const phases = [phaseOf("open", "open"), phaseOf("loop", "closed")];

describe("a threshold that holds although the generator was late", () => {
  test.each([
    // Counts from the intended times: lateness is in it, on top of what the server took.
    [late, "open.renew.latencyMs.p99 < 10", false],
    [late, "open.renew.latencyMs.p99 > 10", true],
    [late, "timeToBoundMs.all.p99 < 10", false],
    [late, "timeToOnlineMs.all.p99 <= 10", false],
    [late, "open.onlineAfterMs.p99 < 10", false],
    // Counts from the real departure: what the generator held back did not wait at the server.
    [late, "open.renew.serviceMs.p99 < 10", true],
    // The same load in every second, in a worse shape.
    [late, "open.renew.timeouts == 0", false],
    [late, "open.renew.timeouts <= 3", false],
    [late, "open.renew.timeouts == 3", true],
    [late, "open.renew.naks >= 3", true],
    [late, "open.bootFailures.devices == 0", false],
    [late, "open.renew.completed == 10", false],
    [late, "open.renew.achievedRatio >= 0.999", false],
    [late, "open.renew.achievedPerSecond < 10", true],
    // What the generator did, told as it was.
    [late, "open.renew.slipMs.p99 < 10", false],
    [late, "open.renew.sent == 10", false],
    // Servers that fail over: longer outages, more devices.
    [late, "failover.rtoMs.max < 1000", false],
    [late, "failover.rtoMs.max > 1000", true],
    // More than a second behind, the server had less to do each second: nothing about the phase stands.
    [behind, "open.renew.timeouts == 0", true],
    [behind, "open.renew.latencyMs.p99 < 10", true],
    // Another phase.
    [late, "loop.renew.latencyMs.p99 > 10", false],
    [behind, "loop.renew.latencyMs.p99 < 10", false],
    // A closed loop with less under way at the server: its rate falls, but its latency does, too.
    [starved, "loop.renew.achievedPerSecond >= 10", false],
    [starved, "loop.renew.completed == 10", false],
    [starved, "loop.renew.timeouts == 0", false],
    [starved, "loop.onlineAfterMs.max < 10", false],
    [starved, "loop.renew.achievedPerSecond < 10", true],
    [starved, "loop.renew.latencyMs.p99 < 10", true],
    [starved, "timeToOnlineMs.all.p99 < 10", true],
    [starved, "open.renew.latencyMs.p99 < 10", false],
    [{ ...busy, phase: "loop" }, "loop.renew.latencyMs.p99 < 10", true],
    [{ ...busy, phase: "loop" }, "loop.renew.achievedPerSecond >= 10", false],
    [{ ...busy, phase: "open" }, "open.renew.latencyMs.p99 < 10", false],
    [{ ...busy, phase: "open" }, "open.renew.serviceMs.p99 < 10", true],
    // A reply that nobody read may be the one that was wrong.
    [lost, "open.renew.naks == 0", true],
    [lost, "open.renew.latencyMs.p99 < 10", true],
    [{ kind: "lease-events-lost", count: 1 }, "open.renew.timeouts == 0", true],
  ] as const)("%#: %j and %s: may be due to it: %s", (problem, text, expected) => {
    expect(mayHaveHelped(problem, parseThreshold(text)!, phases)).toBe(expected);
  });
});

describe("what fails may be due to a problem of the same phase, or of the whole run", () => {
  test.each([
    [late, "open", true],
    [late, "loop", false],
    [late, undefined, true],
    [lost, "loop", true],
  ] as const)("%#: %j in %s: %s", (problem, phase, expected) => {
    expect(mayHaveFailed(problem, phase)).toBe(expected);
  });
});
