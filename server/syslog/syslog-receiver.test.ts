import { expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { dotted } from "../metrics/exposition.ts";
import { FileRouter } from "./file-router.ts";
import { SyslogRates } from "./syslog-rates.ts";
import { type LogSink, newSyslogCounters, SyslogReceiver } from "./syslog-receiver.ts";

const unixMs = Date.parse("2026-11-24T12:00:00Z");
const source = 0x7f40_0005;
const relay = 0x7f40_0900;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function setUp(capacity = Number.POSITIVE_INFINITY) {
  const router = new FileRouter();
  const lines: Record<string, string[]> = {};
  let stored = 0;
  const sources: (readonly number[])[] = [];
  const sink: LogSink = {
    append: (file, line, _unixMs, of) => {
      if (stored >= capacity) return "day-full";
      stored += 1;
      const name = router.files[file];
      lines[name] = [...(lines[name] ?? []), line];
      sources.push(of);
      return "kept";
    },
  };
  const counters = newSyslogCounters();
  const receiver = new SyslogReceiver({
    ...{ router, sink, counters, relays: [relay], seed: 5 },
    rates: new SyslogRates({ messagesBurst: 3, messagesPerSecond: 1 }, 5),
  });
  const send = (text: string, from = source, transport: "udp" | "tcp" = "udp", nowMs = 0): number =>
    receiver.accept(bytesOf(text), from, nowMs, unixMs, transport);
  return { receiver, counters, lines, sources, send };
}

test("LOG-1: a message goes to its facility's file", () => {
  const { send, counters, lines } = setUp();
  send("<182>Jan  1 00:00:07 m dhcpd: lease");
  send("<13>hello", source, "tcp");
  send("<23>mail, which nobody wants");
  expect(lines).toEqual({
    "dhcp.log": ["2026-11-24T12:00:00.000Z 127.64.0.5 m local6.info dhcpd: lease"],
    messages: ["2026-11-24T12:00:00.000Z 127.64.0.5 - user.notice hello"],
  });
  expect(dotted(counters)).toEqual({
    "received.udp": 2,
    "received.tcp": 1,
    lines: 2,
    unrouted: 1,
    "cut-off": 0,
    "tcp-refused": 0,
    "dropped.empty": 0,
    "dropped.rate": 0,
    "dropped.share": 0,
    "dropped.day-full": 0,
    "dropped.write-failed": 0,
    "dropped.receive-buffer": 0,
  });
});

test("nothing at all is counted, and is not worth a note", () => {
  const { receiver, counters, send } = setUp();
  send("");
  send("\n\0");
  expect(counters.dropped.empty).toBe(2);
  expect(receiver.noteDrops(0, unixMs)).toBeUndefined();
});

test("datagrams beyond the limits are dropped; over TCP the sender waits and loses nothing", () => {
  const { counters, lines, send } = setUp();
  for (let sent = 0; sent < 5; sent += 1) send(`<182>${sent}`);
  expect(counters).toMatchObject({ received: { udp: 5 }, lines: 3, dropped: { rate: 2 } });
  expect(send("<182>early", source, "tcp")).toBe(1000);
  expect(send("<182>in time", source, "tcp", 2000)).toBe(0);
  expect(counters.dropped.rate).toBe(2);
  expect(lines["dhcp.log"]).toHaveLength(5);
});

test("a message of more than 8 KiB loses its end, and is counted", () => {
  const { counters, lines, send } = setUp();
  send(`<13>${"x".repeat(8188)}`);
  expect(counters["cut-off"]).toBe(0);
  send(`<13>${"y".repeat(9000)}`);
  expect(counters["cut-off"]).toBe(1);
  expect(lines["messages"][1]).toMatch(/ y{8188}$/);
});

test("behind a relay each host is a source; what one sends too much is dropped, over TCP too", () => {
  const { counters, sources, send } = setUp();
  for (const host of ["cm-1", "cm-2", "cm-3", "cm-1"]) {
    for (let sent = 0; sent < 2; sent += 1) {
      expect(send(`<182>Jan  1 00:00:07 ${host} t: x`, relay, "tcp")).toBe(0);
    }
  }
  expect(counters).toMatchObject({ received: { tcp: 8 }, lines: 7, dropped: { rate: 1 } });
  // Each line counts for the relay and for the device; without a host the relay's messages are one device's.
  send("<182>no host", relay);
  expect(sources.every(([address]) => address === relay)).toBe(true);
  expect(new Set(sources.map(([, device]) => device)).size).toBe(4);
});

test("a hole in the log shows in the log, at once and then every ten seconds, until all is told", () => {
  const { receiver, counters, lines, send } = setUp();
  for (let sent = 0; sent < 43; sent += 1) send("<182>x");
  counters.dropped["write-failed"] = 2;
  const first = "messages dropped: 40 rate, 2 write-failed; the last from 127.64.0.5";
  expect(receiver.noteDrops(0, unixMs)).toBe(first);
  expect(receiver.noteDrops(10_000, unixMs)).toBeUndefined();
  for (let sent = 0; sent < 5; sent += 1) send("<182>x");
  const second = "messages dropped: 5 rate (45 in all); the last from 127.64.0.5";
  expect(receiver.noteDrops(10_000, unixMs)).toBe(second);
  for (let sent = 0; sent < 2; sent += 1) send("<182>x");
  expect(receiver.noteDrops(19_999, unixMs)).toBeUndefined();
  const last = "messages dropped: 2 rate (47 in all); the last from 127.64.0.5";
  expect(receiver.noteDrops(19_999, unixMs, true)).toBe(last);
  expect(receiver.noteDrops(19_999, unixMs, true)).toBeUndefined();
  expect(lines["messages"]).toEqual(
    [first, second, last].map(
      (text) => `2026-11-24T12:00:00.000Z 0.0.0.0 - syslog.warning provlab: ${text}`,
    ),
  );
});

test("a full day is counted, and its refusal of the note is no news", () => {
  const { receiver, counters, send } = setUp(1);
  for (let sent = 0; sent < 3; sent += 1) send("<13>x");
  expect(counters).toMatchObject({ lines: 1, dropped: { "day-full": 2 } });
  expect(receiver.noteDrops(0, unixMs)).toBe(
    "messages dropped: 2 day-full; the last from 127.64.0.5",
  );
  expect(receiver.noteDrops(0, unixMs, true)).toBeUndefined();
  expect(counters.dropped["day-full"]).toBe(2);
});

test("5,000 random datagrams (seed 3): each is stored, unrouted or empty, never an exception", () => {
  const { receiver, counters } = setUp();
  const random = new Prng(3, 1);
  for (let sent = 0; sent < 5000; sent += 1) {
    const bytes = new Uint8Array(random.nextBelow(60));
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = random.nextBelow(256);
    if (bytes.length > 4 && sent % 2 === 0) bytes.set(bytesOf(`<${random.nextBelow(200)}>`));
    receiver.accept(bytes, sent, 0, unixMs, "udp");
  }
  const { lines, unrouted, dropped } = counters;
  expect(lines + unrouted + dropped.empty).toBe(5000);
  expect(lines).toBeGreaterThan(1000);
});
