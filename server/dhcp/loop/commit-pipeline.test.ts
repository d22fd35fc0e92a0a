import { describe, expect, test } from "vitest";
import { nullLogger } from "../../../base/log.ts";
import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { defaultEncodeLimits } from "../../../protocol/dhcp/packet.ts";
import { type LeaseStore, LeaseStoreError } from "../../lease/store/lease-store.ts";
import type { Destination, Reply } from "../exchange/outcome.ts";
import { CommitPipeline } from "./commit-pipeline.ts";
import { DhcpCounters } from "./counters.ts";
import type { ReplyWay } from "./reply-sender.ts";

const empty = new Uint8Array(0);
const many = 16;

function ack(leaseIndex: number, destination?: Destination): Reply {
  return {
    kind: "reply",
    reply: {
      ...{ op: 2, htype: 1, hops: 0, xid: leaseIndex, secs: 0, flags: 0 },
      ...{ ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0, chaddr: empty, sname: empty, file: empty },
      options: [{ code: OptionCode.messageType, value: Uint8Array.of(MessageType.ack) }],
    },
    limits: defaultEncodeLimits,
    destination: destination ?? { kind: "relay", address: leaseIndex, port: 67 },
    changes: [leaseIndex],
    durable: true,
    leaseIndex,
    log: undefined,
  };
}

interface SetUpOptions {
  /** Default false: the loop waits for the disk itself. */
  readonly isWoken?: boolean;
  readonly replyBytesMax?: number;
  /** Default "fsync". */
  readonly durability?: LeaseStore["durability"];
  readonly mayRelease?: (begunAtMs: number) => boolean;
  /** What a reply's bytes are; by default its transaction id. */
  readonly encode?: (reply: Reply, target: Uint8Array, start: number) => number;
}

/** A pipeline between a disk that is told when it is done and a network that is a list. */
function setUp(options: SetUpOptions = {}) {
  const events: string[] = [];
  const sent: { readonly bytes: Uint8Array; readonly way: ReplyWay }[] = [];
  const disk = { isDone: false, begins: undefined, ends: undefined, waits: [] as number[] } as {
    isDone: boolean;
    begins: LeaseStoreError | undefined;
    ends: LeaseStoreError | undefined;
    waits: number[];
  };
  const raise = (error: LeaseStoreError | undefined): void => {
    if (error !== undefined) throw error;
  };
  const store: LeaseStore = {
    durability: options.durability ?? "fsync",
    append: () => expect.fail("the loop knows no records"),
    appendLease: (index) => events.push(`append ${index}`),
    commit: () => {
      raise(disk.begins);
      events.push("commit");
    },
    beginCommit: () => {
      raise(disk.begins);
      events.push("begin");
      disk.isDone = false;
      return false;
    },
    endCommit: (msMax) => {
      disk.waits.push(msMax);
      if (!disk.isDone && msMax < Number.POSITIVE_INFINITY) return false;
      raise(disk.ends);
      events.push("end");
      return true;
    },
    maintain: () => false,
    close: () => undefined,
  };
  const counters = new DhcpCounters();
  const pipeline = new CommitPipeline({
    leases: { markDurable: (index) => events.push(`durable ${index}`) },
    store,
    isWoken: options.isWoken ?? false,
    mayRelease: options.mayRelease,
    sender: {
      send: ({ leaseIndex }) => events.push(`send ${leaseIndex}`),
      flush: () => events.push("flush"),
    },
    encoder: {
      replyBytesMax: options.replyBytesMax ?? 1500,
      encode:
        options.encode ??
        (({ reply }, target, start) => {
          target[start] = reply.xid;
          return 1;
        }),
      sendEncoded: (bytes, way) => {
        sent.push({ bytes: bytes.slice(), way });
        events.push(`send ${bytes[0]}`);
      },
    },
    counters,
    logger: nullLogger,
  });
  return {
    ...{ pipeline, events, sent, disk, counters },
    /** A turn that acknowledges these leases, out of `received` datagrams. */
    turn: (leases: readonly number[], received = many, mustFinish = false) => {
      for (const lease of leases) {
        pipeline.append([lease]);
        pipeline.acknowledge(ack(lease), 0);
      }
      pipeline.endTurn(received, mustFinish, 0);
      return events.splice(0).filter((event) => event !== "flush");
    },
  };
}

const full = new LeaseStoreError("ENOSPC", "No space left.", "Make room.");
const broken = new LeaseStoreError("EIO", "Broken.", "Mend it.");

test("a batch among others is acknowledged when its sync has ended, in a later turn", () => {
  const { turn, disk, pipeline } = setUp();
  expect(turn([1, 2])).toEqual(["append 1", "append 2", "begin"]);
  expect(pipeline.isUnderWay).toBe(true);
  expect(turn([])).toEqual([]);
  disk.isDone = true;
  expect(turn([])).toEqual(["end", "durable 1", "send 1", "durable 2", "send 2"]);
  expect(pipeline.isUnderWay).toBe(false);
});

