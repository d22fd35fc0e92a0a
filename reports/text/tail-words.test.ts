import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "../../base/histogram.ts";
import type { StallReason } from "../../base/stall-reason.ts";
import { distributionOf } from "../result/distribution.ts";
import type { PhaseResult, StreamResult } from "../result/run-result.ts";
import { sampleResult } from "../result/sample-result.testing.ts";
import { sampleSlowest, sampleStages } from "../result/sample-tail.testing.ts";
import type { ServerStages, TailBand } from "../result/tail.ts";
import { tailLines } from "./tail-words.ts";

/** 10,000 values, so many of them long. */
function spans(usualMs: number, longMs: number, long: number) {
  const histogram = new LatencyHistogram();
  for (let index = 0; index < 10_000; index += 1) {
    histogram.recordMs(index < long ? longMs : usualMs);
  }
  return distributionOf(histogram);
}

const nothing = { queueMs: 0, decideMs: 0, commitMs: 0, syncMs: 0, sendMs: 0, pausedMs: 0 };
const band = (parts: Partial<TailBand>): TailBand => ({
  ...{ fromMs: 64, toMs: 128, answers: 100, syncs: 0, ...nothing, ...parts },
});
const stall = (reason: StallReason, durationMs = 300) => ({ startMs: 0, durationMs, reason });

function server(parts: Partial<TailBand>, stalls: ServerStages["stalls"] = []): ServerStages {
  return { ...sampleStages, bands: [band(parts)], stalls };
}

function lines(phase: Partial<PhaseResult>, stream: Partial<StreamResult> = {}): string[] {
  const { phases } = sampleResult();
  const latencyMs = spans(0.47, 94, 150);
  const own = { ...phases[0].streams[0], latencyMs, serviceMs: latencyMs, ...stream };
  return tailLines({ phases: [{ ...phases[0], streams: [own], ...phase }] });
}

describe("the largest part of the slow answers' time is named", () => {
  test.each<readonly [string, Partial<TailBand>, ServerStages["stalls"], string]>([
    [
      "two syncs",
      { commitMs: 90, syncMs: 89, queueMs: 2, syncs: 1.9 },
      [stall("stopped"), stall("sync", 50)],
      "90.9 ms of it two syncs of the disk",
    ],
    [
      "a long sync and a short one",
      { commitMs: 90, syncMs: 89, queueMs: 2, syncs: 1.9 },
      [stall("sync", 94)],
      "90.9 ms of it a sync of the disk",
    ],
    ["one sync", { commitMs: 92, syncMs: 92, syncs: 1 }, [], "94.0 ms of it a sync of the disk"],
    [
      "a stopped process",
      { queueMs: 92, pausedMs: 91 },
      [stall("stopped"), stall("garbage-collection", 20), stall("sync", 900)],
      "93.0 ms of it a stop of the server's process, or of its machine",
    ],
    [
      "garbage collection in the turn itself",
      { decideMs: 60, queueMs: 32, pausedMs: 80 },
      [stall("garbage-collection", 60)],
      "81.8 ms of it the server's garbage collection",
    ],
    [
      "a processor that others had",
      { queueMs: 92, pausedMs: 91 },
      [stall("processor")],
      "93.0 ms of it the server's wait for a processor that other programs had",
    ],
    [
      "its own work",
      { queueMs: 92, pausedMs: 91 },
      [stall("event-loop")],
      "93.0 ms of it long work of the server's own thread",
    ],
    [
      "a sync that the loop itself waited for",
      { queueMs: 60, commitMs: 32, syncMs: 32, pausedMs: 85, syncs: 1 },
      [stall("sync")],
      "86.9 ms of it a sync of the disk",
    ],
    [
      "more requests than it can take",
      { queueMs: 80, decideMs: 3 },
      [stall("stopped", 6)],
      "90.6 ms of it in the kernel's queue, behind other requests",
    ],
    ["deciding", { decideMs: 80 }, [], "94.0 ms of it deciding"],
    [
      "decisions that take so long that the loop stands still",
      { decideMs: 60, queueMs: 20, pausedMs: 79 },
      [stall("event-loop", 60)],
      "70.5 ms of it deciding",
    ],
    ["sending", { sendMs: 80 }, [], "94.0 ms of it waiting to be sent"],
    [
      "a commit that does not begin",
      { commitMs: 80, syncMs: 20, syncs: 1 },
      [],
      "70.5 ms of it waiting for a commit to begin",
    ],
  ])("%s", (_, parts, stalls, expected) => {
    expect(lines({ server: server(parts, stalls) })).toEqual([
      `connect, discover: p99 94.0 ms: ${expected}`,
    ]);
  });
});

describe("a percentile is far from the median", () => {
  const slow = server({ commitMs: 90, syncMs: 90, syncs: 1 });
  test.each([
    ["p99, ten times as long", spans(0.47, 94, 150), "p99"],
    ["p99.9, when p99 is near", spans(0.47, 94, 20), "p99.9"],
    ["but not the longest ten of ten thousand", spans(0.47, 94, 9), undefined],
    ["nor nine times as long", spans(10, 90, 150), undefined],
    ["nor less than 5 ms longer", spans(0.1, 5, 150), undefined],
  ])("%s", (_, latencyMs, expected) => {
    const told = lines({ server: slow }, { latencyMs, serviceMs: latencyMs });
    expect(told.map((line) => line.split(": ")[1]!.split(" ")[0])).toEqual(
      expected === undefined ? [] : [expected],
    );
  });
});

describe("what the server cannot have caused", () => {
  const fast = server({ fromMs: 2, toMs: 4, answers: 4, queueMs: 3 });

  test("the generator sent late", () => {
    const told = lines({ server: fast }, { serviceMs: spans(0.47, 4, 150) });
    expect(told).toEqual([
      "connect, discover: p99 94.0 ms: 90.0 ms of it the generator's own delay",
    ]);
  });

  test("messages were lost and sent again, whoever serves", () => {
    const latencyMs = spans(0.47, 4100, 150);
    const slowest = sampleSlowest.map(({ name: _, ...each }) => ({
      ...{ ...each, exchange: "discover", retransmissions: 1 },
    }));
    const told = lines({ slowest }, { latencyMs, serviceMs: latencyMs, retransmissions: 160 });
    expect(told).toEqual([
      "connect, discover: p99 4.1 s: no answer to the first message, which was sent again",
    ]);
  });

  test("the server's answers were faster, and another server says nothing", () => {
    expect(lines({ server: fast })).toEqual([
      "connect, discover: p99 94.0 ms: not in the server's answers, which took 4.00 ms at most",
    ]);
    expect(lines({})).toEqual([]);
  });

  test("too few slow answers explain nothing", () => {
    const [line] = lines({ server: server({ answers: 40, commitMs: 90, syncMs: 90, syncs: 1 }) });
    expect(line).toContain("not in the server's answers");
  });
});
