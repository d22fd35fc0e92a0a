import { describe, expect, test } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { perfdhcpCommand, readPerfdhcp } from "./perfdhcp.ts";

function report(sent: number, offers: number, acks: number): string {
  return [
    "Running: perfdhcp -4",
    "***Rate statistics***",
    "Rate: 624.639 4-way exchanges/second, expected rate: 1000",
    "***Statistics for: DISCOVER-OFFER***",
    `sent packets: ${sent}`,
    `received packets: ${offers}`,
    `drops: ${sent - offers}`,
    "***Statistics for: REQUEST-ACK***",
    `sent packets: ${offers}`,
    `received packets: ${acks}`,
    "",
  ].join("\n");
}

describe("perfdhcp's report", () => {
  const run = { ratePerSecond: 1000, periodMs: 2000 };

  test.each([
    ["all complete", report(2000, 2000, 2000), "kept"],
    ["one short, as it always is", report(1999, 1999, 1999), "kept"],
    ["2.5 % lost", report(2000, 1980, 1950), "kept"],
    ["more lost", report(2000, 1980, 1949), "missed"],
    ["all lost", report(2000, 0, 0), "missed"],
    ["less sent than asked for", report(1900, 1900, 1900), "generator-limited"],
  ])("%s: %s", (_, text, verdict) => {
    expect(readPerfdhcp(text, run).verdict).toBe(verdict);
  });

  test("what is none is an error with what it said", () => {
    expect(() => readPerfdhcp("ERROR: There is no such address", run)).toThrow("no such address");
  });
});

test("the command line", () => {
  const command = perfdhcpCommand({
    serverAddress: parseIpv4("192.0.2.1")!,
    relayAddress: parseIpv4("10.64.0.1")!,
    ...{ clients: 500, ratePerSecond: 2000, periodMs: 4000, seed: 3 },
  });
  expect(command.join(" ")).toBe(
    "perfdhcp -4 -r 2000 -R 500 -p 4 -W 1200000 -s 3 -l 10.64.0.1 192.0.2.1",
  );
});
