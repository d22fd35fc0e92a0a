import { beforeEach, describe, expect, test } from "vitest";
import { hash32 } from "../../base/prng.ts";
import { TimerWheel } from "../../base/timer-wheel.ts";
import {
  decodeNtp,
  encodeNtp,
  NTP_PORT,
  type NtpPacket,
  ntpTimestampOf,
  ntpTimestampZero,
  referenceIdOf,
} from "../../protocol/ntp/packet.ts";
import { encodeTime, TIME_PORT } from "../../protocol/time/rfc868.ts";
import { NtpClient, type NtpResult } from "./ntp-client.ts";
import { stepServers, stepWaitMs } from "./step.ts";
import { TimeClient, type TimeResult } from "./time-client.ts";

const FIRST = 0x0a00_0001;
const SECOND = 0x0a00_0002;
const UNIX_MS = 1_800_000_000_000;
const retry = { firstRetryMs: 1000, maxRetryMs: 4000, jitter: 0, triesMax: 3 };

interface Sent {
  readonly local: number;
  readonly bytes: Uint8Array;
  readonly destination: number;
  readonly port: number;
  readonly atMs: number;
}

let sent: Sent[];
let repeated: number;
let wheel: TimerWheel;
let nowMs: number;
let onDue: (local: number) => void;
const buffer = new Uint8Array(1024);

const wire = {
  buffer: () => buffer,
  send: (local: number, length: number, destination: number, port: number) => {
    sent.push({ local, bytes: buffer.slice(0, length), destination, port, atMs: nowMs });
  },
  retransmitted: () => {
    repeated += 1;
  },
};

beforeEach(() => {
  sent = [];
  repeated = 0;
  nowMs = 0;
  wheel = new TimerWheel(4, 1, 0);
});

function passMs(ms: number): void {
  for (let passed = 0; passed < ms; passed += 1) {
    nowMs += 1;
    wheel.advance(nowMs, onDue);
  }
}

const contextOf = () => {
  let draws = 0;
  return { size: 4, retry, timers: wheel, random: (local: number) => hash32(4, local, draws++) };
};

test("waits double up to their limit, and jitter stays within its share", () => {
  const waits = [0, 1, 2, 3, 9].map((attempt) => stepWaitMs(retry, attempt, 2 ** 31));
  expect(waits).toEqual([1000, 2000, 4000, 4000, 4000]);
  const jittery = { ...retry, jitter: 0.25 };
  expect(stepWaitMs(jittery, 0, 0)).toBe(750);
  expect(stepWaitMs(jittery, 0, 0xffff_ffff)).toBeCloseTo(1250, 3);
});

