import { describe, expect, test } from "vitest";
import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { type DhcpPacket, messageType } from "../../../protocol/dhcp/packet.ts";
import { type PersonaKind, PersonaRoll } from "../../../scenarios/population/personas.ts";
import { Population } from "../../../scenarios/population/population.ts";
import { twinCmtsOf } from "../../relay/cmts.ts";
import { Fleet } from "../../worker/fleet.ts";
import { RecordingSink, replyTo } from "../exchange.testing.ts";
import { rfc2131Retry } from "../retry-policy.ts";

const SEED = 7;
const SERVER = 0x7f00_0001;
const DEVICE = 5;
const LEASE_SECONDS = 600;
const population = new Population({
  cableModems: 40,
  mtas: 0,
  cpes: 0,
  smartMeters: 0,
  cmtsCount: 4,
});
const ownCmts = population.cmtsOf(DEVICE);
const ownPool = population.cmts(ownCmts).pools[0];

/** One device of a persona, its sink, and a clock that stands still unless told. */
class Bench {
  readonly sink = new RecordingSink();
  readonly fleet: Fleet;
  nowMs = 1_000_000;

  constructor(kind: PersonaKind | undefined) {
    const shares = kind === undefined ? [] : [{ kind, percent: 100 }];
    this.fleet = new Fleet(
      {
        population,
        seed: SEED,
        servers: [{ address: SERVER, port: 67 }],
        startMs: this.nowMs,
        retransmit: { ...rfc2131Retry, persistent: true },
        personas: new PersonaRoll(shares, population, SEED),
      },
      this.sink,
    );
  }

  discover(): DhcpPacket[] {
    expect(this.fleet.start(DEVICE, "discover", this.nowMs, this.nowMs)).toBe("started");
    return this.take();
  }

  take(): DhcpPacket[] {
    return this.sink.take().map(({ packet }) => packet);
  }

  answer(request: DhcpPacket, type: "offer" | "ack" | "nak", yiaddr = ownPool.low): DhcpPacket[] {
    const fields = { type: MessageType[type], yiaddr, server: SERVER, leaseSeconds: LEASE_SECONDS };
    const reply = replyTo(request, type === "nak" ? { type: fields.type } : fields);
    if (request.giaddr === 0) {
      this.fleet.receiveAtDevice(reply, request.ciaddr, this.nowMs, this.nowMs);
    } else {
      this.fleet.receiveAtRelay(reply, request.giaddr, this.nowMs, this.nowMs);
    }
    return this.take();
  }

  bind(): DhcpPacket[] {
    const [discover] = this.discover();
    const [request] = this.answer(discover!, "offer");
    const rest = this.answer(request!, "ack");
    expect(this.fleet.stateOf(DEVICE)).toBe("bound");
    return rest;
  }

  /** What is sent until `ms` from now, and when, in ms from now. */
  pass(ms: number, stepMs = 50): { atMs: number; packet: DhcpPacket }[] {
    const startMs = this.nowMs;
    const seen: { atMs: number; packet: DhcpPacket }[] = [];
    while (this.nowMs < startMs + ms) {
      this.nowMs += stepMs;
      this.fleet.advance(this.nowMs);
      for (const packet of this.take()) seen.push({ atMs: this.nowMs - startMs, packet });
    }
    return seen;
  }

  get counts() {
    return this.fleet.personaCounts()[0];
  }
}

const typesOf = (packets: readonly DhcpPacket[]) => packets.map(messageType);

