import { beforeEach, describe, expect, test } from "vitest";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { type DhcpPacket, messageType } from "../../protocol/dhcp/packet.ts";
import { Population } from "../../scenarios/population/population.ts";
import {
  RecordingSink,
  type ReplyFields,
  replyTo,
  type SentPacket,
} from "../device/exchange.testing.ts";
import type { DhcpExchange } from "../device/exchange.ts";
import { rfc2131Retry } from "../device/retry-policy.ts";
import { Fleet, type FleetPlan } from "./fleet.ts";

const population = new Population({
  cableModems: 40,
  mtas: 10,
  cpes: 10,
  smartMeters: 10,
  cmtsCount: 4,
});
const SERVER = 0x7f00_0001;
const LEASE_SECONDS = 8000;
const START_MS = 1_000_000;
const MODEM = 6;
const ADDRESS = population.cmts(population.cmtsOf(MODEM)).pools[0].low;
const GIADDR = population.cmts(population.cmtsOf(MODEM)).giaddr;

let sink: RecordingSink;
let fleet: Fleet;
let nowMs: number;

function build(changes: Partial<FleetPlan> = {}): void {
  sink = new RecordingSink();
  nowMs = START_MS;
  const servers = [{ address: SERVER, port: 6700 }];
  fleet = new Fleet({ population, seed: 7, servers, startMs: START_MS, ...changes }, sink);
}

beforeEach(() => build());

function passMs(ms: number): void {
  nowMs += ms;
  fleet.advance(nowMs);
}

function passSeconds(seconds: number): void {
  // In steps of a second, as an edge would, so that timers that set timers are seen in order.
  for (let second = 0; second < seconds; second += 1) passMs(1000);
}

function only(sent: readonly SentPacket[]): SentPacket {
  expect(sent).toHaveLength(1);
  return sent[0];
}

function relayReply(request: DhcpPacket, fields: ReplyFields): void {
  fleet.receiveAtRelay(replyTo(request, fields), request.giaddr, nowMs, nowMs - 0.25);
}

function deviceReply(request: DhcpPacket, fields: ReplyFields): void {
  fleet.receiveAtDevice(replyTo(request, fields), request.ciaddr, nowMs, nowMs - 0.25);
}

const offer = { type: MessageType.offer, yiaddr: ADDRESS, server: SERVER, leaseSeconds: 8000 };
const ack = { ...offer, type: MessageType.ack };

/** Takes the modem through a whole acquisition; the answers come without delay. */
function bind(changes: Partial<ReplyFields> = {}): void {
  expect(fleet.start(MODEM, "discover", nowMs, nowMs)).toBe("started");
  relayReply(only(sink.take()).packet, offer);
  relayReply(only(sink.take()).packet, { ...ack, ...changes });
  expect(fleet.stateOf(MODEM)).toBe("bound");
}

