import { describe, expect, test } from "vitest";
import { nullLogger } from "../../../../base/log.ts";
import type { UdpSocket } from "../../../../base/net/udp-socket.ts";
import { VirtualClock } from "../../../../base/virtual-clock.testing.ts";
import { MessageType } from "../../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../../protocol/dhcp/option-code.ts";
import {
  decodePacket,
  defaultEncodeLimits,
  encodePacket,
  messageType,
  type OutgoingPacket,
} from "../../../../protocol/dhcp/packet.ts";
import { parseIpv4 } from "../../../../protocol/ipv4.ts";
import { type LeaseStore, LeaseStoreError } from "../../../lease/store/lease-store.ts";
import { Quarantine } from "../../../quarantine/quarantine.ts";
import type { TracedPacket } from "../../../trace/trace-format.ts";
import type { DhcpEngineApi } from "../../decide/engine.ts";
import type {
  Arrival,
  Destination,
  LocalInterface,
  Outcome,
  Reply,
} from "../../exchange/outcome.ts";
import { DhcpCounters } from "../counters.ts";
import { ReplySender } from "../reply-sender.ts";
import { DhcpListener } from "./listener.ts";
import { Pinger } from "./pinger.ts";

const address = (text: string): number => parseIpv4(text)!;
const serverAddress = address("10.0.0.1");
const relayAddress = address("10.0.0.254");
const clientMac = Uint8Array.of(2, 0, 0, 0, 0, 9);
const served: LocalInterface = {
  index: 3,
  name: "eth0",
  addresses: [{ address: serverAddress, mask: address("255.255.255.0") }],
  hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
};

function message(type: number, extra: Partial<OutgoingPacket> = {}): OutgoingPacket {
  return {
    op: 1,
    htype: 1,
    hops: 0,
    xid: 7,
    secs: 0,
    flags: 0,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: clientMac,
    sname: new Uint8Array(0),
    file: new Uint8Array(0),
    options: [{ code: OptionCode.messageType, value: Uint8Array.of(type) }],
    ...extra,
  };
}

function bytesOf(packet: OutgoingPacket): Uint8Array {
  const target = new Uint8Array(1500);
  return target.slice(0, encodePacket(packet, target, 0));
}

const leaseAddress = address("10.0.0.10");

const toRelay: Destination = { kind: "relay", address: relayAddress, port: 67 };

function reply(type: number, extra: Partial<Extract<Outcome, { kind: "reply" }>> = {}): Outcome {
  const durable = type === MessageType.ack;
  return {
    kind: "reply",
    reply: message(type, { op: 2 }),
    limits: defaultEncodeLimits,
    destination: toRelay,
    changes: durable ? [0] : [],
    durable,
    leaseIndex: durable ? 0 : -1,
    log: undefined,
    ...extra,
  };
}

/** One ordered list of everything that left the listener: the order is what is tested. */
type Event = string;

interface Received {
  readonly bytes: Uint8Array;
  readonly interfaceIndex?: number;
  readonly destination?: number;
}

interface SetUpOptions {
  readonly pings?: boolean;
  /** There is a quarantine. */
  readonly contains?: boolean;
  /** The socket sends by itself when it holds this many. */
  readonly slots?: number;
  readonly onAppend?: (index: number) => void;
  /** A commit that is begun ends when `disk.isDone` says so. */
  readonly disk?: { isDone: boolean };
}

