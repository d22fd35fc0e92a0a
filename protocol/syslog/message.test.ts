import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { decodeEveryTruncation, decodeOrReject } from "../truncations.testing.ts";
import {
  encodeSyslog,
  parseSyslog,
  printableText,
  SYSLOG_BYTES_MAX,
  type SyslogMessage,
} from "./message.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What modems, meters, daemons and libraries send, in the forms that the RFCs describe. */
const samples: Readonly<Record<string, readonly [string, SyslogMessage]>> = {
  "RFC 3164 in full": [
    "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
    {
      format: "rfc3164",
      facility: 4,
      severity: 2,
      timestamp: "Oct 11 22:14:15",
      host: "mymachine",
      tag: "su",
      text: "'su root' failed for lonvick on /dev/pts/8",
    },
  ],
  "syslog(3), which leaves the host out": [
    "<30>Feb  5 07:00:01 dhcpd[4711]: DHCPACK on 10.0.0.9 to 02:10:00:00:00:01",
    {
      format: "rfc3164",
      facility: 3,
      severity: 6,
      timestamp: "Feb  5 07:00:01",
      tag: "dhcpd",
      processId: "4711",
      text: "DHCPACK on 10.0.0.9 to 02:10:00:00:00:01",
    },
  ],
  "a modem before its Time step": [
    "<132>CABLEMODEM[Vendor]: <82000200> No Ranging Response received - T3 time-out",
    {
      format: "rfc3164",
      facility: 16,
      severity: 4,
      tag: "CABLEMODEM",
      processId: "Vendor",
      text: "<82000200> No Ranging Response received - T3 time-out",
    },
  ],
  "PRI and nothing but text": [
    "<189>45: *Mar  1 18:48:50 UTC",
    { format: "rfc3164", facility: 23, severity: 5, tag: "45", text: "*Mar  1 18:48:50 UTC" },
  ],
  "a day with a zero before it": [
    "<13>Jan 01 00:00:00 meter1 boot: up",
    {
      format: "rfc3164",
      facility: 1,
      severity: 5,
      timestamp: "Jan 01 00:00:00",
      host: "meter1",
      tag: "boot",
      text: "up",
    },
  ],
  "an IPv6 address as host": [
    "<13>Jan  1 00:00:00 fe80::1 boot: up",
    {
      format: "rfc3164",
      facility: 1,
      severity: 5,
      timestamp: "Jan  1 00:00:00",
      host: "fe80::1",
      tag: "boot",
      text: "up",
    },
  ],
  "a host and no tag": [
    "<13>Jan  1 00:00:00 10.1.2.3 something happened: bad",
    {
      format: "rfc3164",
      facility: 1,
      severity: 5,
      timestamp: "Jan  1 00:00:00",
      host: "10.1.2.3",
      text: "something happened: bad",
    },
  ],
  "a timestamp and one word": [
    "<13>Jan  1 00:00:00 up",
    { format: "rfc3164", facility: 1, severity: 5, timestamp: "Jan  1 00:00:00", text: "up" },
  ],
  "a timestamp alone": [
    "<13>Jan  1 00:00:00",
    { format: "rfc3164", facility: 1, severity: 5, timestamp: "Jan  1 00:00:00", text: "" },
  ],
  "a timestamp that runs into a word": [
    "<13>Jan  1 00:00:00.123 x",
    { format: "rfc3164", facility: 1, severity: 5, text: "Jan  1 00:00:00.123 x" },
  ],
  "a day that no month has": [
    "<13>Jan 32 00:00:00 h t: x",
    { format: "rfc3164", facility: 1, severity: 5, text: "Jan 32 00:00:00 h t: x" },
  ],
  "an hour that no day has": [
    "<13>Jan  1 24:00:00 h t: x",
    { format: "rfc3164", facility: 1, severity: 5, text: "Jan  1 24:00:00 h t: x" },
  ],
  "RFC 5424 in full": [
    '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 12 ID47 [a@32473 iut="3" x="\\"q\\" \\\\ \\]"][b@32473] \ufeffAn event',
    {
      format: "rfc5424",
      facility: 20,
      severity: 5,
      timestamp: "2003-10-11T22:14:15.003Z",
      host: "mymachine.example.com",
      tag: "evntslog",
      processId: "12",
      messageId: "ID47",
      structuredData: [
        {
          id: "a@32473",
          parameters: [
            { name: "iut", value: "3" },
            { name: "x", value: '"q" \\ ]' },
          ],
        },
        { id: "b@32473", parameters: [] },
      ],
      text: "An event",
    },
  ],
  "RFC 5424 with nothing but nils": [
    "<0>1 - - - - - -",
    { format: "rfc5424", facility: 0, severity: 0, text: "" },
  ],
  "RFC 5424 with an offset and microseconds": [
    "<191>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time.",
    {
      format: "rfc5424",
      facility: 23,
      severity: 7,
      timestamp: "2003-08-24T05:14:15.000003-07:00",
      host: "192.0.2.1",
      tag: "myproc",
      processId: "8710",
      text: "%% It's time.",
    },
  ],
  "a backslash that escapes nothing": [
    '<13>1 - - - - - [a b="c:\\dir"] x',
    {
      format: "rfc5424",
      facility: 1,
      severity: 5,
      structuredData: [{ id: "a", parameters: [{ name: "b", value: "c:\\dir" }] }],
      text: "x",
    },
  ],
  "no PRI": ["boot: up", { format: "bare", facility: 1, severity: 5, text: "boot: up" }],
  "PRI 192": ["<192>x", { format: "bare", facility: 1, severity: 5, text: "<192>x" }],
  "PRI with a leading zero": [
    "<013>x",
    { format: "bare", facility: 1, severity: 5, text: "<013>x" },
  ],
  "PRI alone": ["<14>", { format: "rfc3164", facility: 1, severity: 6, text: "" }],
};

