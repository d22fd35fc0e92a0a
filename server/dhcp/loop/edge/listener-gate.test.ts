import { expect, test } from "vitest";
import { nullLogger } from "../../../../base/log.ts";
import type { UdpSocket } from "../../../../base/net/udp-socket.ts";
import { VirtualClock } from "../../../../base/virtual-clock.testing.ts";
import { MessageType } from "../../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../../protocol/dhcp/option-code.ts";
import {
  defaultEncodeLimits,
  encodePacket,
  messageType,
  type OutgoingPacket,
} from "../../../../protocol/dhcp/packet.ts";
import { DataPlanePulse } from "../../../ha/watchdog.ts";
import type { PairRole } from "../../../lease/replicated/edge/pair-node.ts";
import { type LeaseStore, LeaseStoreError } from "../../../lease/store/lease-store.ts";
import { SharedPairState } from "../../../mandate/shared-pair-state.ts";
import { PairGate } from "../../../pair/pair-gate.ts";
import type { DhcpEngineApi } from "../../decide/engine.ts";
import type { Reply } from "../../exchange/outcome.ts";
import { DhcpCounters } from "../counters.ts";
import { DhcpListener } from "./listener.ts";

const empty = new Uint8Array(0);
const deadMs = 400;
const fenced = new LeaseStoreError("FENCED", "Another leads.", "Follow.");
const unavailable = new LeaseStoreError("UNAVAILABLE", "No etcd.", "Wait.");

function message(op: number, xid: number, type: number): OutgoingPacket {
  return {
    ...{ op, htype: 1, hops: 0, xid, secs: 0, flags: 0, ciaddr: 0, yiaddr: 0, siaddr: 0 },
    ...{ giaddr: 1, chaddr: Uint8Array.of(2, 0, 0, 0, 0, 9), sname: empty, file: empty },
    options: [{ code: OptionCode.messageType, value: Uint8Array.of(type) }],
  };
}