function setUp(respond: (arrival: Arrival) => Outcome, options: SetUpOptions = {}) {
  const events: Event[] = [];
  const sent: {
    to: number;
    port: number;
    source: number | undefined;
    device: number | undefined;
  }[] = [];
  const clock = new VirtualClock(1_000_000);
  let incoming: Received[] = [];
  let batch: Received[] = [];
  const buffer = new Uint8Array(4096);
  let queued = 0;
  const socket: UdpSocket = {
    backend: "batch",
    localAddress: 0,
    localPort: 67,
    receive: () => {
      batch = incoming;
      incoming = [];
      return batch.length;
    },
    bytes: (i) => batch[i].bytes,
    sourceAddress: () => relayAddress,
    sourcePort: () => 67,
    destinationAddress: (i) => batch[i].destination ?? serverAddress,
    interfaceIndex: (i) => batch[i].interfaceIndex ?? served.index,
    receivedAtMs: () => clock.monotonicMs(),
    slot: () => buffer,
    isFull: false,
    push: (length, to, port, source, device) => {
      events.push(`queue ${messageType(decodePacket(buffer.slice(0, length)))}`);
      sent.push({ to, port, source, device });
      queued += 1;
      if (queued === options.slots) socket.flush();
    },
    flush: () => {
      queued = 0;
      events.push("flush");
    },
    discard: () => undefined,
    counters: { received: 0, sent: 0, truncated: 0, kernelDrops: 0, sendErrors: 0 },
    lastSendError: undefined,
    close: () => undefined,
  };
  let failure: Error | undefined;
  const store: LeaseStore = {
    durability: "fsync",
    append: () => expect.fail("the loop knows no records"),
    appendLease: options.onAppend ?? (() => events.push("append")),
    commit: () => {
      if (failure !== undefined) throw failure;
      events.push("commit");
    },
    beginCommit: () => {
      if (options.disk === undefined) store.commit();
      return options.disk === undefined;
    },
    endCommit: () => {
      if (options.disk?.isDone !== true) return false;
      store.commit();
      return true;
    },
    maintain: () => false,
    close: () => undefined,
  };
  const echoes: { source: number; id: number; sequence: number }[] = [];
  const pinger = new Pinger({
    socket: {
      sendEcho: (destination, id, sequence) => {
        events.push(`echo ${sequence}`);
        void [destination, id];
        return true;
      },
      receive: () => echoes.splice(0),
      close: () => undefined,
    },
    identifier: 77,
    nowMs: 0,
  });
  const engine: DhcpEngineApi = {
    respond: (arrival) => respond(arrival),
    giveUp: () => {
      events.push("give up");
      return [7];
    },
    pingAnswered: () => {
      events.push("answered");
      return [0];
    },
    pingTimedOut: () => reply(MessageType.offer),
    expire: () => [],
  };
  const counters = new DhcpCounters();
  const complaints: string[] = [];
  const frames: number[] = [];
  const complain = (text: string): void => void complaints.push(text);
  const logger = { ...nullLogger, error: complain, warn: complain };
  const sender = new ReplySender({
    socket,
    links: {
      send: ({ destination, hardware }) => {
        if (hardware.length !== 6) return false;
        frames.push(destination);
        return true;
      },
    },
    interfaces: [served],
    ownAddresses: new Set([serverAddress]),
    serverPort: 67,
    broadcastAddress: 0xffff_ffff,
    counters,
    logger,
  });
  const kept: TracedPacket[] = [];
  const keeper = { path: "quarantine", keep: (packet: TracedPacket) => void kept.push(packet) };
  const listener = new DhcpListener({
    ...(options.contains === true ? { quarantine: new Quarantine(keeper, logger) } : {}),
    engine,
    leases: { markDurable: () => events.push("durable") },
    store,
    socket,
    sender,
    encoder: sender,
    interfaces: [served],
    anyInterface: false,
    pinger: options.pings === true ? pinger : undefined,
    counters,
    logger,
    flushLog: () => undefined,
    clock,
  });
  return {
    ...{ listener, events, sent, counters, clock, complaints, frames, echoes, kept },
    receive: (...datagrams: Received[]) => {
      incoming = datagrams;
      return listener.turn();
    },
    failCommits: (error: Error | undefined) => {
      failure = error;
    },
  };
}

const request = { bytes: bytesOf(message(MessageType.request)) };
const discover = { bytes: bytesOf(message(MessageType.discover)) };
const answer = (arrival: Arrival): Outcome =>
  messageType(arrival.packet) === MessageType.request
    ? reply(MessageType.ack)
    : reply(MessageType.offer);
const full = new LeaseStoreError("ENOSPC", "No space left.", "Make room.");

test("an ACK leaves after the commit of its batch, an OFFER before it", () => {
  const { receive, events } = setUp(answer);
  expect(receive(request, discover, request)).toBe(3);
  expect(events).toEqual([
    "append",
    "queue 2",
    "append",
    "flush",
    "commit",
    "durable",
    "queue 5",
    "durable",
    "queue 5",
    "flush",
  ]);
});

test.each([1, 2, 3])(
  "a socket with %i slots, which sends by itself, sends no ACK too early",
  (slots) => {
    const { receive, events, failCommits } = setUp(answer, { slots });
    const batch = [request, discover, discover, request, discover, request, request];
    receive(...batch);
    const early = events.splice(0, events.indexOf("commit"));
    expect(early.filter((event) => event === "queue 2")).toHaveLength(3);
    expect(early.filter((event) => event === "append")).toHaveLength(4);
    expect(early).toContain("flush");
    expect(early).not.toContain("queue 5");
    expect(events.filter((event) => event === "queue 5")).toHaveLength(4);
    events.length = 0;
    failCommits(full);
    receive(...batch);
    expect(events.filter((event) => event === "queue 2")).toHaveLength(3);
    expect(events).not.toContain("queue 5");
    expect(events.at(-1)).toBe("flush");
  },
);

