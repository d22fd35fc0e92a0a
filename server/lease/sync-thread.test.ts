import { closeSync, existsSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { SyncThread } from "./sync-thread.ts";

// A thread runs JavaScript, on every version of Node that is supported.
const compiled = new URL("../../dist/server/lease/sync-worker.js", import.meta.url);
const missing = existsSync(compiled) ? undefined : "npm run build makes the thread's file";

async function started(): Promise<SyncThread> {
  const thread = new SyncThread((reason) => expect.fail(reason), compiled);
  onTestFinished(() => thread.stop());
  await expect.poll(() => thread.isReady).toBe(true);
  return thread;
}

describeUnless(missing, "the sync thread", () => {
  test("syncs one file after another, and tells the end of each once", async () => {
    const thread = await started();
    for (const round of [1, 2, 3]) {
      const path = join(tmpdir(), `provlab-sync-${process.pid}-${round}`);
      const file = openSync(path, "w");
      writeSync(file, "lease");
      thread.begin(file);
      expect(thread.end(Number.POSITIVE_INFINITY)).toBe(true);
      expect(thread.isReady).toBe(true);
      closeSync(file);
      rmSync(path);
    }
  });

  test("tells the system's reason when it fails, and goes on", async () => {
    const thread = await started();
    const file = openSync("/dev/null", "w");
    thread.begin(file);
    expect(() => thread.end(Number.POSITIVE_INFINITY)).toThrow(
      expect.objectContaining({ code: "EINVAL" }),
    );
    closeSync(file);
    thread.begin(file);
    expect(() => thread.end(Number.POSITIVE_INFINITY)).toThrow(
      expect.objectContaining({ code: "EBADF" }),
    );
    expect(thread.isReady).toBe(true);
  });

  test("is not ready once it was stopped, and a sync that it left open failed", async () => {
    const thread = await started();
    const file = openSync("/dev/null", "w");
    thread.begin(file);
    thread.stop();
    expect(thread.isReady).toBe(false);
    expect(() => thread.end(Number.POSITIVE_INFINITY)).toThrow();
    closeSync(file);
  });
});

test("a thread that cannot be started says why and is never ready", async () => {
  const reasons: string[] = [];
  const nowhere = new URL("./no-such-worker.js", import.meta.url);
  const thread = new SyncThread((reason) => reasons.push(reason), nowhere);
  expect(thread.isReady).toBe(false);
  await expect.poll(() => reasons).toHaveLength(1);
  expect(reasons[0]).toContain("no-such-worker");
  expect(thread.isReady).toBe(false);
  thread.stop();
});
