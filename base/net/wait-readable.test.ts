import { readdirSync, readlinkSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "../clock.ts";
import { describeUnless } from "./describe-unless.testing.ts";
import { findEventLoopDescriptor } from "./event-loop-descriptor.ts";
import { libc, libcMissingReason } from "./libc.ts";
import { socketOpener } from "./udp-socket.testing.ts";
import { waitReadable } from "./udp-socket.ts";

describeUnless(libcMissingReason(), "a long wait on a batched socket", longWaitTests);

/** Waits in another thread, without the event loop of this one, and then posts a message. */
const postsLater = `
  const { parentPort, workerData } = require("node:worker_threads");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, workerData);
  parentPort.postMessage("now");`;

function longWaitTests(): void {
  const { open } = socketOpener("batch");
  afterEach(() => vi.restoreAllMocks());

  test("blocks seldom while nothing happens", async () => {
    const socket = await open({});
    const ppoll = vi.spyOn(libc(), "ppoll");
    await waitReadable([socket], 1000);
    // 200 without the growing waits; the first ones are short.
    expect(ppoll.mock.calls.length).toBeLessThan(100);
  });

  test("ends at once for a message, however long it would have blocked", async () => {
    const socket = await open({});
    const worker = new Worker(postsLater, { eval: true, workerData: 600 });
    let messageAtMs = 0;
    worker.once("message", () => {
      messageAtMs = systemClock.monotonicMs();
    });
    const ppoll = vi.spyOn(libc(), "ppoll");
    await waitReadable([socket], 20_000, () => messageAtMs > 0);
    expect(systemClock.monotonicMs() - messageAtMs).toBeLessThan(500);
    expect(ppoll.mock.calls.length).toBeLessThan(90);
    await worker.terminate();
  });

  test("keeps the time of timers", async () => {
    const socket = await open({});
    await waitReadable([socket], 400);
    let lateMs = Number.POSITIVE_INFINITY;
    const dueMs = systemClock.monotonicMs() + 300;
    setTimeout(() => {
      lateMs = systemClock.monotonicMs() - dueMs;
    }, 300);
    await waitReadable([socket], 20_000, () => lateMs < Number.POSITIVE_INFINITY);
    expect(lateMs).toBeLessThan(100);
  });

  test("the descriptor of the event loop is an epoll, and finding it leaves nothing open", async () => {
    const descriptor = await findEventLoopDescriptor();
    expect(readlinkSync(`/proc/self/fd/${descriptor}`)).toBe("anon_inode:[eventpoll]");
    const before = readdirSync("/proc/self/fd").length;
    expect(await findEventLoopDescriptor()).toBe(descriptor);
    expect(readdirSync("/proc/self/fd")).toHaveLength(before);
  });

  test("no descriptor is found where no pipe can be opened", async () => {
    vi.spyOn(libc(), "pipe2").mockReturnValue(-1);
    expect(await findEventLoopDescriptor()).toBeUndefined();
  });
}