test("while the disk works the loop goes on: OFFERs leave, ACKs wait for their own commit", () => {
  const disk = { isDone: false };
  const { receive, events, counters, failCommits } = setUp(answer, { disk });
  const batch = [...Array<typeof request>(16).fill(request), discover];
  const count = (wanted: Event): number => events.filter((event) => event === wanted).length;
  receive(discover);
  events.length = 0;
  receive(...batch);
  receive(...batch);
  expect([count("queue 2"), count("queue 5"), count("commit")]).toEqual([2, 0, 0]);
  disk.isDone = true;
  receive(discover);
  expect(events.indexOf("commit")).toBeLessThan(events.indexOf("queue 5"));
  expect([count("queue 5"), counters.commits]).toEqual([32, 2]);
  events.length = 0;
  disk.isDone = false;
  receive(...batch);
  failCommits(full);
  disk.isDone = true;
  receive();
  expect([count("queue 5"), count("durable")]).toEqual([0, 0]);
  expect(counters.droppedFor("commit-failed")).toBe(16);
});

test("a lease is appended as it is before the next packet of the batch is decided", () => {
  let binding = 0;
  const appended: [index: number, binding: number][] = [];
  const { receive } = setUp(
    () => {
      binding += 1;
      return reply(MessageType.ack, { changes: [7, 4] });
    },
    { onAppend: (index) => appended.push([index, binding]) },
  );
  receive(request, request);
  expect(appended).toEqual([
    [7, 1],
    [4, 1],
    [7, 2],
    [4, 2],
  ]);
});

test("an address that was declined while the disk was full is written once there is room, though nobody asks", () => {
  const declined = (): Outcome => ({ kind: "changed", changes: [3], log: undefined });
  const { receive, events, clock, failCommits } = setUp(declined);
  receive();
  failCommits(full);
  receive({ bytes: bytesOf(message(MessageType.decline)) });
  clock.advance(1000);
  receive();
  expect(events).not.toContain("commit");
  failCommits(undefined);
  clock.advance(1000);
  receive();
  expect(events.filter((event) => event !== "flush")).toEqual([
    ...["append", "append", "append"],
    "commit",
  ]);
  clock.advance(1000);
  receive();
  expect(events.filter((event) => event === "commit")).toHaveLength(1);
});

test("a failed commit acknowledges nothing, is told once in ten seconds, and mends itself", () => {
  const { receive, events, counters, complaints, clock, failCommits } = setUp(answer);
  failCommits(full);
  for (let turn = 0; turn < 50; turn += 1) receive(request, discover, request);
  expect(events).not.toContain("queue 5");
  expect(events).not.toContain("durable");
  expect(events.filter((event) => event === "queue 2")).toHaveLength(50);
  expect(counters.commitFailures).toBe(50);
  expect(counters.droppedFor("commit-failed")).toBe(100);
  expect(complaints).toHaveLength(1);
  expect(complaints[0]).toContain("No space left.");
  clock.advance(10_001);
  receive(request);
  expect(complaints).toHaveLength(2);
  failCommits(undefined);
  receive(request);
  expect(events.slice(-4)).toEqual(["commit", "durable", "queue 5", "flush"]);
});

test("a disk on which some batches fit and others do not does not flood the log", () => {
  const { receive, complaints, clock, failCommits } = setUp(answer);
  for (let turn = 0; turn < 200; turn += 1) {
    failCommits(turn % 2 === 0 ? full : undefined);
    receive(request);
    clock.advance(10);
  }
  expect(complaints).toEqual([expect.stringMatching(/^No lease is acknowledged \(1 request\)/)]);
  failCommits(undefined);
  clock.advance(1000);
  receive(request);
  receive(request);
  expect(complaints.slice(1)).toEqual(["Leases are written again: service goes on."]);
  // A relapse within the ten seconds is counted and not told, and so is its end.
  failCommits(full);
  receive(request);
  failCommits(undefined);
  clock.advance(1000);
  receive(request);
  expect(complaints).toHaveLength(2);
});

test("an ACK without changes needs no commit", () => {
  const { receive, events } = setUp(() =>
    reply(MessageType.ack, { changes: [], durable: false, leaseIndex: -1 }),
  );
  receive(request);
  expect(events).toEqual(["queue 5", "flush"]);
});