describe("acquiring an address (RFC 2131 section 3.1)", () => {
  test("Discover, Offer, Request, Ack, all through the CMTS", () => {
    fleet.start(MODEM, "discover", nowMs - 3, nowMs);
    const discover = only(sink.take());
    expect(messageType(discover.packet)).toBe(MessageType.discover);
    expect(discover).toMatchObject({ cmts: 2, destination: SERVER, port: 6700 });
    expect(discover.packet).toMatchObject({ giaddr: GIADDR, hops: 1, ciaddr: 0, secs: 0 });
    passMs(1700);
    relayReply(discover.packet, offer);
    const request = only(sink.take()).packet;
    expect(messageType(request)).toBe(MessageType.request);
    expect(request.options.getUInt32(OptionCode.serverIdentifier)).toBe(SERVER);
    expect(request.options.getUInt32(OptionCode.requestedAddress)).toBe(ADDRESS);
    expect(request).toMatchObject({ xid: discover.packet.xid, ciaddr: 0, secs: 0 });
    passMs(2);
    relayReply(request, ack);
    expect(sink.completions).toEqual([
      {
        device: MODEM,
        kind: "discover",
        origin: "scenario",
        intendedAtMs: START_MS - 3,
        sentAtMs: START_MS,
        receivedAtMs: nowMs - 0.25,
      },
    ]);
    expect(sink.acknowledgements).toEqual([
      {
        device: MODEM,
        address: ADDRESS,
        leaseSeconds: LEASE_SECONDS,
        leaseStartMs: START_MS + 1700,
        receivedAtMs: nowMs - 0.25,
      },
    ]);
    expect(fleet.addressOf(MODEM)).toBe(ADDRESS);
    expect(fleet.leaseEndsAtMs(MODEM)).toBe(START_MS + 1700 + LEASE_SECONDS * 1000);
    expect(fleet.bound).toBe(1);
    expect(sink.anomalies).toEqual([]);
  });

  test("DISCOVER is repeated after 4, 8, 16 and 32 s, give or take one, with one xid", () => {
    fleet.start(MODEM, "discover", nowMs, nowMs);
    const sentAtMs = [0];
    const packets = [only(sink.take()).packet];
    for (let ms = 0; ms < 70_000; ms += 100) {
      passMs(100);
      for (const { packet } of sink.take()) {
        sentAtMs.push(nowMs - START_MS);
        packets.push(packet);
      }
    }
    const delays = sentAtMs.slice(1).map((at, index) => at - sentAtMs[index]);
    expect(delays).toHaveLength(4);
    for (const [index, delay] of delays.entries()) {
      expect(Math.abs(delay - 4000 * 2 ** index)).toBeLessThanOrEqual(1100);
    }
    expect(new Set(packets.map(({ xid }) => xid)).size).toBe(1);
    expect(packets.map(({ secs }) => secs)).toEqual(sentAtMs.map((at) => Math.floor(at / 1000)));
    expect(sink.retransmissions).toBe(4);
  });

  test("without an answer it fails as a timeout, and sends no more", () => {
    fleet.start(MODEM, "discover", nowMs - 5, nowMs);
    passSeconds(200);
    expect(sink.failures).toMatchObject([
      { device: MODEM, kind: "discover", reason: "timeout", intendedAtMs: START_MS - 5 },
    ]);
    expect(sink.take()).toHaveLength(5);
    expect(fleet.stateOf(MODEM)).toBe("init");
    expect(fleet.nextDueMs()).toBeUndefined();
  });

  test("a persistent device starts over with another xid, and never fails", () => {
    build({ retransmit: { ...rfc2131Retry, persistent: true } });
    fleet.start(MODEM, "discover", nowMs, nowMs);
    passSeconds(300);
    const xids = new Set(sink.take().map(({ packet }) => packet.xid));
    expect(xids.size).toBeGreaterThanOrEqual(2);
    expect(sink.failures).toEqual([]);
  });

  test("REQUEST is repeated with the secs of its DISCOVER", () => {
    fleet.start(MODEM, "discover", nowMs, nowMs);
    passSeconds(6);
    const [, second] = sink.take();
    relayReply(second.packet, offer);
    passSeconds(6);
    const requests = sink.take().map(({ packet }) => packet);
    expect(requests.map(messageType)).toEqual([MessageType.request, MessageType.request]);
    expect(requests.map(({ secs }) => secs)).toEqual([second.packet.secs, second.packet.secs]);
    // The lease counts from the first copy, which the server may be answering.
    relayReply(requests[1], ack);
    expect(sink.acknowledgements[0].leaseStartMs).toBe(START_MS + 6000);
  });

  test("a NAK to the REQUEST begins the same exchange anew after 1 to 10 s", () => {
    fleet.start(MODEM, "discover", nowMs, nowMs);
    relayReply(only(sink.take()).packet, offer);
    relayReply(only(sink.take()).packet, { type: MessageType.nak });
    expect(sink.refusals).toBe(1);
    expect(fleet.start(MODEM, "discover", nowMs, nowMs)).toBe("busy");
    passMs(999);
    expect(sink.take()).toEqual([]);
    passSeconds(9);
    const again = sink.take()[0].packet;
    relayReply(again, offer);
    relayReply(only(sink.take().slice(-1)).packet, ack);
    expect(sink.completions).toMatchObject([{ kind: "discover", intendedAtMs: START_MS }]);
    expect(sink.anomalies).toEqual([]);
  });

  test("NAK after NAK ends as a failure", () => {
    fleet.start(MODEM, "discover", nowMs, nowMs);
    for (let round = 0; round < 60 && sink.failures.length === 0; round += 1) {
      for (const { packet } of sink.take()) {
        const isDiscover = messageType(packet) === MessageType.discover;
        relayReply(packet, isDiscover ? offer : { type: MessageType.nak });
      }
      passSeconds(1);
    }
    expect(sink.failures).toMatchObject([{ kind: "discover", reason: "nak" }]);
    expect(sink.refusals).toBe(1 + 3);
  });

  test("every server gets a copy, the first offer is taken, its server alone is asked", () => {
    const servers = [
      { address: SERVER, port: 6700 },
      { address: SERVER + 1, port: 6701 },
    ];
    build({ servers });
    fleet.start(MODEM, "discover", nowMs, nowMs);
    const copies = sink.take();
    expect(copies.map(({ destination, port }) => [destination, port])).toEqual([
      [SERVER, 6700],
      [SERVER + 1, 6701],
    ]);
    expect(copies[1].packet.bytes).toEqual(copies[0].packet.bytes);
    relayReply(copies[0].packet, { ...offer, server: SERVER + 1 });
    relayReply(copies[0].packet, offer);
    expect(fleet.ignored.unexpected).toBe(1);
    const requests = sink.take();
    expect(requests.map(({ packet }) => packet.options.getUInt32(54))).toEqual([
      SERVER + 1,
      SERVER + 1,
    ]);
    relayReply(requests[0].packet, { ...ack, server: SERVER + 1 });
    fleet.start(MODEM, "renew", nowMs, nowMs);
    expect(only(sink.take())).toMatchObject({ destination: SERVER + 1, port: 6701 });
  });
});

