import { expect, test } from "vitest";
import { emptyCounters } from "../../simulator/recorder.ts";
import { progressLines } from "./progress.ts";

const row = {
  second: 4,
  phase: "connect",
  exchanges: { discover: { ...emptyCounters(), sent: 2500, completed: 2480, retransmissions: 3 } },
  latencyMsP50: 0.61,
  latencyMsP99: 4.2,
  latencyMsMax: 17.3,
  bound: 40_000,
  states: { init: 38_000, selecting: 1500, requesting: 500, bound: 40_000 },
};

test("lines of at most 80 columns: phase, share, states, rates and latency", () => {
  const lines = progressLines({
    phase: "connect",
    phaseIndex: 0,
    phaseCount: 2,
    phaseElapsedMs: 16_000,
    phaseMsMax: 80_000,
    devices: 80_000,
    row,
  });
  expect(lines).toEqual([
    "phase 1/2 connect: 16.0 s, at most 1 min 4 s left",
    "███████████████░░░░░░░░░░░░░░░ 40,000 of 80,000 bound",
    "devices  bound 40,000, init 38,000, selecting 1,500, requesting 500",
    "rates    discover 2,500 sent 2,480 done/s (3 again, 0 lost)",
    "latency  ms p50 0.610 p99 4.20 max 17.3",
  ]);
});

test("a second without a packet has its lines too", () => {
  const lines = progressLines({
    phase: "connect",
    phaseIndex: 0,
    phaseCount: 1,
    phaseElapsedMs: 90_000,
    phaseMsMax: 80_000,
    devices: 80_000,
    row: { ...row, exchanges: {}, latencyMsP50: null, latencyMsP99: null, latencyMsMax: null },
  });
  expect(lines[0]).toContain("at most 0 ms left");
  expect(lines.slice(3)).toEqual(["rates    nothing sent", "latency  -"]);
});
