import { describe, expect, test } from "vitest";
import { perfdhcpCommand, perfdhcpCountsOf, runPerfdhcp } from "./peer.ts";

const report = `Running: perfdhcp -4 -l lo
***Rate statistics***
Rate: 2957.13 4-way exchanges/second
***Statistics for: DISCOVER-OFFER***
sent packets: 27141
received packets: 14268
drops: 12873
orphans: 40

***Statistics for: REQUEST-ACK***
sent packets: 14268
received packets: 11929
drops: 2339
orphans: 2
`;

test("its final report is read", () => {
  const counts = { discovers: 27_141, offers: 14_268, requests: 14_268, acks: 11_929, late: 42 };
  expect(perfdhcpCountsOf(report)).toEqual(counts);
});

test.each([
  ["nothing", ""],
  ["its usage", "perfdhcp [-1] [-4 | -6]"],
  ["half of it", report.slice(0, report.indexOf("***Statistics for: REQUEST-ACK"))],
])("%s is no report", (_what, output) => {
  expect(perfdhcpCountsOf(output)).toBeUndefined();
});

test("it is asked for a rate, or for none", () => {
  const load = {
    threads: "single",
    ratePerSecond: 10_000,
    seconds: 5,
    clients: 9,
    seed: 1,
  } as const;
  expect(perfdhcpCommand(load, "127.0.0.1", 31_000).join(" ")).toBe(
    "perfdhcp -4 -g single -R 9 -s 1 -r 10000 -p 5 -W 1000000 -l lo -N 31000 -L 31001 127.0.0.1",
  );
  const flood = perfdhcpCommand({ ...load, ratePerSecond: undefined }, "127.0.0.1", 31_000);
  expect(flood).not.toContain("-r");
});

describe("runPerfdhcp", () => {
  const { signal } = new AbortController();
  test("takes a status that is not zero for a result", async () => {
    const script = `process.stdout.write(${JSON.stringify(report)}); process.exitCode = 3;`;
    const counts = await runPerfdhcp([process.execPath, "-e", script], 1, signal);
    expect(counts.acks).toBe(11_929);
  });
  test("says what a failure said", async () => {
    const script = 'console.error("no such interface")';
    await expect(runPerfdhcp([process.execPath, "-e", script], 1, signal)).rejects.toThrow(
      /no such interface/,
    );
  });
  test("rejects when it is not there, or is interrupted", async () => {
    await expect(runPerfdhcp(["/no/perfdhcp"], 1, signal)).rejects.toThrow(/ENOENT/);
    const endless = [process.execPath, "-e", "setInterval(() => {}, 1000)"];
    await expect(runPerfdhcp(endless, 1, AbortSignal.timeout(200))).rejects.toThrow(/abort/i);
  });
});
