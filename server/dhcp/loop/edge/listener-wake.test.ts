import { writeSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { nullLogger } from "../../../../base/log.ts";
import { describeUnless } from "../../../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../../../base/net/kernel/libc.ts";
import { openUdpSocket, type UdpSocket, waitReadable } from "../../../../base/net/udp-socket.ts";
import { WakePipe } from "../../../../base/net/wake-pipe.ts";
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
import type { LeaseStore } from "../../../lease/store/lease-store.ts";
import type { DhcpEngineApi } from "../../decide/engine.ts";
import type { LocalInterface } from "../../exchange/outcome.ts";
import { DhcpCounters } from "../counters.ts";
import { ReplySender } from "../reply-sender.ts";
import { DhcpListener } from "./listener.ts";

const loopback = 0x7f00_0001;
const lo: LocalInterface = {
  index: 1,
  name: "lo",
  addresses: [{ address: loopback, mask: 0xff00_0000 }],
  hardwareAddress: new Uint8Array(6),
};

function message(op: number, xid: number, type: number): OutgoingPacket {
  const empty = new Uint8Array(0);
  return {
    ...{ op, htype: 1, hops: 0, xid, secs: 0, flags: 0, ciaddr: 0, yiaddr: 0, siaddr: 0 },
    ...{ giaddr: loopback, chaddr: Uint8Array.of(2, 0, 0, 0, 0, 9), sname: empty, file: empty },
    options: [{ code: OptionCode.messageType, value: Uint8Array.of(type) }],
  };
}

/** The loop between a relay and a disk that is done when the test says so. */
async function setUp() {
  const open = (): Promise<UdpSocket> =>
    openUdpSocket({ address: loopback, port: 0, backend: "batch" });
  const [socket, relay] = await Promise.all([open(), open()]);
  const wake = new WakePipe();
  const disk = { isDone: false, begun: 0, waits: new Set<number>() };
  const store: LeaseStore = {
    durability: "fsync",
    append: () => expect.fail("the loop knows no records"),
    appendLease: () => undefined,
    commit: () => undefined,
    beginCommit: () => {
      disk.isDone = false;
      disk.begun += 1;
      return false;
    },
    endCommit: (msMax) => {
      disk.waits.add(msMax);
      return disk.isDone;
    },
    maintain: () => false,
    close: () => undefined,
  };
  const engine: DhcpEngineApi = {
    respond: ({ packet }) => {
      const isRequest = messageType(packet) === MessageType.request;
      return {
        kind: "reply",
        reply: message(2, packet.xid, isRequest ? MessageType.ack : MessageType.offer),
        limits: defaultEncodeLimits,
        destination: { kind: "relay", address: loopback, port: relay.localPort },
        changes: isRequest ? [packet.xid] : [],
        durable: isRequest,
        leaseIndex: isRequest ? packet.xid : -1,
        log: undefined,
      };
    },
    giveUp: () => [],
    pingAnswered: () => [],
    pingTimedOut: () => expect.fail("nothing is probed"),
    expire: () => [],
  };
  const counters = new DhcpCounters();
  const sender = new ReplySender({
    socket,
    links: { send: () => false },
    interfaces: [lo],
    ownAddresses: new Set([loopback]),
    serverPort: socket.localPort,
    broadcastAddress: 0xffff_ffff,
    counters,
    logger: nullLogger,
  });
  const listener = new DhcpListener({
    ...{ engine, store, socket, sender, counters, wake },
    // Stands still: after the first turn no second begins, and no housekeeping waits for the disk.
    clock: new VirtualClock(),
    leases: { markDurable: () => undefined },
    encoder: sender,
    interfaces: [lo],
    anyInterface: true,
    pinger: undefined,
    logger: nullLogger,
    flushLog: () => undefined,
  });
  const ended = listener.run();
  onTestFinished(async () => {
    disk.isDone = true;
    listener.stop();
    await ended;
    for (const resource of [socket, relay, wake]) resource.close();
  });
  return {
    disk,
    ask: (xid: number, type: number): void => {
      const length = encodePacket(message(1, xid, type), relay.slot(), 0);
      relay.push(length, loopback, socket.localPort);
      relay.flush();
    },
    /** The next replies, as `xid type`; none when nothing comes for a while. */
    replies: async (msMax: number): Promise<readonly string[]> => {
      await waitReadable([relay], msMax);
      return Array.from({ length: relay.receive() }, (_, index) => {
        const packet = decodePacket(relay.bytes(index).slice());
        return `${packet.xid} ${messageType(packet)}`;
      });
    },
    finishSync: (): void => {
      disk.isDone = true;
      writeSync(wake.writeEnd, "w");
    },
  };
}

describeUnless(libcMissingReason(), "the loop beside a slow disk", () => {
  test("an OFFER does not wait for somebody else's sync, and the ACK leaves at its end", async () => {
    const { disk, ask, replies, finishSync } = await setUp();
    ask(1, MessageType.request);
    expect(await replies(50)).toEqual([]);
    for (const xid of [2, 3, 4]) {
      ask(xid, MessageType.discover);
      expect(await replies(20_000)).toEqual([`${xid} ${MessageType.offer}`]);
    }
    finishSync();
    expect(await replies(20_000)).toEqual([`1 ${MessageType.ack}`]);
    expect([...disk.waits]).toEqual([0]);
  });

  test("a REQUEST that comes during a sync is acknowledged by the next one", async () => {
    const { disk, ask, replies, finishSync } = await setUp();
    ask(1, MessageType.request);
    await expect.poll(() => disk.begun).toBe(1);
    ask(2, MessageType.request);
    expect(await replies(20)).toEqual([]);
    finishSync();
    expect(await replies(20_000)).toEqual([`1 ${MessageType.ack}`]);
    await expect.poll(() => disk.begun).toBe(2);
    expect(await replies(50)).toEqual([]);
    finishSync();
    expect(await replies(20_000)).toEqual([`2 ${MessageType.ack}`]);
  });
});
