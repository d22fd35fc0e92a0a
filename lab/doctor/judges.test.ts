import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "../../base/histogram.ts";
import { judgeDisk } from "./disk.ts";
import { judgeLoopback } from "./loopback.ts";
import { judgeProcessors, type ProcessorFigures } from "./processors.ts";
import { judgeReceiveBuffer } from "./receive-buffer.ts";
import { judgeTimers } from "./timers.ts";

/** A thousand waits; `slow` of them are long. */
function waitsOf(ms: number, slow = 0, slowMs = 0): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (let each = 0; each < 1000; each += 1) histogram.recordMs(each < slow ? slowMs : ms);
  return histogram;
}

describe("the disk", () => {
  const disk = { folder: "/runs", isInMemory: false, otherFolders: ["/data"] };

  test.each([
    ["quick syncs", waitsOf(0.3), "fine"],
    ["a slow hundredth", waitsOf(0.3, 20, 6), "slow"],
    ["one long stall", waitsOf(0.3, 1, 183), "slow"],
  ])("%s: %s", (_, waits, state) => {
    expect(judgeDisk({ ...disk, waits }).state).toBe(state);
  });

  test("a slow one names another folder to try, if there is one", () => {
    const waits = waitsOf(20);
    expect(judgeDisk({ ...disk, waits }).advice).toMatchObject([
      { command: "npx prov doctor /data" },
    ]);
    const [alone] = judgeDisk({ ...disk, waits, otherFolders: [] }).advice;
    expect(alone?.command).toBeUndefined();
    expect(alone?.text).toContain("--out");
  });

  test("memory is no disk, however fast it is", () => {
    const found = judgeDisk({ ...disk, waits: waitsOf(0.01), isInMemory: true });
    expect(found.state).toBe("unknown");
    expect(found.advice).toHaveLength(1);
  });
});

describe("timers and loopback", () => {
  const loopback = { lost: 0, backend: "batch", batchMissing: undefined } as const;

  test("late wake-ups are told", () => {
    expect(judgeTimers({ waits: waitsOf(0.05) })).toMatchObject({ state: "fine", advice: [] });
    expect(judgeTimers({ waits: waitsOf(0.05, 20, 4) }).advice[0]?.text).toContain("4.00 ms");
  });

  test.each([
    ["short round trips", { ...loopback, waits: waitsOf(0.06) }, "fine"],
    ["long ones", { ...loopback, waits: waitsOf(2) }, "slow"],
    ["lost datagrams", { ...loopback, waits: waitsOf(0.06), lost: 3 }, "slow"],
    ["no answer at all", { ...loopback, waits: new LatencyHistogram(), lost: 9 }, "unknown"],
  ] as const)("%s", (_, figures, state) => {
    expect(judgeLoopback(figures).state).toBe(state);
  });

  test("the portable socket is told, and what mends it", () => {
    const found = judgeLoopback({
      ...{ backend: "dgram", batchMissing: "koffi does not load", waits: waitsOf(0.1), lost: 0 },
    });
    expect(found.state).toBe("slow");
    expect(found.advice).toMatchObject([{ command: "npm install koffi" }]);
  });
});

describe("processors", () => {
  const quiet: ProcessorFigures = {
    ...{ cores: 4, takenPercent: 0.2, takenMsMax: 1, waitedPercent: 0.1, stealPercent: 0 },
    ...{ throttledPercent: undefined, busiest: [] },
  };
  const busiest = [
    { pid: 12, name: "make", cpuPercent: 96 },
    { pid: 7, name: "idle", cpuPercent: 0.5 },
  ];

  test("a quiet machine is fine, also where Linux says nothing of its neighbours", () => {
    const unknown = { waitedPercent: undefined, stealPercent: undefined };
    expect(judgeProcessors(quiet)).toMatchObject({ state: "fine", advice: [] });
    expect(judgeProcessors({ ...quiet, ...unknown })).toMatchObject({ state: "fine", advice: [] });
  });

  test.each([
    ["other programs", { waitedPercent: 20, busiest }, "make 96 %", "renice -n 19 -p 12"],
    ["the host", { stealPercent: 11 }, "11 %", undefined],
    ["a quota", { throttledPercent: 30 }, "quota", undefined],
    ["nobody known", { waitedPercent: undefined, stealPercent: undefined }, "Neither", undefined],
  ])("%s took them", (_, who, words, command) => {
    const found = judgeProcessors({ ...quiet, takenPercent: 20, ...who });
    expect(found.state).toBe("slow");
    expect(found.advice).toHaveLength(1);
    expect(found.advice[0]?.text).toContain(words);
    expect(found.advice[0]?.command).toBe(command);
  });

  test("one long pause is enough, and so is a single core", () => {
    expect(judgeProcessors({ ...quiet, takenMsMax: 40 }).state).toBe("slow");
    expect(judgeProcessors({ ...quiet, cores: 1 }).advice[0]?.text).toContain("share one core");
  });
});

test.each([
  ["what we ask for", 13_000, "fine"],
  ["a second of the guide's load", 1200, "fine"],
  ["Linux' default", 333, "slow"],
  ["a machine without loopback", 0, "unknown"],
])("receive buffers of %s", (_, heldDatagrams, state) => {
  const found = judgeReceiveBuffer({ askedBytes: 8 << 20, rmemMaxBytes: 212_992, heldDatagrams });
  expect(found.state).toBe(state);
  const commands = found.advice.map(({ command }) => command);
  expect(commands).toEqual(state === "slow" ? ["sudo sysctl -w net.core.rmem_max=8388608"] : []);
});