describe("RFC 868 clients", () => {
  let results: TimeResult[];
  let client: TimeClient;

  beforeEach(() => {
    results = [];
    client = new TimeClient({
      ...contextOf(),
      sink: { ...wire, timeEnded: (result) => results.push(result) },
    });
    onDue = (local) => client.poll.timeOut(local, nowMs);
  });

  const answer = new Uint8Array(4);
  encodeTime(UNIX_MS / 1000, answer, 0);

  test("an empty datagram to port 37, and four bytes back", () => {
    client.start(2, stepServers([FIRST, SECOND], TIME_PORT), nowMs);
    expect(sent).toMatchObject([{ local: 2, destination: FIRST, port: 37 }]);
    expect(sent[0].bytes).toHaveLength(0);
    passMs(5);
    client.receive(2, answer, FIRST, 37, nowMs);
    expect(results).toEqual([{ local: 2, unixSeconds: UNIX_MS / 1000, endedAtMs: 5 }]);
    client.receive(2, answer, FIRST, 37, nowMs);
    expect([results.length, client.poll.unexpected, wheel.count]).toEqual([1, 1, 0]);
  });

  test("three questions to the first, three to the second, then it goes without (TIME-5)", () => {
    client.start(0, stepServers([FIRST, SECOND], TIME_PORT), nowMs);
    passMs(20_000);
    const when = sent.map(({ destination, atMs }) => [destination, atMs]);
    expect(when).toEqual([
      [FIRST, 0],
      [FIRST, 1000],
      [FIRST, 3000],
      [SECOND, 7000],
      [SECOND, 8000],
      [SECOND, 10_000],
    ]);
    expect(results).toEqual([{ local: 0, problem: "no-answer", endedAtMs: 14_000 }]);
    expect(repeated).toBe(4);
  });

  test("answers from elsewhere, of another length, or before any question are passed over", () => {
    client.receive(1, answer, FIRST, 37, nowMs);
    client.start(1, stepServers([FIRST], TIME_PORT), nowMs);
    client.receive(1, answer, SECOND, 37, nowMs);
    client.receive(1, answer, FIRST, 38, nowMs);
    client.receive(1, answer.subarray(0, 3), FIRST, 37, nowMs);
    client.receive(1, new Uint8Array(5), FIRST, 37, nowMs);
    client.receive(1, new Uint8Array(0), FIRST, 37, nowMs);
    expect([client.poll.unexpected, client.poll.undecodable, results.length]).toEqual([3, 3, 0]);
    client.receive(1, answer, FIRST, 37, nowMs);
    expect(results).toHaveLength(1);
  });

  test("a power cut is silent", () => {
    client.start(1, stepServers([FIRST], TIME_PORT), nowMs);
    client.poll.stop(1);
    passMs(30_000);
    expect([sent.length, results.length]).toEqual([1, 0]);
    expect(() => client.start(1, [], nowMs)).toThrow(/0 servers/);
  });
});