const rows = Object.entries(samples).map(([name, [text, message]]) => ({ name, text, message }));

test.each(rows)("$name", ({ text, message }) => {
  expect(parseSyslog(bytesOf(text))).toEqual(message);
});

test.each(rows)("$name: every truncation but the empty one is a value", ({ text }) => {
  const bytes = bytesOf(text);
  expect(decodeEveryTruncation(parseSyslog, bytes)).toBe(bytes.length);
});

describe("a header of RFC 5424 that is not one becomes text", () => {
  test.each([
    ["another version", "2 - - - - - - x"],
    ["a word short", "1 - - - - -"],
    ["two blanks", "1 -  - - - - - x"],
    ["a date alone", "1 2003-10-11 - - - - - x"],
    ["month 13", "1 2003-13-11T22:14:15Z - - - - - x"],
    ["a second that RFC 5424 forbids", "1 2016-12-31T23:59:60Z - - - - - x"],
    ["seven digits of a second", "1 2003-08-24T05:14:15.0000003Z - - - - - x"],
    ["a time without an offset", "1 2003-08-24T05:14:15 - - - - - x"],
    ["a host of 256 characters", `1 - ${"h".repeat(256)} - - - - x`],
    ["a tag of 49 characters", `1 - - ${"t".repeat(49)} - - - x`],
    ["a process id of 129 characters", `1 - - - ${"p".repeat(129)} - - x`],
    ["a message id of 33 characters", `1 - - - - ${"m".repeat(33)} - x`],
    ["a host beyond ASCII", "1 - hé - - - - x"],
    ["no structured data", "1 - - - - - x"],
    ["text against the nil", "1 - - - - - -x"],
    ["text against the bracket", "1 - - - - - [a]x"],
    ["a bracket that stays open", "1 - - - - - [a"],
    ["an element without an id", "1 - - - - - [] x"],
    ["an id of 33 characters", `1 - - - - - [${"i".repeat(33)}] x`],
    ["a value without quotes", "1 - - - - - [a b=c] x"],
    ["a quote that stays open", '1 - - - - - [a b="c] x'],
    ["a bracket without its backslash", '1 - - - - - [a b="c]d"] x'],
    ["a backslash at the end", '1 - - - - - [a b="\\'],
  ])("%s", (_name, rest) => {
    const message = parseSyslog(bytesOf(`<13>${rest}`));
    expect(message).toEqual({ format: "rfc3164", facility: 1, severity: 5, text: rest });
  });
});

describe("bytes", () => {
  test.each(["", "\n", "\0", "\r\n\0"])("%j is nothing at all", (text) => {
    const result = decodeOrReject(parseSyslog, bytesOf(text));
    expect(result).toMatchObject({ kind: "rejected", error: { code: "truncated" } });
    expect(() => parseSyslog(bytesOf(text))).toThrow(DecodeError);
  });

  test("line ends and NULs behind a message are dropped, others are kept", () => {
    expect(parseSyslog(bytesOf("<13>a: x\ny\r\n\0")).text).toBe("x\ny");
  });

  test("bytes that are not UTF-8 are shown as such", () => {
    expect(parseSyslog(Uint8Array.of(0x61, 0xff, 0x62)).text).toBe("a\ufffdb");
  });

  test("a message is read up to its limit", () => {
    expect(parseSyslog(bytesOf("x".repeat(SYSLOG_BYTES_MAX + 1))).text).toHaveLength(
      SYSLOG_BYTES_MAX,
    );
  });

  test("any bytes are a value, whatever precedes them", () => {
    const start = fc.constantFrom(
      "",
      "<13>",
      "<13>1 ",
      "<13>1 - - - - - [",
      "<13>Jan  1 00:00:00 ",
    );
    const tail = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
      fc.string({ minLength: 1, maxLength: 60 }).map(bytesOf),
    );
    fc.assert(
      fc.property(start, tail, (head, bytes) => {
        const result = decodeOrReject(parseSyslog, Uint8Array.of(...bytesOf(head), ...bytes));
        if (result.kind === "rejected") {
          expect(head).toBe("");
          return;
        }
        expect(result.value.facility).toBeLessThan(24);
        expect(result.value.severity).toBeLessThan(8);
      }),
      { seed: 3164, numRuns: 500 },
    );
  });
});

describe("encodeSyslog", () => {
  test.each(["RFC 3164 in full", "RFC 5424 with nothing but nils", "no PRI"])("%s", (name) => {
    const [text, message] = samples[name];
    const target = new Uint8Array(200).fill(0xee);
    const end = encodeSyslog(message, target, 3);
    expect(target.subarray(3, end)).toEqual(bytesOf(text));
    expect([target[2], target[end]]).toEqual([0xee, 0xee]);
  });

  test("no room is an EncodeError", () => {
    const [text, message] = samples["RFC 3164 in full"];
    expect(encodeSyslog(message, new Uint8Array(text.length), 0)).toBe(text.length);
    expect(() => encodeSyslog(message, new Uint8Array(text.length), 1)).toThrow(EncodeError);
  });
});

describe("printableText", () => {
  test.each([
    ["plain Ünïcode 設定", "plain Ünïcode 設定"],
    ["a\nOct 11 forged: line", "a#012Oct 11 forged: line"],
    ["\x1b[2J\x07\x7f\0", "#033[2J#007#177#000"],
    ["\u009b31m", "#23331m"],
  ])("LOG-1: %j", (text, expected) => {
    expect(printableText(text)).toBe(expected);
  });
});
