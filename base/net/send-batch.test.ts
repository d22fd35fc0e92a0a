import { afterEach, expect, test, vi } from "vitest";
import { describeUnless } from "./describe-unless.testing.ts";
import { libc, libcMissingReason } from "./kernel/libc.ts";
import { SendBatch } from "./send-batch.ts";

describeUnless(libcMissingReason(), "SendBatch, when sendmmsg", sendBatchTests);

/** What sendmmsg does at a call: sends so many, or fails for this reason. */
type Answer = number | string;

function sendBatchTests(): void {
  afterEach(() => vi.restoreAllMocks());

  /** Plays `answers`, the last one for ever, and records how many datagrams each call offered. */
  function play(...answers: readonly Answer[]): number[] {
    const offered: number[] = [];
    let reason = "";
    vi.spyOn(libc(), "ppoll").mockReturnValue(0);
    vi.spyOn(libc(), "errno").mockImplementation(() => reason);
    vi.spyOn(libc(), "sendmmsg").mockImplementation((...call) => {
      const answer = answers[Math.min(offered.length, answers.length - 1)];
      offered.push(call[2]);
      if (typeof answer === "number") return Math.min(answer, call[2]);
      reason = answer;
      return -1;
    });
    return offered;
  }

  function batchOf(count: number): SendBatch {
    const batch = new SendBatch(8, 64);
    for (let i = 0; i < count; i += 1) batch.push(4, 0x7f00_0001, 9, 0, 0);
    return batch;
  }

  test("has nothing to send: is not called", () => {
    const offered = play(1);
    batchOf(0).flush(5);
    expect(offered).toEqual([]);
  });

  test("sends a part: the rest follows", () => {
    const offered = play(3, 1, 8);
    const batch = batchOf(8);
    expect(batch.isFull).toBe(true);
    batch.flush(5);
    expect(offered).toEqual([8, 5, 4]);
    expect([batch.sent, batch.sendErrors, batch.isFull]).toEqual([8, 0, false]);
  });

  test.each(["ECONNREFUSED", "EPERM", "EHOSTUNREACH", "ENETUNREACH", "EINVAL", "EMSGSIZE"])(
    "fails with %s: that datagram is counted, the rest follows",
    (reason) => {
      const offered = play(2, reason, 8);
      const batch = batchOf(6);
      batch.flush(5);
      expect(offered).toEqual([6, 4, 3]);
      expect([batch.sent, batch.sendErrors, batch.lastSendError]).toEqual([5, 1, reason]);
    },
  );

  test.each(["EAGAIN", "ENOBUFS", "EINTR"])(
    "fails with %s for a while: nothing is lost",
    (reason) => {
      play(reason, 2, reason, reason, 8);
      const batch = batchOf(6);
      batch.flush(5);
      expect([batch.sent, batch.sendErrors, batch.lastSendError]).toEqual([6, 0, undefined]);
    },
  );

  test("says EAGAIN for ever: gives up, and counts what is lost", () => {
    const offered = play(2, "EAGAIN");
    const batch = batchOf(6);
    batch.flush(5);
    expect(offered.length).toBeLessThan(20);
    expect([batch.sent, batch.sendErrors, batch.lastSendError]).toEqual([2, 4, "EAGAIN"]);
    batch.flush(5);
    expect(batch.sendErrors).toBe(4);
  });

  test.each(["EBADF", "EFAULT", "ENOTSOCK"])("fails with %s: that is our bug", (reason) => {
    play(reason);
    expect(() => batchOf(1).flush(5)).toThrow(`cannot send from a UDP socket: ${reason}`);
  });
}
