import { beforeEach, describe, expect, test } from "vitest";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { messageType } from "../../protocol/dhcp/packet.ts";
import { Population } from "../../scenarios/population/population.ts";
import { RecordingSink, replyTo } from "../device/exchange.testing.ts";
import { Fleet } from "../worker/fleet.ts";
import { WorkerSink } from "../worker/worker-sink.ts";
import { AnswerCounts } from "./answer-counts.ts";
import { Answerers } from "./answerers.ts";
import { mergeOutages, OutageLog, OutageNote, type OutageReport } from "./outage-log.ts";
import { SafetyLog } from "./safety-checker.ts";
import { SecondTally } from "./time-series.ts";

const A = 0x7f00_0001;
const B = 0x7f00_0002;
const START_MS = 5000;

let log: OutageLog;
beforeEach(() => {
  log = new OutageLog([A, B], 100);
  log.begin(START_MS);
});

function notesOf({ notes }: OutageReport): (readonly [string, number, number, number])[] {
  const names = Object.keys(OutageNote);
  return [...notes.what].map((what, index) => [
    names[what],
    notes.device[index],
    notes.sinceMs[index],
    notes.untilMs[index],
  ]);
}

describe("ACKs by server and time", () => {
  test("a bin has their number, the first, the last, and the latest REQUEST", () => {
    for (const [sentMs, atMs] of [
      [3, 25],
      [19, 21.5],
      [7, 29.75],
    ] as const) {
      log.acknowledged(B, START_MS + sentMs, START_MS + atMs);
    }
    const [a, b, others] = log.take(START_MS + 100).servers;
    expect([a!.server, b!.server, others!.server]).toEqual([A, B, 0]);
    expect([a!.count.length, others!.count.length]).toEqual([0, 0]);
    expect([...b!.count]).toEqual([0, 0, 3]);
    expect([b!.firstMs[2], b!.lastMs[2], b!.sentMs[2]]).toEqual([21.5, 29.75, 19]);
  });

  test("what came before the run is left out, and what nobody planned is told apart", () => {
    log.acknowledged(A, 0, START_MS - 1);
    log.acknowledged(77, START_MS, START_MS + 1);
    const [a, , others] = log.take(START_MS + 100).servers;
    expect(a!.count.length).toBe(0);
    expect([...others!.count]).toEqual([1]);
  });

  test("an ACK that its device ignored is told apart", () => {
    log.acknowledged(A, START_MS, START_MS + 1);
    log.acknowledgedAgain(B, START_MS + 0.5, START_MS + 2);
    const { servers, ignored } = log.take(START_MS + 100);
    expect(servers.map(({ count }) => count.length)).toEqual([1, 0, 0]);
    expect(ignored.map(({ count }) => count.length)).toEqual([0, 1, 0]);
    expect(ignored[1].sentMs[0]).toBe(0.5);
  });

  test("a run that is too long is counted as lost, not kept", () => {
    log.acknowledged(A, START_MS, START_MS + 10 * (1 << 20) - 1);
    log.acknowledged(A, START_MS, START_MS + 10 * (1 << 20));
    const report = log.take(START_MS);
    expect(report.servers[0].count.length).toBe(1 << 20);
    expect(report.lost).toBe(1);
  });
});

describe("devices that wait", () => {
  const at = (ms: number): number => START_MS + ms;

  test("from the first exchange without an answer to the ACK, over several exchanges", () => {
    log.retransmitted(7, at(1000));
    log.retransmitted(7, at(1000));
    log.failed(7, "timeout", at(1000), at(9000));
    log.retransmitted(7, at(20_000));
    log.completed(7, at(20_000), at(24_000));
    expect(notesOf(log.take(at(30_000)))).toEqual([
      ["gaveUp", 7, 1000, 9000],
      ["waited", 7, 1000, 24_000],
    ]);
  });

  test("whoever is answered soon did not wait; whoever is answered late did", () => {
    log.completed(1, at(100), at(199));
    log.completed(2, at(100), at(200));
    expect(notesOf(log.take(at(300)))).toEqual([["waited", 2, 100, 200]]);
  });

  test("a NAK ends no wait, a power cut does, a lost lease goes on waiting", () => {
    log.retransmitted(1, at(10));
    log.failed(1, "nak", at(10), at(20));
    log.completed(1, at(30), at(40));
    log.retransmitted(2, at(10));
    log.failed(2, "abandoned", at(10), at(20));
    log.failed(3, "timeout", at(10), at(20));
    log.surrendered(3, "restarted");
    log.failed(4, "expired", at(10), at(50));
    expect(notesOf(log.take(at(300)))).toEqual([
      ["waited", 1, 10, 40],
      ["gaveUp", 3, 10, 20],
      ["expired", 4, 10, 50],
      ["unserved", 4, 10, 300],
    ]);
  });

  test("notes have a limit, and what is beyond it is counted", () => {
    const small = new OutageLog([A], 10, 3);
    small.begin(0);
    for (let device = 0; device < 5; device += 1) small.completed(device, 1, 500);
    const report = small.take(600);
    expect(report.notes.what.length).toBe(3);
    expect(report.lost).toBe(2);
  });
});

