import { describe, expect, test } from "vitest";
import { decodeTftp, type TftpPacket } from "../../protocol/tftp/packet.ts";
import { ReadTransfer, type TransferSettings } from "./transfer.ts";
import { BytesContent, READ_FAILED, type TransferContent } from "./transfer-content.ts";
import { patternBytes } from "./virtual-network.testing.ts";

const plain: TransferSettings = {
  blockBytes: 512,
  windowBlocks: 1,
  optionAck: undefined,
  retryMs: 5000,
  evenRetries: 0,
  retryMsMax: 20_000,
  sessionMs: 300_000,
  unansweredMs: 30_000,
  unackedRetriesMax: 2,
  lastRetriesMax: 3,
};

class Bench {
  readonly transfer: ReadTransfer;
  readonly packets: TftpPacket[] = [];
  readonly #slot = new Uint8Array(65_468);

  constructor(content: TransferContent | number, settings: Partial<TransferSettings> = {}) {
    const source = typeof content === "number" ? new BytesContent(patternBytes(content)) : content;
    this.transfer = new ReadTransfer(source, { ...plain, ...settings });
  }

  slot(): Uint8Array {
    return this.#slot;
  }

  push(length: number): void {
    this.packets.push(decodeTftp(this.#slot.slice(0, length)));
  }

  /** What was sent since the last call, in short: `data 1`, `error 4`, … */
  sent(): string[] {
    return this.packets.splice(0).map((packet) => {
      if (packet.kind === "data") return `data ${packet.block}`;
      if (packet.kind === "error") return `error ${packet.code}`;
      return packet.kind;
    });
  }

  start(nowMs = 0): this {
    this.transfer.start(nowMs, this);
    return this;
  }

  ack(block: number, nowMs = 0): string[] {
    this.transfer.onAck(block, nowMs, this);
    return this.sent();
  }

  timeOut(nowMs = this.transfer.dueAtMs): string[] {
    this.transfer.onTimeout(nowMs, this);
    return this.sent();
  }
}

describe("lock step (RFC 1350)", () => {
  test.each([
    { size: 0, blocks: 1 },
    { size: 1, blocks: 1 },
    { size: 511, blocks: 1 },
    { size: 512, blocks: 2 },
    { size: 513, blocks: 2 },
    { size: 1024, blocks: 3 },
  ])("$size bytes are $blocks blocks", ({ size, blocks }) => {
    const bench = new Bench(size).start();
    expect(bench.sent()).toEqual(["data 1"]);
    for (let block = 1; block < blocks; block += 1) {
      expect(bench.ack(block)).toEqual([`data ${block + 1}`]);
    }
    expect(bench.transfer.end).toBeUndefined();
    expect(bench.ack(blocks)).toEqual([]);
    expect(bench.transfer.end).toBe("completed");
  });

  test("a repeated ACK repeats nothing (RFC 1123, Sorcerer's Apprentice)", () => {
    const bench = new Bench(5000).start();
    bench.sent();
    expect(bench.ack(1)).toEqual(["data 2"]);
    for (let copy = 0; copy < 10; copy += 1) expect(bench.ack(1, 100 + copy)).toEqual([]);
    expect(bench.ack(2)).toEqual(["data 3"]);
  });

  test("an ACK of what was never sent, or of long ago, is passed over", () => {
    const bench = new Bench(5000).start();
    bench.sent();
    bench.ack(1);
    bench.ack(2);
    expect([...bench.ack(4), ...bench.ack(1), ...bench.ack(0), ...bench.ack(65_535)]).toEqual([]);
    expect(bench.ack(3)).toEqual(["data 4"]);
  });

  test("block 65,536 is 0 on the wire and the transfer goes on", () => {
    const blocks = 65_536 + 3;
    const bench = new Bench(8 * (blocks - 1) + 3, { blockBytes: 8 }).start();
    bench.sent();
    let last: string[] = [];
    for (let block = 1; block < blocks; block += 1) last = bench.ack(block & 0xffff);
    expect(last).toEqual(["data 3"]);
    bench.ack(3);
    expect(bench.transfer.end).toBe("completed");
    expect(bench.transfer.blocksSent).toBe(blocks);
  });
});

describe("time-outs (TFTP-4)", () => {
  test("an unanswered first block is repeated after 5 s, then less and less often", () => {
    const bench = new Bench(100).start();
    bench.sent();
    expect(bench.transfer.dueAtMs).toBe(5000);
    expect(bench.timeOut()).toEqual(["data 1"]);
    expect(bench.transfer.dueAtMs).toBe(15_000);
    expect(bench.timeOut()).toEqual(["data 1"]);
    expect(bench.transfer.dueAtMs).toBe(30_000);
    expect(bench.timeOut()).toEqual([]);
    expect(bench.transfer.end).toBe("unanswered");
  });

  test.each([0, 1, 31])("a client that chose one second gets %d copies, then silence", (copies) => {
    const times = { retryMs: 1000, retryMsMax: 1000, unackedRetriesMax: copies };
    const bench = new Bench(100, times).start();
    let sent = bench.sent().length;
    while (bench.transfer.end === undefined) sent += bench.timeOut().length;
    expect(bench.transfer.end).toBe("unanswered");
    expect(bench.transfer.dueAtMs).toBe(30_000);
    expect(sent).toBe(1 + Math.min(copies, 29));
  });

  test("a client that falls silent in the middle is given up after 300 s", () => {
    const bench = new Bench(5000).start();
    bench.ack(1, 1000);
    let repeats = 0;
    while (bench.transfer.end === undefined) repeats += bench.timeOut().length;
    expect(bench.transfer.end).toBe("timed-out");
    expect(bench.transfer.dueAtMs).toBe(301_000);
    expect(repeats).toBeGreaterThan(10);
    expect(repeats).toBeLessThan(30);
  });

  test("progress starts the back-off anew", () => {
    const bench = new Bench(5000).start();
    bench.ack(1, 0);
    bench.timeOut();
    bench.timeOut();
    expect(bench.ack(2, 16_000)).toEqual(["data 3"]);
    expect(bench.transfer.dueAtMs).toBe(21_000);
  });

  test("a lost final ACK does not hold the session for long", () => {
    const bench = new Bench(700).start();
    bench.ack(1, 0);
    while (bench.transfer.end === undefined) bench.timeOut();
    expect(bench.transfer.end).toBe("unconfirmed");
    expect(bench.transfer.dueAtMs).toBeLessThan(60_000);
  });

  test("a time that the client chose is kept to, without back-off (RFC 2349)", () => {
    const bench = new Bench(5000, { retryMs: 2000, retryMsMax: 2000 }).start();
    bench.ack(1, 0);
    bench.timeOut();
    expect(bench.transfer.dueAtMs).toBe(4000);
    bench.timeOut();
    expect(bench.transfer.dueAtMs).toBe(6000);
  });
});

describe("options (RFC 2347)", () => {
  const optionAck = [{ name: "tsize", value: "5000" }];

  test("the OACK comes first, and ACK 0 brings block 1", () => {
    const bench = new Bench(5000, { optionAck }).start();
    expect(bench.sent()).toEqual(["option-ack"]);
    expect(bench.ack(1)).toEqual([]);
    expect(bench.ack(0)).toEqual(["data 1"]);
    expect(bench.ack(0)).toEqual([]);
    expect(bench.ack(1)).toEqual(["data 2"]);
  });

  test("a lost OACK is repeated", () => {
    const bench = new Bench(5000, { optionAck }).start();
    bench.sent();
    expect(bench.timeOut()).toEqual(["option-ack"]);
  });

  test("error 8 tells that the client did not want them", () => {
    const bench = new Bench(5000, { optionAck }).start();
    bench.transfer.onError(8);
    expect(bench.transfer.end).toBe("options-refused");
  });

  test("any other error ends it too, and nothing is answered", () => {
    const bench = new Bench(5000).start();
    bench.sent();
    bench.transfer.onError(3);
    expect(bench.transfer.end).toBe("client-error");
    expect([...bench.ack(1), ...bench.timeOut(9000)]).toEqual([]);
  });
});

describe("windows (RFC 7440)", () => {
  const windowed = { windowBlocks: 4, optionAck: [{ name: "windowsize", value: "4" }] };
  function begun(size: number): Bench {
    const bench = new Bench(size, windowed).start(0);
    bench.ack(0, 10);
    return bench;
  }

  test("a window goes out at once, the next one when its last block is acknowledged", () => {
    const bench = new Bench(512 * 6, windowed).start(0);
    bench.sent();
    expect(bench.ack(0, 10)).toEqual(["data 1", "data 2", "data 3", "data 4"]);
    expect(bench.ack(4, 20)).toEqual(["data 5", "data 6", "data 7"]);
    expect(bench.ack(7, 30)).toEqual([]);
    expect(bench.transfer.end).toBe("completed");
  });

  test("an ACK from within the window restarts behind it", () => {
    expect(begun(512 * 9).ack(2, 20)).toEqual(["data 3", "data 4", "data 5", "data 6"]);
  });

  test("a time-out restarts behind the last acknowledged block", () => {
    const bench = begun(512 * 9);
    bench.ack(4, 20);
    expect(bench.timeOut()).toEqual(["data 5", "data 6", "data 7", "data 8"]);
  });

  test("the loss of a window's first block is seen by a repeated ACK, once", () => {
    const bench = begun(512 * 20);
    expect(bench.ack(4, 20)).toEqual(["data 5", "data 6", "data 7", "data 8"]);
    expect(bench.ack(4, 30)).toEqual(["data 5", "data 6", "data 7", "data 8"]);
    expect(bench.ack(4, 40)).toEqual([]);
    expect(bench.ack(8, 50)[0]).toBe("data 9");
  });

  test("a copied ACK comes too early to be about the window, and doubles nothing", () => {
    const bench = begun(512 * 40);
    for (let window = 1; window <= 8; window += 1) {
      const nowMs = 10 + window * 10;
      expect(bench.ack(window * 4, nowMs)).toHaveLength(4);
      expect(bench.ack(window * 4, nowMs + 1)).toEqual([]);
    }
    expect(bench.transfer.blocksRepeated).toBe(0);
  });
});

describe("a client that has fallen silent", () => {
  const patient = {
    ...{ windowBlocks: 4, optionAck: [{ name: "timeout", value: "1" }] },
    ...{ retryMs: 1000, evenRetries: 3 },
  };

  test("gets its window three times, then one block at a time and ever less often, to the end", () => {
    const bench = new Bench(512 * 100, patient).start(0);
    bench.ack(0, 10);
    const waits: number[] = [];
    const blocks: number[] = [];
    let atMs = 10;
    while (bench.transfer.end === undefined) {
      waits.push(bench.transfer.dueAtMs - atMs);
      atMs = bench.transfer.dueAtMs;
      blocks.push(bench.timeOut().length);
    }
    expect(bench.transfer.end).toBe("timed-out");
    expect(blocks.slice(0, 5)).toEqual([4, 4, 4, 1, 1]);
    expect(waits.slice(0, 9)).toEqual([1000, 1000, 1000, 1000, 2000, 4000, 8000, 16_000, 20_000]);
    // Five minutes.
    expect(blocks.reduce((sum, count) => sum + count)).toBe(30);
  });

  test("goes on with whole windows when it comes back, whichever block it had last", () => {
    for (const had of [1, 3, 4]) {
      const bench = new Bench(512 * 100, patient).start(0);
      bench.ack(0, 10);
      for (let times = 0; times < 6; times += 1) bench.timeOut();
      const next = [1, 2, 3, 4].map((block) => `data ${had + block}`);
      expect(bench.ack(had, bench.transfer.dueAtMs - 1)).toEqual(next);
      expect(bench.timeOut()).toEqual(next);
    }
  });
});

describe("what goes wrong", () => {
  test("DATA from a reader is answered by error 4 and ends the transfer", () => {
    const bench = new Bench(5000).start();
    bench.sent();
    bench.transfer.onIllegalPacket(bench);
    expect(bench.sent()).toEqual(["error 4"]);
    expect(bench.transfer.end).toBe("illegal-packet");
  });

  test("a file that cannot be read on is told at once", () => {
    const content: TransferContent = {
      size: 2000,
      copy: (offset, _target, _start, length) => (offset < 1000 ? length : READ_FAILED),
      close: () => undefined,
    };
    const bench = new Bench(content).start();
    bench.ack(1);
    expect(bench.ack(2)).toEqual(["error 0"]);
    expect(bench.transfer.end).toBe("read-failed");
  });

  test("a repeated request repeats the first answer, but not the network's copies of it", () => {
    const bench = new Bench(5000).start(0);
    bench.sent();
    bench.transfer.repeatStart(1, bench);
    expect(bench.sent()).toEqual([]);
    bench.transfer.repeatStart(3000, bench);
    expect(bench.sent()).toEqual(["data 1"]);
    bench.ack(1, 3001);
    bench.transfer.repeatStart(9000, bench);
    expect(bench.sent()).toEqual([]);
  });
});