test("what is decided during a sync waits for the next one, and the end of the first sends none of it", () => {
  const { turn, disk } = setUp();
  turn([1]);
  expect(turn([2])).toEqual(["append 2"]);
  expect(turn([3])).toEqual(["append 3"]);
  disk.isDone = true;
  expect(turn([4])).toEqual(["append 4", "end", "durable 1", "send 1", "begin"]);
  expect(turn([5])).toEqual(["append 5"]);
  disk.isDone = true;
  const second = ["end", "durable 2", "send 2", "durable 3", "send 3", "durable 4", "send 4"];
  expect(turn([])).toEqual([...second, "begin"]);
});

test("a lease that changed again during its sync is durable only with its last record", () => {
  const { turn, disk } = setUp();
  turn([1, 2]);
  turn([1]);
  disk.isDone = true;
  expect(turn([])).toEqual(["end", "send 1", "durable 2", "send 2", "begin"]);
  disk.isDone = true;
  expect(turn([])).toEqual(["end", "durable 1", "send 1"]);
});

test("a sync that fails takes the replies of its own batch with it, and no others", () => {
  const { turn, disk, counters } = setUp();
  turn([1, 2]);
  turn([3]);
  disk.isDone = true;
  disk.ends = broken;
  expect(turn([])).toEqual(["begin"]);
  expect(counters.commitFailures).toBe(1);
  expect(counters.droppedFor("commit-failed")).toBe(2);
  disk.ends = undefined;
  disk.isDone = true;
  expect(turn([])).toEqual(["end", "durable 3", "send 3"]);
});

test("a write that fails takes all that waits for it, after the batch before it was sent", () => {
  const { turn, disk, counters } = setUp();
  turn([1]);
  turn([2]);
  disk.isDone = true;
  disk.begins = full;
  expect(turn([3])).toEqual(["append 3", "end", "durable 1", "send 1"]);
  expect(counters.droppedFor("commit-failed")).toBe(2);
  disk.begins = undefined;
  expect(turn([4])).toEqual(["append 4", "begin"]);
  disk.isDone = true;
  expect(turn([])).toEqual(["end", "durable 4", "send 4"]);
});

describe("waiting for the disk", () => {
  test("a small batch is synced in place: nothing else waits", () => {
    const { turn, pipeline } = setUp();
    expect(turn([1], many - 1)).toEqual(["append 1", "commit", "durable 1", "send 1"]);
    expect(pipeline.isUnderWay).toBe(false);
  });

  test("an empty socket leaves a few milliseconds for it, a full one none", () => {
    const { turn, disk } = setUp();
    turn([1]);
    turn([2]);
    turn([], 0);
    expect(disk.waits).toEqual([0, 5]);
    disk.isDone = true;
    expect(turn([], 0)).toEqual(["end", "durable 1", "send 1", "commit", "durable 2", "send 2"]);
  });

  test("a loop that is woken up never waits for it, however small the batch", () => {
    const { turn, disk, pipeline } = setUp({ isWoken: true });
    expect(turn([1], 1)).toEqual(["append 1", "begin"]);
    expect(turn([2], 1)).toEqual(["append 2"]);
    expect(turn([], 0)).toEqual([]);
    expect(disk.waits).toEqual([0, 0]);
    expect(pipeline.isUnderWay).toBe(true);
    disk.isDone = true;
    expect(turn([], 0)).toEqual(["end", "durable 1", "send 1", "begin"]);
    disk.isDone = true;
    expect(turn([], 0)).toEqual(["end", "durable 2", "send 2"]);
    expect(pipeline.isUnderWay).toBe(false);
  });

  test("housekeeping leaves nothing under way and nothing that waits", () => {
    const { turn, pipeline } = setUp();
    turn([1]);
    const events = turn([2], many, true);
    expect(events).toEqual([
      ...["append 2", "end", "durable 1", "send 1"],
      ...["commit", "durable 2", "send 2"],
    ]);
    expect(pipeline.isUnderWay).toBe(false);
  });

  test("replies that find no room are not lost: the disk is waited for", () => {
    const { turn, disk } = setUp({ replyBytesMax: 1 << 20, encode: () => 1 << 20 });
    expect(turn([1, 2])).toContain("begin");
    expect(turn([3, 4])).toEqual(["append 3", "append 4"]);
    expect(turn([5])).toEqual([
      ...["append 5", "end", "durable 1", "send 0", "durable 2", "send 0"],
      ...["commit", "durable 3", "send 0", "durable 4", "send 0", "durable 5", "send 5"],
    ]);
    expect(disk.waits).toEqual([0, Number.POSITIVE_INFINITY]);
    expect(turn([6, 7, 8])).toContain("commit");
  });

  test("offers leave before it, and in every turn", () => {
    const { pipeline, events, turn } = setUp();
    pipeline.append([1]);
    pipeline.endTurn(many, false, 0);
    expect(events).toEqual(["append 1", "flush", "begin", "flush"]);
    turn([]);
    pipeline.endTurn(many, false, 0);
    expect(events).toContain("flush");
  });
});