test("workers are added by server and bin, their notes put together", () => {
  const other = new OutageLog([A, B], 100);
  other.begin(START_MS);
  log.acknowledged(A, START_MS + 1, START_MS + 12);
  log.completed(1, START_MS, START_MS + 400);
  other.acknowledged(A, START_MS + 4, START_MS + 11);
  other.acknowledged(A, START_MS + 2, START_MS + 35);
  other.completed(2, START_MS, START_MS + 500);
  const merged = mergeOutages([log.take(0), other.take(0)]);
  const [a] = merged.servers;
  expect([...a!.count]).toEqual([0, 2, 0, 1]);
  expect([a!.firstMs[1], a!.lastMs[1], a!.sentMs[1], a!.firstMs[3]]).toEqual([11, 12, 4, 35]);
  expect(notesOf(merged).map(([what, device]) => [what, device])).toEqual([
    ["waited", 1],
    ["waited", 2],
  ]);
});

test("a device whose server is gone: T2 is noted, and it waits from T1 to the other server's ACK", () => {
  const population = new Population({
    cableModems: 4,
    mtas: 0,
    cpes: 0,
    smartMeters: 0,
    cmtsCount: 1,
  });
  const packets = new RecordingSink();
  const socket = { slot: () => new Uint8Array(1500), push: () => {} };
  const own = new OutageLog([A, B], population.size);
  own.begin(START_MS);
  const news = new WorkerSink({
    population,
    ...{ relaySocket: socket, deviceSocket: socket, safety: new SafetyLog() },
    ...{
      answerers: new Answerers([]),
      answers: new AnswerCounts(),
      tally: new SecondTally(),
      outages: own,
    },
  });
  // Packets are looked at, news go where a worker sends them.
  const sink = new Proxy(packets, {
    get: (target, name) => {
      const isNews =
        /^(completed|failed|retransmitted|reachedT2|acknowledged|acknowledgedAgain|surrendered)$/.test(
          String(name),
        );
      const owner: object = isNews ? news : target;
      const value: unknown = Reflect.get(owner, name, owner);
      return typeof value === "function" ? value.bind(owner) : value;
    },
  });
  const servers = [A, B].map((address) => ({ address, port: 67 }));
  const fleet = new Fleet({ population, seed: 3, servers, startMs: START_MS }, sink);
  let nowMs = START_MS;
  const lease = { leaseSeconds: 800, renewalSeconds: 400, rebindingSeconds: 700 };
  const fields = { yiaddr: population.cmts(0).pools[0].low, ...lease };
  const answer = (type: 2 | 5, server: number): void => {
    const { packet } = packets.take()[0];
    fleet.receiveAtRelay(replyTo(packet, { ...fields, type, server }), packet.giaddr, nowMs, nowMs);
  };
  fleet.start(2, "discover", nowMs, nowMs);
  answer(MessageType.offer, A);
  answer(MessageType.ack, A);
  for (; nowMs < START_MS + 699_000; nowMs += 500) fleet.advance(nowMs);
  const unicast = packets.take();
  expect(unicast.length).toBeGreaterThan(1);
  expect(unicast.every(({ destination }) => destination === A)).toBe(true);
  for (; fleet.stateOf(2) !== "rebinding"; nowMs += 500) fleet.advance(nowMs);
  expect(messageType(packets.sent[0].packet)).toBe(MessageType.request);
  expect(packets.sent[0].packet.options.getUInt32(OptionCode.serverIdentifier)).toBeUndefined();
  const rebinding = packets.sent[0].packet;
  answer(MessageType.ack, B);
  // The first server is back, and has the same request in its buffer.
  const second = replyTo(rebinding, { ...fields, type: MessageType.ack, server: A });
  fleet.receiveAtRelay(second, rebinding.giaddr, nowMs + 3, nowMs + 2);
  const report = own.take(nowMs);
  expect(report.ignored.map(({ server, count }) => [server, count.length > 0])).toEqual([
    [A, true],
    [B, false],
    [0, false],
  ]);
  expect(report.ignored[0].sentMs.at(-1)! / 700_000).toBeCloseTo(1, 2);
  const notes = notesOf(report);
  expect(notes.map(([what, device]) => [what, device])).toEqual([
    ["rebinding", 2],
    ["waited", 2],
  ]);
  expect(notes[0][2]).toBe(notes[1][2]);
  const [, , sinceMs, untilMs] = notes[1];
  expect(Math.abs(sinceMs - 400_000)).toBeLessThanOrEqual(1000);
  expect(Math.abs(untilMs - 700_000)).toBeLessThanOrEqual(1000);
});