test("what is no DHCP packet is counted by its reason, and its neighbours are served", () => {
  const { receive, counters, sent } = setUp(answer);
  const cookieless = discover.bytes.slice();
  cookieless[236] = 0;
  receive(
    { bytes: new Uint8Array(0) },
    { bytes: discover.bytes.subarray(0, 100) },
    { bytes: cookieless },
    discover,
  );
  expect(counters.snapshot()).toMatchObject({
    "rejected.truncated": 2,
    "rejected.bad-cookie": 1,
    "received.discover": 1,
    "replied.offer": 1,
  });
  expect(sent).toHaveLength(1);
});

test("DHCP-10: a packet from an interface that is not served is dropped undecided", () => {
  const { receive, counters, sent } = setUp(answer);
  receive({ ...discover, interfaceIndex: 9 }, discover);
  expect(counters.droppedFor("interface-not-served")).toBe(1);
  expect(sent).toHaveLength(1);
});

test.each<[string, Destination, number, object]>([
  [
    "a relay is answered from the address that it asked",
    toRelay,
    serverAddress,
    { to: relayAddress, port: 67, source: serverAddress },
  ],
  [
    "a relay that sent to a broadcast address gets the system's choice of source",
    toRelay,
    0xffff_ffff,
    { to: relayAddress, port: 67, source: undefined },
  ],
  [
    "an address inside 127.0.0.0/8 is ours, listed or not",
    toRelay,
    address("127.9.9.9"),
    { to: relayAddress, port: 67, source: address("127.9.9.9") },
  ],
  [
    "a broadcast leaves by the interface of the request, from its address",
    { kind: "broadcast", interfaceIndex: 3, port: 68 },
    0xffff_ffff,
    { to: 0xffff_ffff, port: 68, source: serverAddress, device: 3 },
  ],
  [
    "a client that no frame can reach is reached by broadcast",
    {
      kind: "link",
      interfaceIndex: 3,
      address: leaseAddress,
      port: 68,
      hardware: new Uint8Array(8),
    },
    0xffff_ffff,
    { to: 0xffff_ffff, port: 68, source: serverAddress, device: 3 },
  ],
])("%s", (_name, destination, asked, expected) => {
  const { receive, sent } = setUp(() => reply(MessageType.offer, { destination }));
  receive({ ...discover, destination: asked });
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject(expected);
});

test("a client without an address gets a frame, and nothing else", () => {
  const { receive, sent, frames } = setUp(() =>
    reply(MessageType.offer, {
      destination: {
        kind: "link",
        interfaceIndex: 3,
        address: leaseAddress,
        port: 68,
        hardware: clientMac,
      },
    }),
  );
  receive(discover);
  expect(frames).toEqual([leaseAddress]);
  expect(sent).toEqual([]);
});

test.each<[string, Partial<OutgoingPacket>]>([
  [
    "an echoed option 82 is longer than the datagram",
    {
      options: [
        { code: OptionCode.messageType, value: Uint8Array.of(MessageType.offer) },
        { code: OptionCode.relayAgentInformation, value: new Uint8Array(4000) },
      ],
    },
  ],
  ["a configured file name is longer than its field", { file: new Uint8Array(129).fill(97) }],
])("a reply that cannot be encoded is counted, not thrown: %s", (_name, extra) => {
  const { receive, sent, counters } = setUp(() =>
    reply(MessageType.offer, { reply: message(MessageType.offer, extra) }),
  );
  receive(discover);
  expect(sent).toEqual([]);
  expect(counters.droppedFor("reply-does-not-fit")).toBe(1);
});

const ping: Outcome = {
  kind: "ping",
  ticket: 5,
  address: leaseAddress,
  timeoutMs: 1000,
  changes: [],
  log: undefined,
};

test("DHCP-14: an OFFER waits for its ping, and nobody waits with it", () => {
  let first = true;
  const { receive, events, clock } = setUp(
    () => {
      const outcome = first ? ping : reply(MessageType.offer);
      first = false;
      return outcome;
    },
    { pings: true },
  );
  receive(discover, discover);
  expect(events).toEqual(["echo 0", "queue 2", "flush"]);
  clock.advance(990);
  receive();
  expect(events).toHaveLength(3);
  clock.advance(20);
  receive();
  expect(events.slice(3)).toEqual(["queue 2", "flush"]);
});