describe("keeping an address (RFC 2131 section 4.4.5)", () => {
  test("at T1 the device renews by itself, unicast from its own address", () => {
    bind();
    passSeconds(LEASE_SECONDS / 2 - 1);
    expect(sink.take()).toEqual([]);
    passSeconds(1);
    const renewal = only(sink.take());
    expect(renewal).toMatchObject({ source: ADDRESS, destination: SERVER, port: 6700 });
    expect(renewal.packet).toMatchObject({ ciaddr: ADDRESS, giaddr: 0, hops: 0 });
    for (const code of [OptionCode.serverIdentifier, OptionCode.requestedAddress, 82]) {
      expect(renewal.packet.options.has(code)).toBe(false);
    }
    expect(fleet.stateOf(MODEM)).toBe("renewing");
    deviceReply(renewal.packet, ack);
    expect(fleet.stateOf(MODEM)).toBe("bound");
    expect(sink.completions.slice(1)).toMatchObject([{ kind: "renew", origin: "device" }]);
    passSeconds(LEASE_SECONDS / 2);
    expect(sink.take()).toHaveLength(1);
  });

  test("T1 and T2 of the server are used when they are in order", () => {
    bind({ renewalSeconds: 100, rebindingSeconds: 200 });
    passSeconds(100);
    expect(only(sink.take()).source).toBe(ADDRESS);
    passSeconds(100);
    const rebinding = sink.take().at(-1);
    expect(rebinding?.cmts).toBe(2);
    expect(rebinding?.packet).toMatchObject({ ciaddr: ADDRESS, giaddr: GIADDR });
    expect(fleet.stateOf(MODEM)).toBe("rebinding");
  });

  test("unanswered: half of the rest each time, T2, rebinding, expiry, a new start", () => {
    bind();
    const sent: [number, string][] = [];
    for (let second = 0; second < LEASE_SECONDS; second += 1) {
      passSeconds(1);
      for (const { source } of sink.take()) {
        sent.push([(nowMs - START_MS) / 1000, source === undefined ? "relay" : "device"]);
      }
    }
    // T1 4000, T2 7000, end 8000: 1500 of 3000 s, 750, ... never below 60 s.
    expect(sent.slice(0, 3)).toEqual([
      [4000, "device"],
      [5500, "device"],
      [6250, "device"],
    ]);
    const rebindings = sent.filter(([at, via]) => via === "relay" && at < LEASE_SECONDS);
    expect(rebindings.slice(0, 2)).toEqual([
      [7000, "relay"],
      [7500, "relay"],
    ]);
    const inRenewing = sent.map(([at]) => at).filter((at) => at < 7000);
    const gaps = inRenewing.slice(1).map((at, index) => at - inRenewing[index]);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(60);
    expect(sink.failures).toMatchObject([{ kind: "renew", origin: "device", reason: "expired" }]);
    expect(sink.surrenders).toEqual([{ device: MODEM, address: ADDRESS, reason: "expired" }]);
    expect(fleet.stateOf(MODEM)).toBe("selecting");
  });

  test("without autonomy nothing happens at T1, and the lease still ends", () => {
    build({ ownTimers: false });
    bind();
    passSeconds(LEASE_SECONDS - 1);
    expect(fleet.stateOf(MODEM)).toBe("bound");
    passSeconds(1);
    expect(fleet.stateOf(MODEM)).toBe("init");
    expect(sink.take()).toEqual([]);
    expect(fleet.nextDueMs()).toBeUndefined();
  });

  test("an endless lease has no timer", () => {
    bind({ leaseSeconds: 0xffff_ffff });
    expect(fleet.leaseEndsAtMs(MODEM)).toBe(Number.POSITIVE_INFINITY);
    expect(fleet.nextDueMs()).toBeUndefined();
  });

  test("a lease of one second is no busy loop", () => {
    bind({ leaseSeconds: 1 });
    for (let step = 0; step < 100; step += 1) passMs(10);
    expect(sink.take().length).toBeLessThanOrEqual(1);
  });

  test("a renewal that the scenario wants is repeated like an acquisition, then fails", () => {
    bind();
    expect(fleet.start(MODEM, "renew", nowMs, nowMs)).toBe("started");
    passSeconds(200);
    expect(sink.take()).toHaveLength(5);
    expect(sink.failures).toMatchObject([{ kind: "renew", origin: "scenario", reason: "timeout" }]);
    expect(fleet.stateOf(MODEM)).toBe("bound");
    expect(fleet.addressOf(MODEM)).toBe(ADDRESS);
    passSeconds(LEASE_SECONDS / 2 - 200);
    expect(fleet.stateOf(MODEM)).toBe("renewing");
  });

  for (const [kind, state, hasCiaddr, requested] of [
    ["rebind", "rebinding", true, undefined],
    ["reboot", "rebooting", false, ADDRESS],
  ] as const) {
    test(`${kind} goes through the relay and is completed by an ACK`, () => {
      bind();
      expect(fleet.start(MODEM, kind, nowMs, nowMs)).toBe("started");
      expect(fleet.stateOf(MODEM)).toBe(state);
      const { packet, cmts } = only(sink.take());
      expect(cmts).toBe(2);
      expect(packet.ciaddr).toBe(hasCiaddr ? ADDRESS : 0);
      expect(packet.options.getUInt32(OptionCode.requestedAddress)).toBe(requested);
      expect(packet.options.has(OptionCode.serverIdentifier)).toBe(false);
      relayReply(packet, ack);
      expect(sink.completions.at(-1)).toMatchObject({ kind, device: MODEM });
      expect(sink.anomalies).toEqual([]);
    });
  }
});