test("a held reply is what was decided, whatever becomes of the memory it was decided in", () => {
  const hardware = Uint8Array.of(1, 2, 3, 4, 5, 6);
  const { pipeline, disk, sent } = setUp();
  pipeline.append([9]);
  const link = { kind: "link", interfaceIndex: 3, address: 9, port: 68, hardware } as const;
  const outcome = ack(9, link);
  pipeline.acknowledge(outcome, 77);
  pipeline.endTurn(many, false, 0);
  hardware.fill(0xff);
  Object.assign(outcome.reply, { xid: 200 });
  disk.isDone = true;
  pipeline.endTurn(many, false, 0);
  expect(sent).toEqual([
    {
      bytes: Uint8Array.of(9),
      way: {
        destination: { ...link, hardware: Uint8Array.of(1, 2, 3, 4, 5, 6) },
        asked: 77,
        messageType: MessageType.ack,
        log: undefined,
      },
    },
  ]);
});

test("a reply that cannot be encoded is not sent, and its lease is durable all the same", () => {
  const { turn, disk } = setUp({ encode: () => 0 });
  turn([1]);
  disk.isDone = true;
  expect(turn([])).toEqual(["end", "durable 1"]);
});

describe("a store on other machines", () => {
  test("one that was not answered is asked for again until it is, though nobody comes", () => {
    const { turn, disk, counters } = setUp({ durability: "replicated" });
    const away = new LeaseStoreError("UNAVAILABLE", "No etcd.", "Wait.");
    turn([1]);
    disk.isDone = true;
    disk.ends = away;
    expect(turn([], 0)).toEqual(["begin"]);
    expect(turn([], 0)).toEqual([]);
    disk.isDone = true;
    expect(turn([], 0)).toEqual(["begin"]);
    disk.isDone = true;
    disk.ends = undefined;
    expect(turn([], 0)).toEqual(["end"]);
    expect(turn([], 0)).toEqual([]);
    expect(counters.commitFailures).toBe(2);
    expect(counters.droppedFor("commit-failed")).toBe(1);
  });

  test("one that is fenced, and one when all is to end, is not asked for again", () => {
    const { turn, disk } = setUp({ durability: "replicated" });
    turn([1]);
    disk.isDone = true;
    disk.ends = new LeaseStoreError("FENCED", "Lost.", "See who leads.");
    expect(turn([], 0)).toEqual([]);
    turn([2]);
    disk.ends = new LeaseStoreError("UNAVAILABLE", "No etcd.", "Wait.");
    expect(turn([], 0, true)).toEqual([]);
  });

  test("is never waited for in place, and no lease of it counts as needing no commit", () => {
    const { turn, disk } = setUp({ durability: "replicated" });
    expect(turn([1], 1)).toEqual(["append 1", "begin"]);
    disk.isDone = true;
    expect(turn([], 0)).toEqual(["end", "send 1"]);
    expect(disk.waits).toEqual([5]);
  });

  test("that is slower than what comes: the ACKs that find no room are dropped, and their records kept", () => {
    const { turn, disk, counters } = setUp({
      ...{ durability: "replicated", replyBytesMax: 1 << 20, encode: () => 1 << 20 },
    });
    turn([1, 2]);
    turn([3, 4]);
    expect(turn([5, 6])).toEqual(["append 5", "append 6"]);
    expect(counters.droppedFor("commit-backlog")).toBe(2);
    disk.isDone = true;
    expect(turn([])).toEqual(["end", "send 0", "send 0", "begin"]);
    disk.isDone = true;
    expect(turn([])).toEqual(["end", "send 0", "send 0"]);
    expect(disk.waits).not.toContain(Number.POSITIVE_INFINITY);
  });
});

test("what may not leave any more when its commit has ended takes along what waits behind it", () => {
  const asked: number[] = [];
  const { turn, disk, counters } = setUp({
    isWoken: true,
    mayRelease: (begunAtMs) => {
      asked.push(begunAtMs);
      return asked.length > 1;
    },
  });
  turn([1, 2]);
  turn([3]);
  disk.isDone = true;
  expect(turn([4])).toEqual(["append 4", "end", "begin"]);
  expect(counters.droppedFor("too-late")).toBe(4);
  disk.isDone = true;
  expect(turn([])).toEqual(["end"]);
  turn([5]);
  disk.isDone = true;
  expect(turn([])).toEqual(["end", "durable 5", "send 5"]);
});

test("dropping what is held leaves the commits as they are", () => {
  const { turn, disk, pipeline, counters } = setUp({ isWoken: true });
  turn([1]);
  turn([2]);
  expect(pipeline.isSettled).toBe(false);
  pipeline.dropHeld("too-late");
  expect(counters.droppedFor("too-late")).toBe(2);
  disk.isDone = true;
  expect(turn([])).toEqual(["end", "begin"]);
  expect(pipeline.isSettled).toBe(false);
  disk.isDone = true;
  expect(turn([])).toEqual(["end"]);
  expect(pipeline.isSettled).toBe(true);
});
