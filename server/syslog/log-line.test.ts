import { expect, test } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { parseSyslog } from "../../protocol/syslog/message.ts";
import { logLine } from "./log-line.ts";

const source = parseIpv4("127.64.0.5")!;
const unixMs = Date.parse("2026-11-24T12:03:28.123Z");
const start = "2026-11-24T12:03:28.123Z 127.64.0.5 ";

function lineOf(message: string | Uint8Array): string {
  const bytes = typeof message === "string" ? new TextEncoder().encode(message) : message;
  return logLine(parseSyslog(bytes), source, unixMs);
}

test.each([
  [
    "RFC 3164: the time is that of reception",
    "<182>Jan  1 00:00:07 meter-17 boot[12]: started",
    "meter-17 local6.info boot[12]: started",
  ],
  [
    "RFC 5424 with everything",
    '<165>1 2003-10-11T22:14:15.003Z host.example app 8710 ID47 [x@1 a="\\]b"] text',
    'host.example local4.notice app[8710]: ID47 [x@1 a="\\]b"] text',
  ],
  ["RFC 5424 with nothing", "<0>1 - - - - - -", "- kern.emerg "],
  ["no PRI at all", "hello", "- user.notice hello"],
  ["a PRI that is out of range", "<192>hello", "- user.notice <192>hello"],
  [
    "a second line, a terminal's escape and a C1 control",
    "<13>Jan  1 00:00:07 h t: a\nb\r\x1b[2J\x00\u0085z",
    "h user.notice t: a#012b#015#033[2J#000#205z",
  ],
  ["text beyond ASCII", "<13>Jan  1 00:00:07 h t: 計器 é", "h user.notice t: 計器 é"],
])("%s", (_, message, expected) => {
  expect(lineOf(message)).toBe(start + expected);
});

test("no bytes of any kind make a second line", () => {
  for (let byte = 0; byte < 256; byte += 1) {
    const line = lineOf(Uint8Array.of(0x3c, 0x31, 0x33, 0x3e, 0x61, byte, 0x62));
    expect(line.startsWith(start)).toBe(true);
    expect(line).not.toMatch(/[\n\r\0]/);
  }
});
