import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../../../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../../../base/net/kernel/libc.ts";
import { openUdpSocket, waitReadable } from "../../../../base/net/udp-socket.ts";
import type { WakePipe } from "../../../../base/net/wake-pipe.ts";
import { openWakePipe, SyncThread } from "./sync-thread.ts";

// A thread runs JavaScript, on every version of Node that is supported.
const compiled = new URL(
  "../../../../dist/server/lease/store/edge/sync-worker.js",
  import.meta.url,
);
const missing = existsSync(compiled) ? undefined : "npm run build makes the thread's file";

/** A thread that has begun to sync `file`. */
async function begun(file: number, wake?: WakePipe): Promise<SyncThread> {
  const thread = new SyncThread(wake, (reason) => expect.fail(reason), compiled);
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

  test("puts a file in the place of another, keeps that one, and syncs the directory", async () => {
    const folder = mkdtempSync(join(tmpdir(), "provlab-sync-"));
    const path = (name: string): string => join(folder, name);
    writeFileSync(path("leases"), "old");
    writeFileSync(path("aside"), "new");
    const file = openSync(path("aside"), "r+");
    const thread = await begun(file);
    expect(thread.end(forever)).toBe(true);
    expect(thread.beginInstall(file, path("aside"), path("leases"))).toBe(true);
    expect(thread.end(forever)).toBe(true);
    expect(thread.beginDirectory(path("leases"))).toBe(true);
    expect(thread.end(forever)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(["leases", "leases~"]);
    expect(thread.beginInstall(file, path("nothing"), path("leases"))).toBe(true);
    expect(() => thread.end(forever)).toThrow(withCode("ENOENT"));
    closeSync(file);
    rmSync(folder, { recursive: true });
  });

  test.skipIf(libcMissingReason() !== undefined)(
    "its end wakes a loop that waits for datagrams up",
    async () => {
      const socket = await openUdpSocket({ address: 0x7f00_0001, port: 0, backend: "batch" });
      const file = openSync("/dev/null", "w");
      const wake = openWakePipe();
      const thread = await begun(file, wake);
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
          await waitReadable([socket], 1_000_000, () => false, wake);
          waits += 1;
        } while (!isOver());
        expect(waits).toBeLessThanOrEqual(2);
      }
      closeSync(file);
      socket.close();
      await thread.stop();
      wake?.close();
    },
  );

  test("begins nothing once it was stopped, and what it left open failed", async () => {
    const file = openSync("/dev/null", "w");
    const thread = await begun(file);
    const ended = thread.stop();
    expect(() => thread.end(forever)).toThrow();
    await ended;
    expect(thread.begin(file)).toBe(false);
    closeSync(file);
  });
});

test("a thread that cannot be started says why, once, and begins nothing", async () => {
  const reasons: string[] = [];
  const nowhere = new URL("./no-such-worker.js", import.meta.url);
  const thread = new SyncThread(undefined, (reason) => reasons.push(reason), nowhere);
  expect(thread.begin(1)).toBe(false);
  await expect.poll(() => reasons).toHaveLength(1);
  expect(reasons[0]).toContain("no-such-worker");
  expect(thread.begin(1)).toBe(false);
  expect(reasons).toHaveLength(1);
  await thread.stop();
});

test("a thread that was never begun has nothing to end", async () => {
  await new SyncThread(undefined, (reason) => expect.fail(reason), compiled).stop();
});
