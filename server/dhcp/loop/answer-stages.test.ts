import { expect, test } from "vitest";
import { LatencyHistogram } from "../../../base/histogram.ts";
import { VirtualClock } from "../../../base/virtual-clock.testing.ts";
import { AnswerStages, type StagesTaken } from "./answer-stages.ts";

/** The bytes of an ACK for the client with this last byte of its MAC. */
function ackFor(client: number): Uint8Array {
  const bytes = new Uint8Array(300);
  bytes[2] = 6;
  bytes.set([2, 0, 0, 0, 0, client], 28);
  bytes.set([53, 1, 5], 240);
  return bytes;
}

function setUp() {
  const clock = new VirtualClock(0);
  const stages = new AnswerStages(() => clock.monotonicMs());
  const startMs = clock.monotonicMs();
  return { clock, stages, startMs };
}

const spansOf = (report: StagesTaken) =>
  Object.fromEntries(
    Object.entries(report.histograms).map(([stage, counts]) => {
      const spans = LatencyHistogram.fromCounts(counts);
      return [stage, [spans.count, spans.maxMs()]];
    }),
  );

test("an answer without a commit is in the queue, decided and sent", () => {
  const { clock, stages, startMs } = setUp();
  stages.begins(startMs, startMs - 2);
  stages.leaves(ackFor(9), startMs - 2);
  clock.advance(1);
  expect(stages.turn.decidedMs).toBe(startMs + 1);
  clock.advance(0.5);
  stages.left();
  const report = stages.take();
  expect(spansOf(report)).toEqual({
    ...{ queue: [1, 2], decide: [1, 1], send: [1, 0.5], commit: [0, 0], sync: [0, 0] },
  });
  expect(report.slowest).toEqual([
    {
      ...{ mac: "02:00:00:00:00:09", messageType: 5, arrivedAtMs: startMs - 2 },
      ...{ queueMs: 2, decideMs: 1, commitMs: 0, syncMs: 0, sendMs: 0.5, pausedMs: 0 },
    },
  ]);
  expect(report.bands).toMatchObject([{ fromMs: 2, toMs: 4, answers: 1, syncs: 0 }]);
});

test("an answer that waits for the commit under way and its own has waited for two syncs", () => {
  const { clock, stages, startMs } = setUp();
  stages.begins(startMs, startMs);
  stages.commitBegins();
  clock.advance(40);
  stages.begins(startMs + 40, startMs + 40);
  const { turn } = stages;
  clock.advance(50);
  stages.commitEnds(false);
  stages.commitBegins();
  clock.advance(41);
  const durableMs = stages.commitEnds(false);
  stages.begins(startMs + 131, Number.NaN);
  stages.leaves(ackFor(1), startMs + 40, turn, durableMs);
  stages.left();
  const [band] = stages.take().bands;
  expect(band).toMatchObject({ fromMs: 64, toMs: 128, answers: 1, commitMs: 91, syncMs: 91 });
  expect(band!.syncs).toBe(2);
});

test("the part of a pause that an answer waited is its own", () => {
  const { clock, stages, startMs } = setUp();
  stages.watch.rests(startMs, startMs + 1000);
  clock.advance(300);
  // One arrived at the beginning of the pause, one near its end.
  stages.begins(startMs + 300, startMs);
  for (const atMs of [0, 260]) stages.leaves(ackFor(atMs & 255), startMs + atMs);
  stages.left();
  const { slowest } = stages.take();
  expect(slowest.map(({ queueMs, pausedMs }) => [queueMs, pausedMs])).toEqual([
    [300, 300],
    [40, 40],
  ]);
});

test("the slowest are kept, however many answers there are, and a report begins anew", () => {
  const { clock, stages, startMs } = setUp();
  clock.advance(10_000);
  for (let turn = 0; turn < 100; turn += 1) {
    stages.begins(startMs + 10_000, Number.NaN);
    for (let index = 0; index < 100; index += 1) {
      stages.leaves(ackFor(index), startMs + 10_000 - ((turn * 7919 + index) % 10_000));
    }
    stages.left();
  }
  const report = stages.take();
  expect(report.slowest).toHaveLength(256);
  expect(Math.min(...report.slowest.map(({ queueMs }) => queueMs))).toBeGreaterThan(7000);
  expect(spansOf(report)["queue"]![0]).toBe(10_000);
  expect(stages.take()).toMatchObject({ bands: [], slowest: [], stalls: [] });
});