describe("giving an address up", () => {
  test("release is unicast with the server's identifier, and final", () => {
    bind();
    fleet.start(MODEM, "release", nowMs, nowMs);
    const { packet, source } = only(sink.take());
    expect(messageType(packet)).toBe(MessageType.release);
    expect(source).toBe(ADDRESS);
    expect(packet.options.getUInt32(OptionCode.serverIdentifier)).toBe(SERVER);
    expect(packet.options.has(OptionCode.requestedAddress)).toBe(false);
    expect(sink.surrenders).toMatchObject([{ reason: "released", address: ADDRESS }]);
    expect(sink.completions.at(-1)).toMatchObject({ kind: "release" });
    expect(fleet.nextDueMs()).toBeUndefined();
  });

  test("a conflict is declined, and the next DISCOVER waits ten seconds", () => {
    bind();
    expect(fleet.conflict(MODEM, nowMs)).toBe("started");
    const { packet, cmts } = only(sink.take());
    expect(messageType(packet)).toBe(MessageType.decline);
    expect(cmts).toBe(2);
    expect(packet.ciaddr).toBe(0);
    expect(packet.options.getUInt32(OptionCode.requestedAddress)).toBe(ADDRESS);
    expect(sink.surrenders).toMatchObject([{ reason: "declined" }]);
    passMs(9999);
    expect(sink.take()).toEqual([]);
    passMs(2);
    expect(messageType(only(sink.take()).packet)).toBe(MessageType.discover);
  });

  test("a power cut says nothing, stops everything, and fails what was under way", () => {
    bind();
    fleet.start(MODEM, "renew", nowMs, nowMs);
    sink.take();
    fleet.powerOff(MODEM, nowMs);
    expect(sink.take()).toEqual([]);
    expect(sink.failures).toMatchObject([{ kind: "renew", reason: "abandoned" }]);
    expect(sink.surrenders).toMatchObject([{ reason: "restarted", address: ADDRESS }]);
    expect(fleet.nextDueMs()).toBeUndefined();
    fleet.powerOff(MODEM, nowMs);
    expect(sink.surrenders).toHaveLength(1);
  });

  test("DISCOVER by a bound device gives its address up first", () => {
    bind();
    fleet.start(MODEM, "discover", nowMs, nowMs);
    expect(sink.surrenders).toMatchObject([{ reason: "restarted" }]);
    expect(fleet.bound).toBe(0);
  });

  test("a NAK to a renewal: lease lost, an anomaly, and a new start", () => {
    bind();
    fleet.start(MODEM, "renew", nowMs, nowMs);
    deviceReply(only(sink.take()).packet, { type: MessageType.nak });
    expect(sink.anomalies).toEqual([{ kind: "nak-unexpected", device: MODEM, address: ADDRESS }]);
    expect(sink.failures).toMatchObject([{ kind: "renew", reason: "nak" }]);
    expect(sink.surrenders).toMatchObject([{ reason: "nak" }]);
    passSeconds(11);
    expect(messageType(sink.take()[0].packet)).toBe(MessageType.discover);
    expect(fleet.exchangeOf(MODEM)).toBe("discover");
  });
});