test("DHCP-14: an answered ping abandons the address on disk; a stranger's answer does not", () => {
  const { receive, events, echoes, clock, counters } = setUp(() => ping, { pings: true });
  receive(discover);
  echoes.push({ source: leaseAddress + 1, id: 77, sequence: 0 });
  echoes.push({ source: leaseAddress, id: 78, sequence: 0 });
  receive();
  expect(events).toEqual(["echo 0"]);
  echoes.push({ source: leaseAddress, id: 77, sequence: 0 });
  receive();
  expect(events).toEqual(["echo 0", "answered", "append", "commit"]);
  expect(counters.pingsAnswered).toBe(1);
  clock.advance(2000);
  receive();
  expect(events).toHaveLength(4);
});

test("without raw ICMP an address is offered at once", () => {
  const { receive, events } = setUp(() => ping);
  receive(discover);
  expect(events).toEqual(["queue 2", "flush"]);
});

describe("a packet that the engine breaks on", () => {
  const poison = {
    bytes: bytesOf(message(MessageType.request, { chaddr: Uint8Array.of(2, 0xde, 0xad) })),
  };
  const breaking = (arrival: Arrival): Outcome => {
    if (arrival.packet.chaddr[1] === 0xde) throw new TypeError("a bug");
    return answer(arrival);
  };

  test("ends the loop without a quarantine", () => {
    expect(() => setUp(breaking).receive(poison)).toThrow("a bug");
  });

  test("is dropped, counted, kept and told; the others of its batch are answered", () => {
    const { receive, events, counters, kept, complaints } = setUp(breaking, { contains: true });
    receive(request, poison, request);
    // What its decision has changed by then is committed with the batch.
    const decided = ["append", "give up", "append", "append"];
    const answered = ["commit", "durable", "queue 5", "durable", "queue 5", "flush"];
    expect(events).toEqual([...decided, ...answered]);
    expect(counters.droppedFor("undecidable")).toBe(1);
    expect(kept).toMatchObject([{ sourceAddress: relayAddress, interfaceIndex: served.index }]);
    expect(kept[0].bytes).toEqual(poison.bytes);
    expect(complaints).toEqual([expect.stringMatching(/^1 packet was dropped .*TypeError: a bug/)]);
  });

  test("is dropped undecided when it comes again, whatever its xid", () => {
    const { receive, events, counters } = setUp(breaking, { contains: true });
    receive(poison);
    events.length = 0;
    const again = poison.bytes.slice();
    again[4] = 99;
    receive(poison, { bytes: again }, discover);
    expect(events).toEqual(["queue 2", "flush"]);
    expect(counters.droppedFor("quarantined")).toBe(2);
    expect(counters.droppedFor("undecidable")).toBe(1);
  });

  test("is one whose ACK cannot be made as well", () => {
    const { reply: acknowledged, ...ack } = reply(MessageType.ack) as Reply;
    const unmakeable = (arrival: Arrival): Outcome =>
      arrival.packet.chaddr[1] === 0xde
        ? { ...ack, reply: { ...acknowledged, options: undefined as never } }
        : answer(arrival);
    expect(() => setUp(unmakeable).receive(poison)).toThrow(TypeError);

    const inPlace = setUp(unmakeable, { contains: true });
    inPlace.receive(request, poison, request);
    expect(inPlace.events.filter((event) => event === "queue 5")).toHaveLength(2);
    expect(inPlace.counters.droppedFor("undecidable")).toBe(1);

    const disk = { isDone: true };
    const held = setUp(unmakeable, { contains: true, disk });
    held.receive(...Array.from({ length: 40 }, () => request), poison);
    held.receive();
    expect(held.events.filter((event) => event === "queue 5")).toHaveLength(40);
    expect(held.counters.droppedFor("undecidable")).toBe(1);
  });

  test.each([[[0]], [[0, 7]]])(
    "is one whose lease cannot be written: nothing of it is promised (%j)",
    (broken) => {
      const onAppend = (index: number): void => {
        if (broken.includes(index)) throw new RangeError("no such date");
      };
      const { receive, events, counters } = setUp(answer, { contains: true, onAppend });
      receive(request, discover);
      expect(events).toEqual(["give up", "queue 2", "flush", "commit"]);
      expect(counters.droppedFor("undecidable")).toBe(1);
    },
  );
});

test("an exception that no packet is the cause of ends the loop, with a quarantine too", () => {
  const { receive, failCommits } = setUp(answer, { contains: true });
  failCommits(new TypeError("broken"));
  expect(() => receive(request)).toThrow("broken");
});