describe("what each persona does", () => {
  test("never-renews: not at T1, not when told; it begins anew when its lease is over", () => {
    const bench = new Bench("never-renews");
    bench.bind();
    expect(bench.fleet.start(DEVICE, "renew", bench.nowMs, bench.nowMs)).toBe("not-bound");
    const sent = bench.pass((LEASE_SECONDS + 2) * 1000, 1000);
    expect(typesOf(sent.map(({ packet }) => packet))).toEqual([MessageType.discover]);
    expect(sent[0].atMs).toBeGreaterThanOrEqual(LEASE_SECONDS * 1000);
    expect(bench.sink.surrenders.at(-1)).toMatchObject({ reason: "expired" });
  });

  test("foreign-address: INIT-REBOOT for an address of another network; after the NAK it discovers", () => {
    const bench = new Bench("foreign-address");
    const [reboot] = bench.discover();
    expect(messageType(reboot!)).toBe(MessageType.request);
    const requested = reboot!.options.getUInt32(OptionCode.requestedAddress)!;
    expect(reboot!.options.getUInt32(OptionCode.serverIdentifier)).toBeUndefined();
    expect(population.cmtsOfAddress(requested)).toBe((ownCmts + 1) % 4);
    bench.answer(reboot!, "nak");
    const sent = bench.pass(11_000);
    expect(messageType(sent[0].packet)).toBe(MessageType.discover);
    expect(bench.counts).toMatchObject({ naks: 1, timeouts: 0 });
  });

  test("foreign-address: a server that acknowledges it is found out", () => {
    const bench = new Bench("foreign-address");
    const [reboot] = bench.discover();
    bench.answer(reboot!, "ack", reboot!.options.getUInt32(OptionCode.requestedAddress)!);
    expect(bench.sink.anomalies).toMatchObject([{ kind: "address-outside-network" }]);
  });

  test("ignores-nak: repeats the REQUEST after every NAK, gives up as without an answer, discovers", () => {
    const bench = new Bench("ignores-nak");
    const [reboot] = bench.discover();
    expect(bench.answer(reboot!, "nak")).toEqual([]);
    const types: number[] = [];
    for (let second = 0; second < 150 && !types.includes(MessageType.discover); second += 1) {
      for (const { packet } of bench.pass(1000)) {
        types.push(messageType(packet)!);
        if (messageType(packet) === MessageType.request) bench.answer(packet, "nak");
      }
    }
    expect(types).toEqual([...Array(4).fill(MessageType.request), MessageType.discover]);
    expect(bench.counts).toMatchObject({ naks: 5, retransmissions: 5 });
  });

  test("decline-loop: declines three addresses, waits 1, 2 and 4 s, and keeps the fourth", () => {
    const bench = new Bench("decline-loop");
    let [discover] = bench.discover();
    for (const [round, waitMs] of [1000, 2000, 4000].entries()) {
      const [request] = bench.answer(discover!, "offer", ownPool.low + round);
      const [decline] = bench.answer(request!, "ack", ownPool.low + round);
      expect(messageType(decline!)).toBe(MessageType.decline);
      expect(decline!.options.getUInt32(OptionCode.requestedAddress)).toBe(ownPool.low + round);
      const [next] = bench.pass(waitMs);
      expect(next!.atMs).toBeGreaterThan(waitMs - 60);
      discover = next!.packet;
      expect(discover.xid).not.toBe(decline!.xid);
    }
    const [request] = bench.answer(discover!, "offer", ownPool.low + 3);
    expect(bench.answer(request!, "ack", ownPool.low + 3)).toEqual([]);
    expect(bench.fleet.addressOf(DEVICE)).toBe(ownPool.low + 3);
    expect(bench.counts).toMatchObject({ declines: 3, completed: 1, bound: 1 });
    expect(bench.sink.surrenders).toHaveLength(3);
    expect(bench.sink.acknowledgements).toHaveLength(4);
  });

  test("impatient: a copy every 200 ms, five of a message, and on", () => {
    const bench = new Bench("impatient");
    const [first] = bench.discover();
    const sent = bench.pass(2000);
    expect(sent.map(({ atMs }) => atMs)).toEqual(
      Array.from({ length: 10 }, (_, n) => 200 * (n + 1)),
    );
    expect(sent.filter(({ packet }) => packet.xid === first!.xid)).toHaveLength(4);
  });

  test("request-storm: ten more copies of the acknowledged REQUEST, and their ACKs change nothing", () => {
    const bench = new Bench("request-storm");
    const storm = bench.bind();
    expect(typesOf(storm)).toEqual(Array(10).fill(MessageType.request));
    expect(new Set(storm.map(({ xid }) => xid)).size).toBe(1);
    expect(bench.answer(storm[0], "ack")).toEqual([]);
    expect(bench.fleet.ignored.unexpected).toBe(1);
    expect(bench.counts).toMatchObject({ completed: 1, bound: 1 });
  });

  test("wrong-relay-port: every relayed message, and no other, leaves from there", () => {
    const bench = new Bench("wrong-relay-port");
    bench.fleet.start(DEVICE, "discover", bench.nowMs, bench.nowMs);
    const [sent] = bench.sink.take();
    expect(sent).toMatchObject({ isFromWrongPort: true, cmts: ownCmts });
    const [request] = bench.answer(sent!.packet, "offer");
    bench.answer(request!, "ack");
    bench.fleet.start(DEVICE, "renew", bench.nowMs, bench.nowMs);
    expect(bench.sink.take()[0]).not.toHaveProperty("isFromWrongPort");
  });

  test("duplicate-mac: the twin asks on the next CMTS and has a lease of its own", () => {
    const bench = new Bench("duplicate-mac");
    const [own, twins] = bench.discover();
    const twinCmts = twinCmtsOf(population, DEVICE);
    expect([own!.giaddr, twins!.giaddr]).toEqual(
      [ownCmts, twinCmts].map((cmts) => population.cmts(cmts).giaddr),
    );
    expect(twins!.chaddr).toEqual(own!.chaddr);
    const twinAddress = population.cmts(twinCmts).pools[0].low;
    const [twinRequest] = bench.answer(twins!, "offer", twinAddress);
    expect(twinRequest).toMatchObject({ giaddr: twins!.giaddr, xid: own!.xid });
    const [request] = bench.answer(own!, "offer");
    bench.answer(twinRequest!, "ack", twinAddress);
    bench.answer(request!, "ack");
    expect(bench.fleet.addressOf(DEVICE)).toBe(ownPool.low);
    expect(bench.sink.twinAcknowledgements).toMatchObject([
      { device: DEVICE, address: twinAddress },
    ]);
    expect(bench.sink.anomalies).toEqual([]);
    // An address of the device's own network is none for the twin.
    bench.answer(twinRequest!, "ack", ownPool.low + 1);
    expect(bench.sink.anomalies).toMatchObject([{ kind: "address-outside-network" }]);
  });

  for (const kind of [
    "giant-packets",
    "no-client-id",
    "changing-client-id",
    "byte-swapped-secs",
  ] as const) {
    test(`${kind}: binds, renews and is counted`, () => {
      const bench = new Bench(kind);
      bench.bind();
      bench.fleet.start(DEVICE, "renew", bench.nowMs, bench.nowMs);
      const [renewal] = bench.take();
      bench.answer(renewal!, "ack");
      expect(bench.counts).toMatchObject({ completed: 2, bound: 1 });
    });
  }

  test("a changing client-id holds for a boot and its renewals", () => {
    const bench = new Bench("changing-client-id");
    const idOf = (packet: DhcpPacket) => `${packet.options.get(OptionCode.clientIdentifier)}`;
    const [first] = bench.discover();
    const [request] = bench.answer(first!, "offer");
    expect(idOf(request!)).toBe(idOf(first!));
    bench.answer(request!, "ack");
    bench.fleet.start(DEVICE, "renew", bench.nowMs, bench.nowMs);
    const [renewal] = bench.take();
    expect(idOf(renewal!)).toBe(idOf(first!));
    bench.answer(renewal!, "ack");
    expect(idOf(bench.discover()[0])).not.toBe(idOf(first!));
  });

  test("without a persona nothing of it happens", () => {
    const bench = new Bench(undefined);
    expect(bench.bind()).toEqual([]);
    expect(bench.fleet.personaCounts()).toEqual([]);
  });
});