describe("what a wrong server does", () => {
  const other = ADDRESS + 1;
  const elsewhere = population.cmts(0).pools[0].low;
  function discoverWith(fields: ReplyFields): void {
    fleet.start(MODEM, "discover", nowMs, nowMs);
    relayReply(only(sink.take()).packet, offer);
    relayReply(only(sink.take()).packet, fields);
  }
  test("acknowledges what it did not offer", () => {
    discoverWith({ ...ack, yiaddr: other });
    expect(sink.anomalies).toMatchObject([{ kind: "never-offered", address: other }]);
  });
  test("changes the address on renewal", () => {
    bind();
    fleet.start(MODEM, "renew", nowMs, nowMs);
    deviceReply(only(sink.take()).packet, { ...ack, yiaddr: other });
    expect(sink.anomalies).toMatchObject([{ kind: "address-changed", address: other }]);
    expect(fleet.addressOf(MODEM)).toBe(other);
  });
  test("gives an address of another CMTS", () => {
    fleet.start(MODEM, "discover", nowMs, nowMs);
    relayReply(only(sink.take()).packet, { ...offer, yiaddr: elsewhere });
    relayReply(only(sink.take()).packet, { ...ack, yiaddr: elsewhere });
    expect(sink.anomalies).toMatchObject([{ kind: "address-outside-network" }]);
  });
  test("acknowledges without a lease time: not taken", () => {
    const { leaseSeconds: _left, ...incomplete } = ack;
    discoverWith(incomplete);
    expect(sink.anomalies).toMatchObject([{ kind: "option-missing" }]);
    expect(fleet.stateOf(MODEM)).toBe("requesting");
  });
  test("offers without its identifier: not taken", () => {
    const { server: _left, ...incomplete } = offer;
    fleet.start(MODEM, "discover", nowMs, nowMs);
    relayReply(only(sink.take()).packet, incomplete);
    expect(sink.anomalies).toMatchObject([{ kind: "option-missing" }]);
    expect(fleet.stateOf(MODEM)).toBe("selecting");
  });
  test("does not echo option 82", () => {
    fleet.start(MODEM, "discover", nowMs, nowMs);
    relayReply(only(sink.take()).packet, { ...offer, withoutRelayInformation: true });
    expect(sink.anomalies).toMatchObject([{ kind: "relay-information-not-echoed" }]);
  });
});

