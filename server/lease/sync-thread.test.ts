import { closeSync, existsSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { SyncThread } from "./sync-thread.ts";

// A thread runs JavaScript, on every version of Node that is supported.
const compiled = new URL("../../dist/server/lease/sync-worker.js", import.meta.url);
const missing = existsSync(compiled) ? undefined : "npm run build makes the thread's file";

/** A thread that has begun to sync `file`. */
async function begun(file: number): Promise<SyncThread> {
  const thread = new SyncThread((reason) => expect.fail(reason), compiled);
  onTestFinished(() => thread.stop());
  expect(thread.begin(file)).toBe(false);
  await expect.poll(() => thread.begin(file)).toBe(true);
  return thread;
}

const forever = Number.POSITIVE_INFINITY;
const withCode = (code: string) => expect.objectContaining({ code });

describeUnless(missing, "the sync thread", () => {
  test("syncs one file after another, and tells the end of each", async () => {
    const path = join(tmpdir(), `provlab-sync-${process.pid}`);
    const file = openSync(path, "w");
    const thread = await begun(file);
    expect(thread.end(forever)).toBe(true);
    for (let round = 0; round < 20; round += 1) {
      writeSync(file, "lease");
      expect(thread.begin(file)).toBe(true);
      expect(thread.end(forever)).toBe(true);
    }
    closeSync(file);
    rmSync(path);
  });

  test("tells the system's reason when it fails, and goes on", async () => {
    const file = openSync("/dev/null", "w");
    const thread = await begun(file);
    expect(() => thread.end(forever)).toThrow(withCode("EINVAL"));
    closeSync(file);
    expect(thread.begin(file)).toBe(true);
    expect(() => thread.end(forever)).toThrow(withCode("EBADF"));
  });

  test("begins nothing once it was stopped, and what it left open failed", async () => {
    const file = openSync("/dev/null", "w");
    const thread = await begun(file);
    thread.stop();
    expect(() => thread.end(forever)).toThrow();
    expect(thread.begin(file)).toBe(false);
    closeSync(file);
  });
});

test("a thread that cannot be started says why, once, and begins nothing", async () => {
  const reasons: string[] = [];
  const nowhere = new URL("./no-such-worker.js", import.meta.url);
  const thread = new SyncThread((reason) => reasons.push(reason), nowhere);
  expect(thread.begin(1)).toBe(false);
  await expect.poll(() => reasons).toHaveLength(1);
  expect(reasons[0]).toContain("no-such-worker");
  expect(thread.begin(1)).toBe(false);
  expect(reasons).toHaveLength(1);
  thread.stop();
});
