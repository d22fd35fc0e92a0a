import { describe, expect, test } from "vitest";
import type { TftpRequest } from "../../protocol/tftp/packet.ts";
import { type Session, SessionTable } from "./session-table.ts";
import { ReadTransfer } from "./transfer.ts";
import { BytesContent } from "./transfer-content.ts";
import { WaitingQueue, type WaitingRequest } from "./waiting-queue.ts";

function session(clientAddress: number, clientPort: number): Session {
  const content = new BytesContent(new Uint8Array(0));
  return {
    port: 1,
    clientAddress,
    clientPort,
    localAddress: 0,
    filename: "file",
    fingerprint: 0,
    startedAtMs: 0,
    content,
    transfer: new ReadTransfer(content, {
      blockBytes: 512,
      windowBlocks: 1,
      optionAck: undefined,
      retryMs: 1,
      evenRetries: 0,
      retryMsMax: 1,
      sessionMs: 1,
      unansweredMs: 1,
      unackedRetriesMax: 1,
      lastRetriesMax: 1,
    }),
  };
}

describe("the session table", () => {
  test("finds by address and port, is bounded, and uses places again", () => {
    const table = new SessionTable(2, 1);
    const first = table.add(session(1, 10));
    const second = table.add(session(1, 11));
    expect([table.find(1, 10), table.find(1, 11), table.find(2, 10)]).toEqual([first, second, -1]);
    expect([table.isFull, table.count]).toEqual([true, 2]);
    expect(() => table.add(session(9, 9))).toThrow("full");
    table.remove(first);
    expect([table.isFull, table.find(1, 10)]).toEqual([false, -1]);
    expect(table.add(session(2, 10))).toBe(first);
    expect([...table.ids()].sort()).toEqual([0, 1]);
  });

  test("knows the oldest unanswered and the most silent", () => {
    const table = new SessionTable(4, 1);
    const [a, b, c] = [1, 2, 3].map((port) => table.add(session(1, port)));
    expect([table.oldestUnanswered(), table.mostSilent()]).toEqual([a, -1]);
    table.markProgress(a!);
    table.markProgress(c!);
    expect([table.oldestUnanswered(), table.mostSilent()]).toEqual([b, a]);
    table.markProgress(a!);
    expect(table.mostSilent()).toBe(c);
    for (const id of [a, b, c]) table.remove(id!);
    expect([table.oldestUnanswered(), table.mostSilent(), table.count]).toEqual([-1, -1, 0]);
  });
});

describe("the waiting queue (TFTP-9)", () => {
  const request: TftpRequest = { kind: "read-request", filename: "f", mode: "octet", options: [] };
  const waiting = (clientPort: number, fingerprint = 0): WaitingRequest => ({
    request,
    fingerprint,
    clientAddress: 1,
    clientPort,
    localAddress: 0,
    arrivedAtMs: 0,
  });

  test("first come, first served; one place a client; bounded", () => {
    const queue = new WaitingQueue(2);
    expect([1, 2, 3].map((port) => queue.offer(waiting(port)))).toEqual([
      "queued",
      "queued",
      "full",
    ]);
    expect(queue.offer(waiting(1, 99))).toBe("repeated");
    expect(queue.count).toBe(2);
    const first = queue.take();
    expect([first?.clientPort, first?.fingerprint]).toEqual([1, 99]);
    expect([queue.take()?.clientPort, queue.take()]).toEqual([2, undefined]);
  });

  test("a capacity of 0 lets nobody wait", () => {
    expect(new WaitingQueue(0).offer(waiting(1))).toBe("full");
  });
});