describe("replies for nobody are counted, and change nothing", () => {
  test("another device's hardware address, a request, another xid, another relay", () => {
    fleet.start(MODEM, "discover", nowMs, nowMs);
    const { packet } = only(sink.take());
    const reply = replyTo(packet, offer);
    const strange = { ...headerOf(reply), chaddr: Uint8Array.of(0, 1, 2, 3, 4, 5) };
    fleet.receiveAtRelay(strange, GIADDR, nowMs, nowMs);
    fleet.receiveAtRelay(packet, GIADDR, nowMs, nowMs);
    expect(fleet.ignored.notOurs).toBe(2);
    fleet.receiveAtRelay({ ...headerOf(reply), xid: reply.xid ^ 1 }, GIADDR, nowMs, nowMs);
    expect(fleet.ignored.staleTransaction).toBe(1);
    fleet.receiveAtRelay(reply, GIADDR + 1, nowMs, nowMs);
    fleet.receiveAtDevice(reply, ADDRESS, nowMs, nowMs);
    expect(fleet.ignored.wrongPath).toBe(2);
    relayReply(packet, ack);
    relayReply(packet, { type: MessageType.nak });
    expect(fleet.ignored.unexpected).toBe(2);
    expect(fleet.stateOf(MODEM)).toBe("selecting");
  });

  test("a second ACK and a late NAK do not touch a bound device", () => {
    fleet.start(MODEM, "discover", nowMs, nowMs);
    relayReply(only(sink.take()).packet, offer);
    const request = only(sink.take()).packet;
    relayReply(request, ack);
    relayReply(request, ack);
    relayReply(request, { type: MessageType.nak });
    expect(fleet.ignored.unexpected).toBe(2);
    expect(sink.acknowledgements).toHaveLength(1);
    expect(fleet.stateOf(MODEM)).toBe("bound");
  });

  // A spread keeps own properties only, and a decoded packet has getters.
  function headerOf(packet: DhcpPacket): DhcpPacket {
    const { op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr } = packet;
    const { chaddr, sname, file, options } = packet;
    const addresses = { ciaddr, yiaddr, siaddr, giaddr };
    return { op, htype, hlen, hops, xid, secs, flags, ...addresses, chaddr, sname, file, options };
  }
});

describe("starts that cannot be", () => {
  for (const kind of ["renew", "rebind", "reboot", "release"] as const) {
    test(`${kind} needs a lease`, () => {
      expect(fleet.start(MODEM, kind, nowMs, nowMs)).toBe("not-bound");
      expect(sink.take()).toEqual([]);
    });
  }
  for (const kind of ["discover", "renew", "release"] as const) {
    test(`${kind} does not interrupt an exchange`, () => {
      bind();
      fleet.start(MODEM, "renew", nowMs, nowMs);
      sink.take();
      expect(fleet.start(MODEM, kind, nowMs, nowMs)).toBe("busy");
      expect(sink.take()).toEqual([]);
    });
  }
  test("a device of another shard is a mistake of the caller", () => {
    build({ shard: { index: 0, count: 4 } });
    expect(fleet.owns(4)).toBe(true);
    expect(fleet.owns(5)).toBe(false);
    expect(() => fleet.start(5, "discover", nowMs, nowMs)).toThrow(RangeError);
  });
  test("no server, or too many", () => {
    expect(() => build({ servers: [] })).toThrow(/1 to 8 servers/);
  });
});

describe("shards", () => {
  const kinds: readonly DhcpExchange[] = ["discover"];
  function played(count: number): Map<number, string> {
    const packets = new Map<number, string>();
    for (let index = 0; index < count; index += 1) {
      build({ shard: { index, count } });
      for (let own = 0; own < fleet.size; own += 1) {
        const device = fleet.deviceAt(own);
        fleet.start(device, kinds[0], nowMs, nowMs);
        packets.set(device, Buffer.from(only(sink.take()).packet.bytes ?? []).toString("hex"));
      }
    }
    return packets;
  }
  test("every device is in one shard, and sends the same on 1 worker or 7", () => {
    const whole = played(1);
    expect(whole.size).toBe(population.size);
    expect(new Map([...played(7)].sort(([a], [b]) => a - b))).toEqual(whole);
  });
  test("a device's shard is the last octets of its MAC modulo the workers", () => {
    build({ shard: { index: 2, count: 3 } });
    for (let own = 0; own < fleet.size; own += 1) {
      const mac = population.macOf(fleet.deviceAt(own));
      expect(((mac[3] << 16) | (mac[4] << 8) | mac[5]) % 3).toBe(2);
    }
  });
});
