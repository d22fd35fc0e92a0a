import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "../../base/histogram.ts";
import { BootRecord } from "../boot/boot-record.ts";
import type { PhaseOutcome } from "../run/outcome.ts";
import { judgeHealth, parseSchedstat, usageBetween, type WorkerUsage } from "./generator-health.ts";
import { emptyCounters } from "./recorder.ts";

const limits = { slipMsP99Max: 5, socketDropsMax: 0, cpuPercentMax: 95 };
const usage: WorkerUsage = {
  received: 100,
  sent: 100,
  truncated: 0,
  socketDrops: 0,
  sendErrors: 0,
  lastSendError: undefined,
  cpuPercent: 40,
  starvedPercent: 0,
};

function phase(slipMs: number, workers: readonly WorkerUsage[] = [usage]): PhaseOutcome {
  const slip = new LatencyHistogram();
  for (let i = 0; i < 98; i += 1) slip.recordMs(0.1);
  for (let i = 0; i < 2; i += 1) slip.recordMs(slipMs);
  const latency = new LatencyHistogram();
  return {
    name: "connect",
    startedAtMs: 0,
    durationMs: 1000,
    endedBy: "duration",
    streams: [
      {
        exchange: "discover",
        ratePerSecond: 100,
        counters: emptyCounters(),
        achievedPerSecond: 100,
        latency,
        service: latency,
        slip,
      },
    ],
    background: emptyCounters(),
    timeToBound: {},
    boot: new BootRecord(),
    devicesGivenUp: 0,
    workers,
  };
}

describe("health of the generator", () => {
  test("is good when the schedule was kept", () => {
    expect(judgeHealth(limits, [phase(1)], [usage])).toMatchObject({
      invalid: false,
      problems: [],
      cpuPercentMax: 40,
      socketDrops: 0,
    });
  });

  test.each([
    ["sent late", [phase(8)], [usage], /phase connect: 1 % of the discover .* 8\.0 ms late/],
    [
      "busy",
      [phase(1, [usage, { ...usage, cpuPercent: 99 }])],
      [usage],
      /phase connect: worker 1 used 99 % of a core \(limit 95 %\)/,
    ],
    [
      "lost replies",
      [phase(1)],
      [usage, { ...usage, socketDrops: 3 }],
      /lost 3 replies \(limit 0\)/,
    ],
  ] as const)("makes the run invalid when it %s", (_, phases, workers, message) => {
    const health = judgeHealth(limits, phases, workers);
    expect(health.invalid).toBe(true);
    expect(health.problems).toHaveLength(1);
    expect(health.problems[0]).toMatch(message);
  });

  test("says so when other programs had the cores", () => {
    const starved = { ...usage, starvedPercent: 31 };
    const health = judgeHealth(limits, [phase(8, [usage, starved])], [usage]);
    expect(health.problems[0]).toMatch(/for 31 % of the time other programs had the cores/);
  });

  test("all devices at once is no schedule that could be kept", () => {
    const atOnce = phase(500);
    const streams = atOnce.streams.map((stream) => ({ ...stream, ratePerSecond: undefined }));
    const health = judgeHealth(limits, [{ ...atOnce, streams }], [usage]);
    expect(health).toMatchObject({ invalid: false, slipMsP99: 0 });
  });

  test("refused sends are told, and where the kernel tells no CPU use there is no limit", () => {
    const silent = { ...usage, cpuPercent: undefined, starvedPercent: undefined };
    const refused = { ...silent, sendErrors: 2, lastSendError: "ECONNREFUSED" };
    const health = judgeHealth(limits, [phase(1, [silent])], [refused, silent]);
    expect(health).toMatchObject({
      invalid: false,
      sendErrors: 2,
      lastSendError: "ECONNREFUSED",
      cpuPercentMax: 0,
    });
  });
});

describe("use of a thread", () => {
  test("is the difference of two marks, in percent of the time between them", () => {
    const from = {
      atMs: 1000,
      cpuMs: 50,
      starvedMs: 10,
      received: 5,
      sent: 6,
      truncated: 0,
      socketDrops: 1,
      sendErrors: 2,
      lastSendError: undefined,
    };
    const to = { ...from, atMs: 3000, cpuMs: 550, starvedMs: 30, received: 25, socketDrops: 4 };
    expect(usageBetween(from, to)).toMatchObject({
      received: 20,
      sent: 0,
      socketDrops: 3,
      cpuPercent: 25,
      starvedPercent: 1,
    });
    expect(usageBetween(from, from).cpuPercent).toBeUndefined();
    expect(usageBetween({ ...from, cpuMs: undefined }, to).cpuPercent).toBeUndefined();
  });

  test.each([
    ["866851000 2000000 1\n", { cpuMs: 866.851, starvedMs: 2 }],
    ["", undefined],
    ["1 2", undefined],
    ["-1 2 3", undefined],
    ["a b c", undefined],
  ])("reads schedstat %j", (text, expected) => {
    expect(parseSchedstat(text)).toEqual(expected);
  });
});
