import { expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { dotted } from "../metrics/exposition.ts";
import { FileRouter } from "./file-router.ts";
import { type LogSink, newSyslogCounters, SyslogReceiver } from "./syslog-receiver.ts";

const unixMs = Date.parse("2026-11-24T12:00:00Z");
const source = 0x7f40_0005;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function setUp(capacity = Number.POSITIVE_INFINITY) {
  const router = new FileRouter();
  const lines: Record<string, string[]> = {};
  let stored = 0;
  const sink = {
    isFull: false,
    append: (file, line, _unixMs, isNote) => {
      if (sink.isFull && isNote !== true) return "total-full";
      if (stored >= capacity) return "file-full";
      stored += 1;
      const name = router.files[file];
      lines[name] = [...(lines[name] ?? []), line];
      return "kept";
    },
  } as LogSink & { isFull: boolean };
  const counters = newSyslogCounters();
  return { receiver: new SyslogReceiver(router, sink, counters), counters, lines, sink };
}

test("LOG-1: a message goes to its facility's file", () => {
  const { receiver, counters, lines } = setUp();
  receiver.accept(bytesOf("<182>Jan  1 00:00:07 m dhcpd: lease"), source, unixMs, "udp");
  receiver.accept(bytesOf("<13>hello"), source, unixMs, "tcp");
  receiver.accept(bytesOf("<23>mail, which nobody wants"), source, unixMs, "udp");
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
    "dropped.file-full": 0,
    "dropped.total-full": 0,
    "dropped.write-failed": 0,
  });
});

test("nothing at all is counted, and is not worth a note", () => {
  const { receiver, counters } = setUp();
  receiver.accept(new Uint8Array(0), source, unixMs, "udp");
  receiver.accept(bytesOf("\n\0"), source, unixMs, "udp");
  expect(counters.dropped.empty).toBe(2);
  expect(receiver.noteDrops(unixMs)).toBeUndefined();
});

test("a hole in the log shows in the log, once", () => {
  const { receiver, counters, lines } = setUp();
  counters.dropped.rate = 40;
  counters.dropped["write-failed"] = 2;
  expect(receiver.noteDrops(unixMs)).toBe("messages dropped: 40 rate, 2 write-failed");
  expect(receiver.noteDrops(unixMs)).toBeUndefined();
  counters.dropped.rate = 41;
  expect(receiver.noteDrops(unixMs)).toBe("messages dropped: 1 rate");
  expect(lines["messages"]).toEqual([
    "2026-11-24T12:00:00.000Z 0.0.0.0 - syslog.warning provlab: messages dropped: 40 rate, 2 write-failed",
    "2026-11-24T12:00:00.000Z 0.0.0.0 - syslog.warning provlab: messages dropped: 1 rate",
  ]);
});

test("a full file is counted, and its refusal of the note is no news", () => {
  const { receiver, counters } = setUp(1);
  for (let sent = 0; sent < 3; sent += 1) {
    receiver.accept(bytesOf("<13>x"), source, unixMs, "udp");
  }
  expect(counters).toMatchObject({ lines: 1, dropped: { "file-full": 2 } });
  expect(receiver.noteDrops(unixMs)).toBe("messages dropped: 2 file-full");
  expect(receiver.noteDrops(unixMs)).toBeUndefined();
});

test("files that are full have a line when it begins, and one when there is room again", () => {
  const { receiver, counters, lines, sink } = setUp();
  const send = (): void => receiver.accept(bytesOf("<182>x"), source, unixMs, "udp");
  sink.isFull = true;
  send();
  expect(receiver.noteDrops(unixMs)).toBe("messages dropped: 1 total-full");
  for (let sent = 0; sent < 5; sent += 1) send();
  expect(receiver.noteDrops(unixMs)).toBeUndefined();
  // Another reason has no claim on the room that is kept for this one.
  counters.dropped.rate = 7;
  expect(receiver.noteDrops(unixMs)).toBe("messages dropped: 7 rate");
  expect(lines["messages"]).toHaveLength(1);
  sink.isFull = false;
  expect(receiver.noteDrops(unixMs)).toBe("messages dropped: 6 total-full");
  expect(lines["messages"]).toHaveLength(2);
  expect(receiver.noteDrops(unixMs)).toBeUndefined();
});

test("the last note tells of what was held back", () => {
  const { receiver, sink } = setUp();
  sink.isFull = true;
  receiver.accept(bytesOf("<182>x"), source, unixMs, "udp");
  receiver.noteDrops(unixMs);
  receiver.accept(bytesOf("<182>x"), source, unixMs, "udp");
  expect(receiver.noteDrops(unixMs)).toBeUndefined();
  expect(receiver.noteDrops(unixMs, true)).toBe("messages dropped: 1 total-full");
});

test("5,000 random datagrams (seed 3): each is stored, unrouted or empty, never an exception", () => {
  const { receiver, counters } = setUp();
  const random = new Prng(3, 1);
  for (let sent = 0; sent < 5000; sent += 1) {
    const bytes = new Uint8Array(random.nextBelow(60));
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = random.nextBelow(256);
    if (bytes.length > 4 && sent % 2 === 0) bytes.set(bytesOf(`<${random.nextBelow(200)}>`));
    receiver.accept(bytes, source, unixMs, "udp");
  }
  const { lines, unrouted, dropped } = counters;
  expect(lines + unrouted + dropped.empty).toBe(5000);
  expect(lines).toBeGreaterThan(1000);
});
