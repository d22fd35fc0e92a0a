import { expect, test } from "vitest";
import { nodeDisk } from "./edge/node-disk.ts";
import { timedBackgroundSync, timedDisk } from "./timed-sync.ts";

function timer() {
  const took: number[] = [];
  return { at: 0, took };
}

test("a sync in place is timed, also one that fails", () => {
  const times = timer();
  let fails = false;
  const sync = (): void => {
    times.at += 7;
    if (fails) throw new Error("EIO");
  };
  const disk = timedDisk(
    { ...nodeDisk, sync },
    { nowMs: () => times.at, took: (ms) => times.took.push(ms) },
  );
  disk.sync(3);
  fails = true;
  expect(() => disk.sync(3)).toThrow("EIO");
  expect(times.took).toEqual([7, 7]);
  expect(disk.rename).toBe(nodeDisk.rename);
});

test("a sync beside the thread is timed from its begin until its end is seen, once", () => {
  const times = timer();
  const answers: (boolean | Error)[] = [];
  const next = (): boolean => {
    const answer = answers.shift()!;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const sync = timedBackgroundSync(
    { begin: next, beginInstall: next, beginDirectory: next, end: next },
    { nowMs: () => times.at, took: (ms) => times.took.push(ms) },
  );
  answers.push(false);
  expect(sync.begin(3)).toBe(false);
  times.at = 10;
  answers.push(true, false, true, true);
  expect(sync.begin(3)).toBe(true);
  times.at = 13;
  expect(sync.end(0)).toBe(false);
  times.at = 15;
  expect(sync.end(5)).toBe(true);
  // Nothing was begun since.
  expect(sync.end(0)).toBe(true);
  answers.push(true, new Error("EIO"));
  sync.begin(3);
  times.at = 16;
  expect(() => sync.end(0)).toThrow("EIO");
  expect(times.took).toEqual([5, 1]);
});