describe("NTP clients (RFC 4330 section 5)", () => {
  let results: NtpResult[];
  let client: NtpClient;

  beforeEach(() => {
    results = [];
    client = new NtpClient({
      ...contextOf(),
      unixMsAtZero: UNIX_MS,
      sink: { ...wire, ntpEnded: (result) => results.push(result) },
    });
    onDue = (local) => client.poll.timeOut(local, nowMs);
    client.start(0, stepServers([FIRST, SECOND], NTP_PORT), nowMs);
  });

  function answerTo(question: Uint8Array, changes: Partial<NtpPacket> = {}): Uint8Array {
    const asked = decodeNtp(question);
    const packet: NtpPacket = {
      leap: 0,
      version: asked.version,
      mode: 4,
      stratum: 2,
      poll: asked.poll,
      precision: -20,
      rootDelaySeconds: 0.01,
      rootDispersionSeconds: 0.01,
      referenceId: FIRST,
      reference: ntpTimestampOf(UNIX_MS - 60_000),
      originate: asked.transmit,
      receive: ntpTimestampOf(UNIX_MS + nowMs),
      transmit: ntpTimestampOf(UNIX_MS + nowMs),
      ...changes,
    };
    const bytes = new Uint8Array(48);
    encodeNtp(packet, bytes, 0);
    return bytes;
  }

  const reply = (bytes: Uint8Array, source = FIRST, port = 123) =>
    client.receive(0, bytes, source, port, nowMs, nowMs);
  const kiss = (code: string) => ({ stratum: 0, referenceId: referenceIdOf(code) });

  test("the question is a client's of version 4, and tells nothing but a number to return", () => {
    expect(sent).toMatchObject([{ destination: FIRST, port: 123 }]);
    const asked = decodeNtp(sent[0].bytes);
    expect(sent[0].bytes).toHaveLength(48);
    expect(asked).toMatchObject({ mode: 3, version: 4, stratum: 0 });
    expect(asked.transmit).not.toEqual(ntpTimestampZero);
  });

  test("offset and delay come from the four times", () => {
    // 10 ms there, 5 ms in the server, 20 ms back; the server is 500 ms ahead.
    nowMs = 35;
    reply(
      answerTo(sent[0].bytes, {
        receive: ntpTimestampOf(UNIX_MS + 10 + 500),
        transmit: ntpTimestampOf(UNIX_MS + 15 + 500),
      }),
    );
    expect(results).toHaveLength(1);
    expect(results[0].problem).toBeUndefined();
    expect(results[0].offsetMs).toBeCloseTo(495, 2);
    expect(results[0]).toMatchObject({ endedAtMs: 35 });
    expect(wheel.count).toBe(0);
  });

  function halfWrong(half: "seconds" | "fraction"): Partial<NtpPacket> {
    const { transmit } = decodeNtp(sent[0].bytes);
    return { originate: { ...transmit, [half]: (transmit[half] ^ 2) >>> 0 } };
  }

  const ignored: readonly (readonly [string, () => void])[] = [
    ["another originate", () => reply(answerTo(sent[0].bytes, { originate: ntpTimestampZero }))],
    ["half of the originate wrong", () => reply(answerTo(sent[0].bytes, halfWrong("fraction")))],
    ["the other half wrong", () => reply(answerTo(sent[0].bytes, halfWrong("seconds")))],
    ["a client's mode", () => reply(answerTo(sent[0].bytes, { mode: 3 }))],
    ["a broadcast", () => reply(answerTo(sent[0].bytes, { mode: 5 }))],
    ["another source", () => reply(answerTo(sent[0].bytes), SECOND)],
    ["another port", () => reply(answerTo(sent[0].bytes), FIRST, 124)],
    ["47 bytes", () => reply(answerTo(sent[0].bytes).subarray(0, 47))],
  ];
  for (const [name, act] of ignored) {
    test(`an answer with ${name} is passed over, the next one counts`, () => {
      act();
      expect(results).toEqual([]);
      expect(client.poll.unexpected + client.poll.undecodable).toBe(1);
      reply(answerTo(sent[0].bytes));
      expect(results).toHaveLength(1);
    });
  }

  test("a repeated question has a number of its own; the answer to the first is stale", () => {
    passMs(1000);
    expect(sent).toHaveLength(2);
    reply(answerTo(sent[0].bytes));
    expect(results).toEqual([]);
    reply(answerTo(sent[1].bytes));
    expect(results).toHaveLength(1);
  });

  for (const [name, changes, problem] of [
    ["an unsynchronised clock", { leap: 3 }, "unsynchronised"],
    ["stratum 16", { stratum: 16 }, "unsynchronised"],
    ["a transmit time of zero", { transmit: ntpTimestampZero }, "unsynchronised"],
    ["kiss DENY", kiss("DENY"), "denied"],
    ["kiss RSTR", kiss("RSTR"), "denied"],
    ["an unknown kiss", kiss("XFOO"), "unsynchronised"],
  ] as const) {
    test(`${name} sends the device to the next server at once, at the last it is ${problem}`, () => {
      reply(answerTo(sent[0].bytes, changes));
      expect(sent[1]).toMatchObject({ destination: SECOND, atMs: 0 });
      reply(answerTo(sent[1].bytes, changes), SECOND);
      expect(results).toMatchObject([{ problem }]);
      expect(results[0].offsetMs).toBeNaN();
    });
  }

  test("kiss RATE: the same server, after the longest wait; three times is enough", () => {
    reply(answerTo(sent[0].bytes, kiss("RATE")));
    passMs(3999);
    expect(sent).toHaveLength(1);
    passMs(1);
    expect(sent[1]).toMatchObject({ destination: FIRST, atMs: 4000 });
    for (const source of [FIRST, FIRST, SECOND, SECOND, SECOND]) {
      reply(answerTo(sent[sent.length - 1].bytes, kiss("RATE")), source);
      passMs(4000);
    }
    expect(results).toMatchObject([{ problem: "rate-limited" }]);
  });

  test("silence everywhere", () => {
    passMs(30_000);
    expect(sent).toHaveLength(6);
    expect(results).toMatchObject([{ problem: "no-answer", endedAtMs: 14_000 }]);
  });
});
