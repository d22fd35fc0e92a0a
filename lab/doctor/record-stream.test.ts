import { expect, test } from "vitest";
import { RECORDS_A_SYNC_MAX, RecordStream } from "./record-stream.ts";

/** Plays a stream on a disk whose syncs take these times, with sleeps that end on time. */
function played(recordsPerSecond: number, syncsMs: readonly number[], lateMs = 0): RecordStream {
  let nowMs = 0;
  const stream = new RecordStream(recordsPerSecond, nowMs);
  for (const syncMs of syncsMs) {
    const idleMs = stream.idleMs(nowMs);
    if (idleMs > 0) nowMs += idleMs + lateMs;
    stream.begin(nowMs, idleMs > 0);
    nowMs += syncMs;
    stream.end(nowMs);
  }
  return stream;
}

/** Count, shortest and longest wait; the histogram is exact to 0.1 %. */
const percentiles = ({ waits }: RecordStream) =>
  [waits.count, waits.minMs(), waits.maxMs()].map((each) => Number(each.toPrecision(3)));

test("where syncs are shorter than the interval, each record waits for its own", () => {
  const stream = played(100, [2, 3, 2, 4]);
  expect(percentiles(stream)).toEqual([4, 2, 4]);
  expect(stream.syncs.count).toBe(4);
});

test("what falls due during a stall waits for the rest of it and for the sync that they share", () => {
  // Due at 0, 10, 20, …; the stall lasts until 100, and the next sync until 101.
  const stream = played(100, [100, 1]);
  expect(stream.syncs.count).toBe(2);
  expect(percentiles(stream)).toEqual([11, 1, 100]);
  expect(stream.waits.percentileMs(50)).toBeCloseTo(51, 0);
});

test("a sleep that ends late is not the disk's fault", () => {
  expect(percentiles(played(100, [1, 1, 1], 7))).toEqual([3, 1, 1]);
});

test("one sync takes a bounded number of records, and the next one the rest", () => {
  const stream = new RecordStream(1000, 0);
  expect(stream.begin(10_000, false)).toBe(RECORDS_A_SYNC_MAX);
  stream.end(10_000);
  expect(stream.begin(10_000, false)).toBe(RECORDS_A_SYNC_MAX);
  stream.end(10_000);
  expect(stream.begin(10_000, false)).toBe(10_001 - 2 * RECORDS_A_SYNC_MAX);
});

test("nothing is due before its time", () => {
  const stream = new RecordStream(100, 0);
  expect(stream.begin(0, false)).toBe(1);
  stream.end(1);
  expect(stream.begin(9.9, true)).toBe(0);
  stream.end(10);
  expect(stream.waits.count).toBe(1);
  expect(stream.idleMs(9)).toBe(1);
});
