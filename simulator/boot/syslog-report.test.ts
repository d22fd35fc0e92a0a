import { describe, expect, test } from "vitest";
import { parseSyslog, SYSLOG_PORT } from "../../protocol/syslog/message.ts";
import { stepServers } from "./step.ts";
import { meterStyle, reportBySyslog } from "./syslog-report.ts";

describe("reports by syslog (LOG-6)", () => {
  for (const format of ["rfc3164", "rfc5424"] as const) {
    test(`one datagram to every server, in ${format}`, () => {
      const sent: (readonly [Uint8Array, number, number])[] = [];
      const buffer = new Uint8Array(1024);
      const style = { ...meterStyle, format };
      const wire = {
        buffer: () => buffer,
        send: (_local: number, length: number, destination: number, port: number) =>
          sent.push([buffer.slice(0, length), destination, port]),
      };
      const unixMs = Date.UTC(2026, 9, 1, 22, 14, 15);
      const report = { host: "10.0.0.9", unixMs, text: "meter on line" };
      reportBySyslog(style, wire, 0, report, stepServers([1, 2], SYSLOG_PORT));
      expect(sent.map(([, destination, port]) => [destination, port])).toEqual([
        [1, 514],
        [2, 514],
      ]);
      const message = parseSyslog(sent[0][0]);
      expect(message).toMatchObject({ format, facility: 23, severity: 5, host: "10.0.0.9" });
      expect(message).toMatchObject({ tag: "meter", text: "meter on line" });
      expect(message.timestamp).toMatch(
        format === "rfc3164" ? /^Oct {2}1 22:14:15$/ : /^2026-10-01T22/,
      );
      expect(() => reportBySyslog(style, wire, 0, report, [])).toThrow(/0 servers/);
    });
  }
});