/** A loop behind its gate, in virtual time, over an etcd that has committed when the test says so. */
function setUp() {
  const clock = new VirtualClock(1_000_000);
  const pairState = new SharedPairState();
  const etcd = { isDone: true, error: undefined as LeaseStoreError | undefined };
  const node = {
    ...{ role: "following" as PairRole, isComplete: true, revision: 1, mustRecover: false },
    ...{ leader: { record: undefined }, trouble: "", reading: undefined },
    poll: () => undefined,
    takeUnreadable: () => [],
    adopt: () => {
      node.role = "active";
    },
    recover: () => 0,
  };
  const gate = new PairGate({
    ...{ node, deadMs, recovers: false, logger: nullLogger },
    pairState: new SharedPairState(pairState.shared),
    pulse: new DataPlanePulse(),
    lost: () => undefined,
    onTakeOver: () => undefined,
  });
  let incoming: Uint8Array[] = [];
  let batch: Uint8Array[] = [];
  const socket = {
    backend: "batch",
    receive: () => {
      batch = incoming;
      incoming = [];
      return batch.length;
    },
    bytes: (index: number) => batch[index],
    sourceAddress: () => 1,
    sourcePort: () => 67,
    destinationAddress: () => 2,
    interfaceIndex: () => 0,
    receivedAtMs: () => clock.monotonicMs(),
  } as unknown as UdpSocket;
  let commits = 0;
  const store: LeaseStore = {
    durability: "replicated",
    append: () => expect.fail("the loop knows no records"),
    appendLease: () => undefined,
    commit: () => expect.fail("nobody waits for etcd in place"),
    beginCommit: () => {
      commits += 1;
      return false;
    },
    endCommit: (msMax) => {
      expect(msMax).toBeLessThan(deadMs / 4);
      if (etcd.isDone && etcd.error !== undefined) throw etcd.error;
      return etcd.isDone;
    },
    maintain: () => {
      maintained += 1;
      return false;
    },
    close: () => undefined,
  };
  let maintained = 0;
  let expired = 0;
  const engine: DhcpEngineApi = {
    respond: ({ packet }) => {
      const isRequest = messageType(packet) === MessageType.request;
      return {
        kind: "reply",
        reply: message(2, packet.xid, isRequest ? MessageType.ack : MessageType.offer),
        limits: defaultEncodeLimits,
        destination: { kind: "relay", address: 1, port: 67 },
        changes: isRequest ? [packet.xid] : [],
        durable: isRequest,
        leaseIndex: isRequest ? packet.xid : -1,
        log: undefined,
      };
    },
    giveUp: () => [],
    pingAnswered: () => [],
    pingTimedOut: () => expect.fail("nothing is probed"),
    expire: () => {
      expired += 1;
      return [];
    },
  };
  const sent: string[] = [];
  const counters = new DhcpCounters();
  const send = ({ reply, durable }: Reply): void =>
    void sent.push(`${durable ? "ack" : "offer"} ${reply.xid}`);
  const listener = new DhcpListener({
    ...{ engine, store, socket, counters, clock, gate },
    leases: { markDurable: () => expect.fail("no lease of a pair needs no commit") },
    sender: { send, flush: () => undefined },
    encoder: {
      replyBytesMax: 1500,
      encode: ({ reply }, target, start) => {
        target[start] = reply.xid;
        return 1;
      },
      sendEncoded: (bytes) => void sent.push(`ack ${bytes[0]}`),
    },
    interfaces: [],
    anyInterface: true,
    pinger: undefined,
    logger: nullLogger,
    flushLog: () => undefined,
  });
  /** A turn so much later, in which these have come; what has left meanwhile. */
  const turn = (afterMs: number, ...packets: OutgoingPacket[]): readonly string[] => {
    clock.advance(afterMs);
    incoming = packets.map((packet) => {
      const bytes = new Uint8Array(1500);
      return bytes.slice(0, encodePacket(packet, bytes, 0));
    });
    listener.turn();
    return sent.splice(0);
  };
  return {
    ...{ pairState, etcd, node, counters, listener, turn },
    counts: () => ({ commits, maintained, expired }),
    open: (): void => {
      turn(10);
      pairState.mandate = { epoch: 1, term: 100 };
      turn(10);
      expect(pairState.answeringEpoch).toBe(1);
    },
  };
}

const request = (xid: number) => message(1, xid, MessageType.request);
const discover = (xid: number) => message(1, xid, MessageType.discover);

test("a standby drops what comes undecided, ends no lease, and looks after its file", () => {
  const { turn, counters, counts } = setUp();
  for (let turns = 0; turns < 11; turns += 1) {
    expect(turn(100, request(1), discover(2))).toEqual([]);
  }
  expect(counters.droppedFor("standby")).toBe(22);
  expect(counters.snapshot()).toMatchObject({ "received.request": 0, "received.discover": 0 });
  expect(counts()).toMatchObject({ commits: 0, expired: 0, maintained: 2 });
});

test("with a mandate it serves: OFFERs at once, ACKs when etcd has them", () => {
  const { turn, open, etcd, counts } = setUp();
  open();
  etcd.isDone = false;
  expect(turn(10, request(1), discover(2))).toEqual(["offer 2"]);
  expect(turn(10)).toEqual([]);
  etcd.isDone = true;
  expect(turn(10)).toEqual(["ack 1"]);
  for (let turns = 0; turns < 6; turns += 1) turn(190);
  expect(counts().expired).toBeGreaterThan(0);
});

test("an ACK that was held while the process stood still never leaves, nor does anything after it", () => {
  const { turn, open, etcd, pairState, counters } = setUp();
  open();
  etcd.isDone = false;
  turn(10, request(1));
  turn(10, request(2));
  etcd.isDone = true;
  // The signal to go on, in the middle of the night.
  expect(turn(deadMs, request(3), discover(4))).toEqual([]);
  expect(pairState.isSuspect).toBe(true);
  for (let turns = 0; turns < 5; turns += 1) expect(turn(10, request(5), discover(6))).toEqual([]);
  expect(counters.droppedFor("too-late")).toBe(2);
  expect(counters.droppedFor("standby")).toBe(12);
  pairState.confirm(pairState.suspicion);
  expect(turn(10, discover(7))).toEqual(["offer 7"]);
});

