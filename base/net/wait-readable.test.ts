import { readdirSync, readlinkSync, writeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "../clock.ts";
import { describeUnless } from "./describe-unless.testing.ts";
import { findEventLoopDescriptor } from "./kernel/event-loop-descriptor.ts";
import { libc, libcMissingReason } from "./kernel/libc.ts";
import { socketOpener } from "./udp-socket.testing.ts";
import { waitReadable } from "./udp-socket.ts";
import { WakePipe } from "./wake-pipe.ts";

describeUnless(libcMissingReason(), "a long wait on a batched socket", longWaitTests);
describeUnless(libcMissingReason(), "a wait that another thread ends", wakeTests);

/** Waits in another thread, without the event loop of this one, and then posts a message. */
const postsLater = `
  const { parentPort, workerData } = require("node:worker_threads");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, workerData);
  parentPort.postMessage("now");`;

/** Writes to the pipe from another thread, later. */
const wakesLater = `
  const { workerData } = require("node:worker_threads");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, workerData.ms);
  require("node:fs").writeSync(workerData.wakeEnd, "w");`;

function wakeTests(): void {
  const { open } = socketOpener("batch");
  const never = (): boolean => false;

  function openPipe(): WakePipe {
    const pipe = new WakePipe();
    onTestFinished(() => pipe.close());
    return pipe;
  }

  test("it ends when the pipe is written to, and the byte ends that wait only", async () => {
    const socket = await open({});
    const pipe = openPipe();
    const workerData = { ms: 50, wakeEnd: pipe.writeEnd };
    const worker = new Worker(wakesLater, { eval: true, workerData });
    await waitReadable([socket], 1_000_000, never, pipe);
    const beganAtMs = systemClock.monotonicMs();
    await waitReadable([socket], 60, never, pipe);
    expect(systemClock.monotonicMs() - beganAtMs).toBeGreaterThanOrEqual(59);
    await worker.terminate();
  });

  test("many bytes end it once, and a full pipe refuses one without blocking", async () => {
    const socket = await open({});
    const pipe = openPipe();
    for (let count = 0; count < 100; count += 1) writeSync(pipe.writeEnd, "w");
    await waitReadable([socket], 1_000_000, never, pipe);
    const beganAtMs = systemClock.monotonicMs();
    await waitReadable([socket], 30, never, pipe);
    expect(systemClock.monotonicMs() - beganAtMs).toBeGreaterThanOrEqual(29);
    const fill = (): void => {
      for (;;) writeSync(pipe.writeEnd, new Uint8Array(4096));
    };
    expect(fill).toThrow(expect.objectContaining({ code: "EAGAIN" }));
    await waitReadable([socket], 1_000_000, never, pipe);
  });

  test("a closed pipe ends nothing, and closing leaves nothing open", async () => {
    const socket = await open({});
    const before = readdirSync("/proc/self/fd").length;
    const pipe = new WakePipe();
    expect(readdirSync("/proc/self/fd")).toHaveLength(before + 2);
    pipe.close();
    pipe.close();
    expect(readdirSync("/proc/self/fd")).toHaveLength(before);
    const beganAtMs = systemClock.monotonicMs();
    await waitReadable([socket], 30, never, pipe);
    expect(systemClock.monotonicMs() - beganAtMs).toBeGreaterThanOrEqual(29);
  });
}

function longWaitTests(): void {
  const { open } = socketOpener("batch");
  afterEach(() => vi.restoreAllMocks());

  test("blocks seldom while nothing happens", async () => {
    const socket = await open({});
    const ppoll = vi.spyOn(libc(), "ppoll");
    // 200 without the growing waits; the first ones are short. Anything that happens on the event loop makes them
    // short again, and other tests share it; they are not busy all the time.
    let blocksMin = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 20 && blocksMin >= 100; round += 1) {
      ppoll.mockClear();
      await waitReadable([socket], 1000);
      blocksMin = Math.min(blocksMin, ppoll.mock.calls.length);
    }
    expect(blocksMin).toBeLessThan(100);
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
    expect(systemClock.monotonicMs() - messageAtMs).toBeLessThan(10_000);
    expect(ppoll.mock.calls.length).toBeLessThan(90);
    await worker.terminate();
  });

  test("keeps the time of timers", async () => {
    const socket = await open({});
    // While a timer is to come, no block is long: there are some 60 in this time, or 7 that grow. On a busy
    // machine there are fewer; it is not busy all the time.
    let blocksMax = 0;
    for (let round = 0; round < 20 && blocksMax <= 20; round += 1) {
      await waitReadable([socket], 400);
      const ppoll = vi.spyOn(libc(), "ppoll");
      let isDue = false;
      setTimeout(() => {
        isDue = true;
      }, 300);
      await waitReadable([socket], 20_000, () => isDue);
      expect(isDue).toBe(true);
      blocksMax = Math.max(blocksMax, ppoll.mock.calls.length);
      ppoll.mockRestore();
    }
    expect(blocksMax).toBeGreaterThan(20);
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
