import type { WriteStream } from "node:tty";
import { describe, expect, test } from "vitest";
import { emptyCounters } from "../../../simulator/measure/recorder.ts";
import { plainLine, progressLines, progressOn } from "./progress.ts";

const row = {
  second: 4,
  phase: "connect",
  exchanges: {
    discover: {
      ...emptyCounters(),
      offered: 2505,
      sent: 2500,
      completed: 2480,
      retransmissions: 3,
    },
  },
  latencyMsP50: 0.61,
  latencyMsP99: 4.2,
  latencyMsMax: 17.3,
  bound: 40_000,
  states: { init: 38_000, selecting: 1500, requesting: 500, bound: 40_000 },
  boots: undefined,
};

test("lines of at most 80 columns: phase, share, states, rates and latency", () => {
  const lines = progressLines({
    phase: "connect",
    phaseIndex: 0,
    phaseCount: 2,
    phaseElapsedMs: 16_000,
    phaseMsMax: 80_000,
    devices: 80_000,
    pace: 1,
    row,
  });
  expect(lines).toEqual([
    "phase 1/2 connect: 16.0 s, at most 1 min 4 s left",
    "███████████████░░░░░░░░░░░░░░░ 40,000 of 80,000 bound",
    "devices  bound 40,000, init 38,000, selecting 1,500, requesting 500",
    "rates    discover 2,500 sent 2,480 done/s (3 again, 0 lost)",
    "load     2,505 offered 2,480 achieved/s, 0 timed out, generator on time",
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
    pace: 1,
    row: { ...row, exchanges: {}, latencyMsP50: null, latencyMsP99: null, latencyMsMax: null },
  });
  expect(lines[0]).toContain("at most 0 ms left");
  expect(lines.slice(3)).toEqual([
    "rates    nothing sent",
    "load     0 offered 0 achieved/s, 0 timed out, generator on time",
    "latency  -",
  ]);
});

test("where devices boot, the bar is of those on line and the states are those of the boot", () => {
  const boots = {
    online: 20_000,
    states: {
      off: 0,
      modem: 7000,
      ranging: 31_200,
      dhcp: 2100,
      time: 130,
      ntp: 12,
      tftp: 18_400,
      check: 1,
      registration: 1150,
      syslog: 2,
      pausing: 4,
      online: 20_000,
      failed: 1,
    },
  };
  const counters = {
    ...emptyCounters(),
    offered: 1_200_000,
    sent: 1_200_000,
    completed: 1_200_000,
  };
  const exchanges = { boot: counters, discover: counters, renew: counters };
  const lines = progressLines({
    phase: "restore",
    phaseIndex: 0,
    phaseCount: 1,
    phaseElapsedMs: 62_000,
    phaseMsMax: 600_000,
    devices: 80_000,
    pace: 1,
    row: { ...row, exchanges, boots },
  });
  expect(lines.slice(1, 4)).toEqual([
    "████████░░░░░░░░░░░░░░░░░░░░░░ 20,000 of 80,000 on line, 40,000 bound",
    "devices  ranging 31,200, online 20,000, tftp 18,400, modem 7,000, dhcp 2,100 …",
    "rates    boot 1,200,000 sent 1,200,000 done/s …",
  ]);
  // The discovers are part of the boots.
  expect(lines[4]).toMatch(/^load {5}2,400,000 offered 2,400,000 achieved\/s, 0 timed out/);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test("on one line for a log, with the pace when it is not the planned one", () => {
  const progress = {
    ...{ phase: "connect", phaseIndex: 0, phaseCount: 1, phaseElapsedMs: 4000, phaseMsMax: 80_000 },
    ...{ devices: 80_000, row },
  };
  const figures =
    "40,000 of 80,000 bound, 2,505 offered 2,480 achieved/s, 0 timed out, generator on time, latency ms p50 0.610 p99 4.20 max 17.3";
  expect(plainLine({ ...progress, pace: 1 })).toBe(`4 s connect: ${figures}`);
  expect(plainLine({ ...progress, pace: 0 })).toBe(`4 s connect (paused): ${figures}`);
  expect(progressLines({ ...progress, pace: 2 })[0]).toMatch(/left \(x 2\)$/);
});

describe("on standard error", () => {
  const progress = {
    ...{ phase: "connect", phaseIndex: 0, phaseCount: 1, phaseElapsedMs: 4000, phaseMsMax: 80_000 },
    ...{ devices: 80_000, pace: 1 },
  };

  /** The seconds of the lines that a run of 31 seconds writes. */
  function secondsWritten(isTTY: boolean, mode: "auto" | "plain" | "none"): readonly number[] {
    const written: string[] = [];
    const stream = { isTTY, columns: 80, write: (text: string) => written.push(text) > 0 };
    const watchers = progressOn(stream as unknown as WriteStream, mode);
    for (let second = 0; second <= 30; second += 1) {
      for (const each of watchers)
        each.second({ ...progress, row: { ...row, second } }, undefined!);
    }
    return written.map((text) => Number.parseInt(text, 10));
  }

  test.each([
    [false, "auto", [10, 20, 30]],
    [false, "plain", [5, 10, 15, 20, 25, 30]],
    [true, "plain", [5, 10, 15, 20, 25, 30]],
    [false, "none", []],
    [true, "none", []],
  ] as const)("terminal: %s, --progress %s", (isTTY, mode, seconds) => {
    expect(secondsWritten(isTTY, mode)).toEqual(seconds);
  });

  test("a terminal is redrawn every second", () => {
    expect(secondsWritten(true, "auto")).toHaveLength(31);
  });
});