test("an ACK that was held over a pause does not leave with a commit that is begun after it either", () => {
  const { turn, open, etcd, pairState } = setUp();
  open();
  etcd.isDone = false;
  turn(10, request(1));
  turn(10, request(2));
  turn(deadMs);
  pairState.confirm(pairState.suspicion);
  etcd.isDone = true;
  etcd.error = unavailable;
  expect(turn(10)).toEqual([]);
  etcd.error = undefined;
  expect([turn(10), turn(10)]).toEqual([[], []]);
  expect(pairState.isSuspect).toBe(false);
  expect(turn(10, request(3))).toEqual([]);
  expect(turn(10)).toEqual(["ack 3"]);
});

test("an ACK whose commit took longer than half of the deadtime does not leave, and raises suspicion", () => {
  const { turn, open, etcd, pairState, counters } = setUp();
  open();
  etcd.isDone = false;
  turn(10, request(1));
  turn(100);
  etcd.isDone = true;
  expect(turn(101)).toEqual([]);
  expect(pairState.isSuspect).toBe(true);
  expect(counters.droppedFor("too-late")).toBe(1);
  pairState.confirm(pairState.suspicion);
  expect(turn(10, request(1))).toEqual([]);
  expect(turn(10)).toEqual(["ack 1"]);
});

test("a mandate that is taken back drops nothing that is committed in time", () => {
  const { turn, open, etcd, pairState } = setUp();
  open();
  etcd.isDone = false;
  turn(10, request(1));
  turn(10, request(2));
  pairState.mandate = undefined;
  expect(turn(10, request(3), discover(4))).toEqual([]);
  expect(pairState.answeringEpoch).toBe(1);
  etcd.isDone = true;
  expect(turn(10, discover(5))).toEqual(["ack 1"]);
  expect(turn(10)).toEqual(["ack 2"]);
  expect(pairState.answeringEpoch).toBe(1);
  expect(turn(10)).toEqual([]);
  expect(pairState.answeringEpoch).toBe(0);
});

test("a mandate that is taken back while etcd hangs is over in half of the deadtime all the same", () => {
  const { turn, open, etcd, pairState, counters } = setUp();
  open();
  etcd.isDone = false;
  turn(10, request(1));
  pairState.mandate = undefined;
  turn(10);
  turn(150);
  expect(pairState.answeringEpoch).toBe(1);
  turn(51);
  expect(pairState.answeringEpoch).toBe(0);
  etcd.isDone = true;
  expect([turn(10), turn(10)]).toEqual([[], []]);
  expect(counters.droppedFor("too-late")).toBe(1);
});

test("a commit that is fenced acknowledges nothing, and the node's end is the loop's", () => {
  const { turn, open, etcd, node, pairState, listener } = setUp();
  open();
  etcd.isDone = false;
  turn(10, request(1));
  etcd.isDone = true;
  etcd.error = fenced;
  expect(turn(10)).toEqual([]);
  expect(listener.over).toBeUndefined();
  node.role = "fenced";
  expect(turn(10, request(2), discover(3))).toEqual([]);
  expect(listener.over).toBe("fenced");
  expect(pairState).toMatchObject({ answeringEpoch: 0, isInSync: false });
});

test("housekeeping never waits for etcd", () => {
  const { turn, open, etcd, counts } = setUp();
  open();
  etcd.isDone = false;
  turn(10, request(1));
  const { maintained } = counts();
  for (let turns = 0; turns < 11; turns += 1) turn(100);
  // The file has had the records since the commit was begun.
  expect(counts().maintained).toBeGreaterThan(maintained);
});
