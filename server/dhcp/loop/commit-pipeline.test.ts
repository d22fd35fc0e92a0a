import { describe, expect, test } from "vitest";
import { nullLogger } from "../../../base/log.ts";
import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { defaultEncodeLimits } from "../../../protocol/dhcp/packet.ts";
import { type LeaseStore, LeaseStoreError } from "../../lease/store/lease-store.ts";
import type { Destination, Reply } from "../exchange/outcome.ts";
import { CommitPipeline, type TurnGoal } from "./commit-pipeline.ts";
import { DhcpCounters } from "./counters.ts";
import type { ReplyWay } from "./reply-sender.ts";

const empty = new Uint8Array(0);
const many = 16;

function ack(leaseIndex: number, destination?: Destination, xid = leaseIndex): Reply {
  return {
    kind: "reply",
    reply: {
      ...{ op: 2, htype: 1, hops: 0, xid, secs: 0, flags: 0 },
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
  readonly mayRelease?: (sinceMs: number) => boolean;
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
  const clock = { nowMs: 0 };
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
          new DataView(target.buffer).setUint32(start, reply.xid);
          return 4;
        }),
      sendEncoded: (bytes, way) => {
        sent.push({ bytes: bytes.slice(), way });
        events.push(`send ${new DataView(bytes.slice().buffer).getUint32(0)}`);
      },
    },
    counters,
    logger: nullLogger,
  });
  return {
    ...{ pipeline, events, sent, disk, counters, clock },
    /** A turn that acknowledges these leases, out of `received` datagrams, which have just arrived. */
    turn: (leases: readonly number[], received = many, goal: TurnGoal = "none") => {
      const { nowMs } = clock;
      pipeline.beginTurn(nowMs, nowMs);
      for (const lease of leases) {
        pipeline.append([lease]);
        pipeline.acknowledge(ack(lease), 0, nowMs);
      }
      pipeline.endTurn(received, goal, nowMs);
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

test("records of a failed commit that no client asks for again are appended again until a commit has them", () => {
  const { turn, disk, pipeline } = setUp({ isWoken: true });
  disk.begins = full;
  pipeline.append([7, 8]);
  expect(turn([1])).toEqual(["append 7", "append 8", "append 1"]);
  pipeline.appendUnwritten();
  expect(turn([])).toEqual(["append 7", "append 8"]);
  // Its client asks for it anew from now on.
  expect(turn([8])).toEqual(["append 8"]);
  disk.begins = undefined;
  disk.ends = broken;
  pipeline.appendUnwritten();
  expect(turn([])).toEqual(["append 7", "begin"]);
  disk.isDone = true;
  expect(turn([])).toEqual([]);
  disk.ends = undefined;
  pipeline.appendUnwritten();
  expect(turn([])).toEqual(["append 7", "begin"]);
  disk.isDone = true;
  expect(turn([])).toEqual(["end"]);
  pipeline.appendUnwritten();
  expect(turn([])).toEqual([]);
});

test("a record that failed is not appended over a newer one, and only some are at a time", () => {
  const { turn, disk, pipeline } = setUp({ isWoken: true });
  pipeline.append(Array.from({ length: 1500 }, (_, index) => index));
  turn([]);
  pipeline.append([3]);
  disk.isDone = true;
  disk.ends = broken;
  expect(turn([])).toEqual(["append 3", "begin"]);
  disk.isDone = true;
  disk.ends = undefined;
  pipeline.appendUnwritten();
  const appended = turn([]);
  expect(appended).toHaveLength(1000 + 2);
  expect(appended).not.toContain("append 3");
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

  test("the end of the loop leaves nothing under way and nothing that waits", () => {
    const { turn, pipeline } = setUp();
    turn([1]);
    const events = turn([2], many, "finish");
    expect(events).toEqual([
      ...["append 2", "end", "durable 1", "send 1"],
      ...["commit", "durable 2", "send 2"],
    ]);
    expect(pipeline.isUnderWay).toBe(false);
  });

  test("housekeeping does not stop the loop for a commit that is under way, and comes right after it", () => {
    const { turn, disk, pipeline } = setUp({ isWoken: true });
    turn([1]);
    expect(turn([2], many, "rest")).toEqual(["append 2"]);
    expect(pipeline.isAtRest).toBe(false);
    disk.isDone = true;
    expect(turn([3], many, "rest")).toEqual([
      ...["append 3", "end", "durable 1", "send 1"],
      ...["commit", "durable 2", "send 2", "durable 3", "send 3"],
    ]);
    expect(pipeline.isAtRest).toBe(true);
    expect(disk.waits).toEqual([0, 0]);
  });

  test.each(["fsync", "replicated"] as const)(
    "of a store (%s) that is slower than what comes, ACKs that find no room are dropped, and their records kept",
    (durability) => {
      const { turn, disk, counters } = setUp({
        ...{ durability, isWoken: true, replyBytesMax: 1 << 20, encode: () => 1 << 20 },
      });
      turn([1, 2, 3, 4]);
      turn([5, 6, 7, 8]);
      expect(turn([9, 10])).toEqual(["append 9", "append 10"]);
      expect(counters.droppedFor("commit-backlog")).toBe(2);
      for (let round = 0; round < 2; round += 1) {
        disk.isDone = true;
        expect(turn([]).filter((event) => event.startsWith("send"))).toHaveLength(4);
      }
      expect(disk.waits).not.toContain(Number.POSITIVE_INFINITY);
    },
  );

  test("offers leave before it, and in every turn", () => {
    const { pipeline, events, turn } = setUp();
    pipeline.append([1]);
    pipeline.endTurn(many, "none", 0);
    expect(events).toEqual(["append 1", "flush", "begin", "flush"]);
    turn([]);
    pipeline.endTurn(many, "none", 0);
    expect(events).toContain("flush");
  });
});

test("a held reply is what was decided, whatever becomes of the memory it was decided in", () => {
  const hardware = Uint8Array.of(1, 2, 3, 4, 5, 6);
  const { pipeline, disk, sent } = setUp();
  pipeline.append([9]);
  const link = { kind: "link", interfaceIndex: 3, address: 9, port: 68, hardware } as const;
  const outcome = ack(9, link);
  pipeline.acknowledge(outcome, 77, 0);
  pipeline.endTurn(many, "none", 0);
  hardware.fill(0xff);
  Object.assign(outcome.reply, { xid: 200 });
  disk.isDone = true;
  pipeline.endTurn(many, "none", 0);
  expect(sent).toEqual([
    {
      bytes: Uint8Array.of(0, 0, 0, 9),
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
    expect(turn([], 0, "finish")).toEqual([]);
  });

  test("is never waited for in place, and no lease of it counts as needing no commit", () => {
    const { turn, disk } = setUp({ durability: "replicated" });
    expect(turn([1], 1)).toEqual(["append 1", "begin"]);
    disk.isDone = true;
    expect(turn([], 0)).toEqual(["end", "send 1"]);
    expect(disk.waits).toEqual([5]);
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

describe("after a stall", () => {
  const stallMs = 400;
  const perMs = 5;
  const asked = stallMs * perMs;
  /** What was asked for in the last milliseconds of the stall was hardly held back, and leaves at once. */
  const heldBack = asked - 3 * perMs;

  /** A disk that stands still while so many ask each millisecond, up to the end of its sync. */
  function stalled(options: SetUpOptions = {}) {
    const tools = setUp({ isWoken: true, ...options });
    const { turn, disk, clock } = tools;
    let lease = 0;
    const ask = (): readonly string[] =>
      turn(
        Array.from({ length: perMs }, () => {
          lease += 1;
          return lease;
        }),
      );
    /** A turn one millisecond later; the leases that are acknowledged in it. */
    const step = (work: () => readonly string[]): readonly number[] => {
      clock.nowMs += 1;
      return work()
        .filter((event) => event.startsWith("send"))
        .map((event) => Number(event.slice(5)));
    };
    for (let turns = 0; turns < stallMs; turns += 1) expect(step(ask)).toEqual([]);
    disk.isDone = true;
    return { ...tools, step, ask };
  }

  test("what it held back leaves at twice the pace of its requests, oldest first, and what comes meanwhile at once", () => {
    const { step, ask, disk, pipeline } = stalled();
    const old: number[] = [];
    let turns = 0;
    do {
      const sent = step(ask);
      disk.isDone = true;
      const isNew = (lease: number): boolean => lease > heldBack;
      expect(sent.filter(isNew).length).toBeLessThanOrEqual(turns < 2 ? 6 * perMs : perMs);
      const late = sent.filter((lease) => !isNew(lease));
      old.push(...late);
      expect(late.length).toBeLessThanOrEqual(turns < 2 ? 32 + 2 * perMs : 2 * perMs);
      turns += 1;
    } while (pipeline.hasPaced || turns < 3);
    expect(old).toEqual(Array.from({ length: heldBack }, (_, index) => index + 1));
    expect(turns).toBeLessThan(0.6 * stallMs);
  });

  test("the next stall begins where this one ended, and nothing overtakes", () => {
    const { step, ask, disk, turn } = stalled();
    const sent: number[] = [];
    for (let turns = 0; turns < 20; turns += 1) {
      sent.push(...step(ask));
      disk.isDone = true;
    }
    disk.isDone = false;
    for (let turns = 0; turns < 100; turns += 1) sent.push(...step(ask));
    const old = sent.filter((lease) => lease <= heldBack);
    disk.isDone = true;
    for (let turns = 0; turns < 500; turns += 1) {
      const more = step(() => turn([]));
      disk.isDone = true;
      expect(more.length).toBeLessThanOrEqual(32 + 2 * perMs);
      sent.push(...more);
      old.push(...more.filter((lease) => lease <= heldBack));
    }
    expect(old).toEqual(Array.from({ length: heldBack }, (_, index) => index + 1));
    expect(new Set(sent).size).toBe(asked + 120 * perMs);
  });

  test("few replies leave at once", () => {
    const { turn, disk, clock } = setUp({ isWoken: true });
    turn([1]);
    clock.nowMs += 50;
    turn(Array.from({ length: 30 }, (_, index) => index + 2));
    clock.nowMs += 50;
    disk.isDone = true;
    turn([]);
    disk.isDone = true;
    expect(turn([]).filter((event) => event.startsWith("send"))).toHaveLength(30);
  });

  test("what the loop itself left in its socket is answered as slowly", () => {
    const { pipeline, clock, turn } = setUp({ isWoken: true });
    turn([]);
    clock.nowMs = 1000;
    pipeline.beginTurn(600, clock.nowMs);
    let held = 0;
    for (let offer = 0; offer < 2000; offer += 1) {
      const arrivedAtMs = 600 + offer / perMs;
      if (pipeline.holdsBack(ack(-1, undefined, offer), 0, arrivedAtMs, clock.nowMs)) held += 1;
    }
    // The first ones, and those of the last 5 ms, leave at once.
    expect(held).toBe(2000 - 32 - (5 * perMs - 1));
    expect(pipeline.isSettled).toBe(false);
    pipeline.endTurn(many, "none", clock.nowMs);
    clock.nowMs += 1;
    expect(turn([]).length).toBeLessThanOrEqual(2 * perMs);
  });

  const waiting = asked / 2;

  test.each([
    [
      "a later request of another transaction",
      (pipeline: CommitPipeline) => {
        pipeline.append([waiting]);
        pipeline.acknowledge(ack(waiting, undefined, 70_000), 0, stallMs);
      },
      1,
    ],
    ["the end of the lease", (pipeline: CommitPipeline) => pipeline.append([waiting]), 1],
    [
      "the same request again",
      (pipeline: CommitPipeline) => {
        pipeline.append([waiting]);
        pipeline.acknowledge(ack(waiting), 0, stallMs);
      },
      0,
    ],
  ])("%s decides what becomes of an ACK that waits", (_, happen, givenUp) => {
    const { step, turn, disk, pipeline, counters } = stalled();
    step(() => turn([]));
    disk.isDone = true;
    const sent = [...step(() => turn([]))];
    expect(pipeline.hasPaced).toBe(true);
    happen(pipeline);
    for (let turns = 0; turns < stallMs; turns += 1) {
      disk.isDone = true;
      sent.push(...step(() => turn([])));
    }
    expect(counters.droppedFor("given-up")).toBe(givenUp);
    expect(sent.filter((lease) => lease === waiting)).toHaveLength(givenUp === 1 ? 0 : 2);
    expect(sent).toContain(waiting - 1);
  });

  test("a client that began anew during the stall gets only its second ACK", () => {
    const { pipeline, turn, disk, counters } = setUp({ isWoken: true });
    turn([1]);
    pipeline.append([1]);
    pipeline.acknowledge(ack(1, undefined, 9), 0, 0);
    disk.isDone = true;
    expect(turn([])).toEqual(["append 1", "end", "begin"]);
    expect(counters.droppedFor("given-up")).toBe(1);
    disk.isDone = true;
    expect(turn([])).toEqual(["end", "durable 1", "send 9"]);
  });

  test("each reply needs the pair's permission at the moment at which it leaves", () => {
    const since: number[] = [];
    let isAllowed = true;
    const { step, turn, disk, pipeline, counters, clock } = stalled({
      mayRelease: (sinceMs) => {
        since.push(clock.nowMs - sinceMs);
        return isAllowed;
      },
    });
    const sent: number[] = [];
    for (let turns = 0; turns < 10; turns += 1) {
      sent.push(...step(() => turn([])));
      disk.isDone = true;
    }
    // The commit, and then from one turn to the next.
    expect(since.filter((ms) => ms > 1)).toEqual([stallMs]);
    isAllowed = false;
    for (let turns = 0; turns < 10; turns += 1) expect(step(() => turn([]))).toEqual([]);
    expect(pipeline.isSettled).toBe(true);
    expect(counters.droppedFor("too-late")).toBe(asked - sent.length);
  });

  test("the end of the loop sends what waits for its time", () => {
    const { step, turn, disk, pipeline } = stalled();
    const sent = [...step(() => turn([]))];
    disk.isDone = true;
    sent.push(...step(() => turn([], 0, "finish")));
    expect(sent).toHaveLength(asked);
    expect(pipeline.isSettled).toBe(true);
  });
});
