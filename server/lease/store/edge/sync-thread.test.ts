import { closeSync, existsSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../../../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../../../base/net/libc.ts";
import { openUdpSocket, waitReadable } from "../../../../base/net/udp-socket.ts";
import { SyncThread } from "./sync-thread.ts";

// A thread runs JavaScript, on every version of Node that is supported.
const compiled = new URL(
  "../../../../dist/server/lease/store/edge/sync-worker.js",
  import.meta.url,
);
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

  test.skipIf(libcMissingReason() !== undefined)(
    "its end wakes a loop that waits for datagrams up",
    async () => {
      const socket = await openUdpSocket({ address: 0x7f00_0001, port: 0, backend: "batch" });
      const file = openSync("/dev/null", "w");
      const thread = await begun(file);
      expect(() => thread.end(forever)).toThrow(withCode("EINVAL"));
      for (let round = 0; round < 20; round += 1) {
        // The byte of a sync that was waited for may come late; it ends one wait for nothing.
        expect(thread.begin(file)).toBe(true);
        let waits = 0;
        const isOver = (): boolean => {
          try {
            return thread.end(0);
          } catch {
            return true;
          }
        };
        do {
          await waitReadable([socket], 1_000_000, () => false, thread.wake);
          waits += 1;
        } while (!isOver());
        expect(waits).toBeLessThanOrEqual(2);
      }
      closeSync(file);
      socket.close();
    },
  );

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
  await expect.poll(() => thread.wake?.fileDescriptor ?? -1).toBe(-1);
  thread.stop();
});

test("a thread that was never begun leaves nothing open", () => {
  const before = readdirSync("/proc/self/fd").length;
  const thread = new SyncThread((reason) => expect.fail(reason), compiled);
  thread.stop();
  expect(readdirSync("/proc/self/fd")).toHaveLength(before);
});