describe("who has which persona", () => {
  const many = new Population({
    cableModems: 1000,
    mtas: 300,
    cpes: 0,
    smartMeters: 200,
    cmtsCount: 4,
  });
  const shares = [
    { kind: "impatient", percent: 2 },
    { kind: "never-renews", percent: 10, of: "smart-meter" },
    { kind: "giant-packets", percent: 0.5, of: "cable-modem" },
  ] as const;

  test("exact shares of each kind, nobody twice, the seed decides", () => {
    const roll = new PersonaRoll(shares, many, SEED);
    expect(roll.devicesOf).toEqual([30, 20, 5]);
    const found = Array.from({ length: many.size }, (_, device) => roll.shareOf(device));
    expect([0, 1, 2].map((index) => found.filter((share) => share === index).length)).toEqual([
      30, 20, 5,
    ]);
    found.forEach((share, device) => {
      const { of } = { of: undefined, ...shares[share] };
      if (of !== undefined) expect(many.kindOf(device)).toBe(of);
    });
    const again = new PersonaRoll(shares, many, SEED);
    const other = new PersonaRoll(shares, many, SEED + 1);
    const of = (each: PersonaRoll) => found.map((_, device) => each.personaOf(device));
    expect(of(again)).toEqual(of(roll));
    expect(of(other)).not.toEqual(of(roll));
  });

  test("more than all of a kind is refused", () => {
    const tooMuch = [{ kind: "impatient", percent: 95 } as const, shares[1]];
    expect(() => new PersonaRoll(tooMuch, many, SEED)).toThrow(
      "personas are 105 % of each smart-meter",
    );
  });
});
