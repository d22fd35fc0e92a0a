import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "../../base/histogram.ts";
import { BootRecord } from "../boot/boot-record.ts";
import type { PhaseOutcome } from "../run/outcome.ts";
import {
  judgeHealth,
  onlyWorsens,
  problemSentence,
  usageBetween,
  type WorkerUsage,
} from "./generator-health.ts";
import { emptyCounters } from "./recorder.ts";

const limits = { slipMsP99Max: 5, socketDropsMax: 0, cpuPercentMax: 95, starvedPercentMax: 10 };
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
        load: "open",
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
    slowest: [],
    boot: new BootRecord(),
    devicesGivenUp: 0,
    workers,
  };
}

describe("health of the generator", () => {
  test("is good when the schedule was kept", () => {
    expect(judgeHealth(limits, [phase(1)], [usage])).toMatchObject({
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
  ] as const)("has a problem when it %s", (_, phases, workers, message) => {
    const { problems } = judgeHealth(limits, phases, workers);
    expect(problems.map(problemSentence)).toEqual([expect.stringMatching(message)]);
  });

  test("says so when other programs had the cores", () => {
    const starved = { ...usage, starvedPercent: 31 };
    const health = judgeHealth(limits, [phase(8, [usage, starved])], [usage]);
    expect(problemSentence(health.problems[0])).toMatch(
      /for 31 % of the time other programs had the cores/,
    );
  });

  test.each([
    ["open", 8, 1],
    ["at-once", 0, 0],
    ["closed", 0, 0],
  ] as const)(
    "a stream that is %s has a slip of %i ms, and %i problems",
    (load, slipMsP99, count) => {
      const played = phase(8);
      const streams = played.streams.map((stream) => ({ ...stream, load }));
      const health = judgeHealth(limits, [{ ...played, streams }], [usage]);
      expect(health.slipMsP99).toBeCloseTo(slipMsP99, 1);
      expect(health.problems).toHaveLength(count);
    },
  );

  test.each([
    ["open", 40, []],
    ["closed", 10, []],
    ["closed", 11, ["starved"]],
  ] as const)("%s, starved for %i %%: %j", (load, starvedPercent, kinds) => {
    const played = phase(1, [{ ...usage, starvedPercent }]);
    const streams = played.streams.map((stream) => ({ ...stream, load }));
    const { problems } = judgeHealth(limits, [{ ...played, streams }], [usage]);
    expect(problems.map(({ kind }) => kind)).toEqual(kinds);
  });

  // Below a second, only when something left has changed; beyond, the server had less to do each second.
  test.each([
    ["8 ms late", 8, 0, true, /8\.0 ms late or more/],
    ["999 ms late", 999, 0, true, /99\d\.\d ms late or more/],
    ["1.2 s late", 1200, 0, false, /one of them 1\.2 s late/],
    [
      "on time, but three never left",
      1,
      3,
      false,
      /3 of the discover transactions were due and never/,
    ],
  ])("%s: %s", (_, slipMs, unsent, isOnlyWorse, sentence) => {
    const played = phase(slipMs);
    const streams = played.streams.map((stream) => ({
      ...stream,
      counters: { ...stream.counters, unsent },
    }));
    const [problem] = judgeHealth(limits, [{ ...played, streams }], [usage]).problems;
    expect(onlyWorsens(problem)).toBe(isOnlyWorse);
    expect(problemSentence(problem)).toMatch(sentence);
  });

  test("lost replies may have been the wrong ones", () => {
    const { problems } = judgeHealth(limits, [phase(1)], [{ ...usage, socketDrops: 1 }]);
    expect(problems.map(onlyWorsens)).toEqual([false]);
  });

  test("refused sends are told, and where the kernel tells no CPU use there is no limit", () => {
    const silent = { ...usage, cpuPercent: undefined, starvedPercent: undefined };
    const refused = { ...silent, sendErrors: 2, lastSendError: "ECONNREFUSED" };
    const health = judgeHealth(limits, [phase(1, [silent])], [refused, silent]);
    expect(health).toMatchObject({
      problems: [],
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
});
