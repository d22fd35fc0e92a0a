import { expect, test } from "vitest";
import type { Logger } from "../../../base/log.ts";
import type { LogPriority } from "../../config/language/program.ts";
import { logMessages } from "./statement-output.ts";

test.each<[LogPriority, string, string]>([
  ["info", "leased", "info leased"],
  ["debug", "", "debug "],
  ["fatal", "the server goes on", "error the server goes on"],
  ["error", "one\nDHCPACK on 10.0.0.1\x00\x7f", "error one\\012DHCPACK on 10.0.0.1\\000\\177"],
  ["info", "\u00c3\u00bc \u00ff \u00c2\u0085 \u00e2\u0080\u00a8", "info ü \ufffd \\205 \\20050"],
  ["info", "x".repeat(2000), `info ${"x".repeat(1023)}`],
])("log (%s, %j)", (priority, text, line) => {
  const lines: string[] = [];
  const level =
    (name: keyof Logger) =>
    (message: string): void =>
      void lines.push(`${name} ${message}`);
  const logger = {
    ...{ error: level("error"), warn: level("warn"), info: level("info"), debug: level("debug") },
  };
  logMessages([{ priority, text }], logger);
  expect(lines).toEqual([line]);
});
