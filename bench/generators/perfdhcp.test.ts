import { describe, expect, test } from "vitest";
import {
  perfdhcpCommand,
  perfdhcpCountsOf,
  perfdhcpVerdict,
  replyTimesIn,
  runPerfdhcp,
} from "./perfdhcp.ts";

const report = `Running: perfdhcp -4 -l lo
***Rate statistics***
Rate: 2957.13 4-way exchanges/second
***Statistics for: DISCOVER-OFFER***
sent packets: 27141
received packets: 14268
drops: 12873
orphans: 40

min delay: 0.111 ms
max delay: 91.5 ms

***Statistics for: REQUEST-ACK***
sent packets: 14268
received packets: 11929
drops: 2339
orphans: 2

min delay: 0.234 ms
max delay: 412.346 ms
`;

test("its final report is read", () => {
  const counts = { discovers: 27_141, acks: 11_929, late: 42, ackMsMax: 412.346 };
  expect(perfdhcpCountsOf(report)).toEqual(counts);
});

test("the times of its replies are read", () => {
  const times = `${report}
***Timestamps for packets: DISCOVER-OFFER***
sent / received: 000000.000500 / 000000.036000
***Timestamps for packets: REQUEST-ACK***
sent / received: 000001.250000 / 000001.252500
`;
  const replies = replyTimesIn(times);
  expect(replies.map(({ askedAtMs }) => askedAtMs)).toEqual([0.5, 1250]);
  expect(replies.map(({ tookMs }) => Math.round(tookMs * 10))).toEqual([355, 25]);
  expect(replyTimesIn(report)).toEqual([]);
});

test.each([
  ["nothing", ""],
  ["its usage", "perfdhcp [-1] [-4 | -6]"],
  ["half of it", report.slice(0, report.indexOf("***Statistics for: REQUEST-ACK"))],
])("%s is no report", (_what, output) => {
  expect(perfdhcpCountsOf(output)).toBeUndefined();
});

test.each([
  ["all complete", 2000, 2000, "kept"],
  ["one short, as it always is", 1999, 1999, "kept"],
  ["2.5 % lost", 2000, 1950, "kept"],
  ["more lost", 2000, 1949, "missed"],
  ["all lost", 2000, 0, "missed"],
  ["less sent than asked for", 1900, 1900, "generator-limited"],
])("%s: %s", (_, discovers, acks, verdict) => {
  expect(perfdhcpVerdict({ discovers, acks, late: 0, ackMsMax: 1 }, 2000)).toBe(verdict);
});

test("it is asked for a rate, or for none, at any port or at DHCP's own", () => {
  const load = { server: "127.0.0.1", relay: "lo", seconds: 5, clients: 9, seed: 1 } as const;
  const known = { ...load, ratePerSecond: 10_000 };
  expect(perfdhcpCommand({ ...known, threads: "single", port: 31_000 }).join(" ")).toBe(
    "perfdhcp -4 -g single -r 10000 -R 9 -p 5 -W 1200000 -s 1 -l lo -N 31000 -L 31001 127.0.0.1",
  );
  expect(perfdhcpCommand({ ...known, relay: "10.64.0.1" }).join(" ")).toBe(
    "perfdhcp -4 -r 10000 -R 9 -p 5 -W 1200000 -s 1 -l 10.64.0.1 127.0.0.1",
  );
  expect(perfdhcpCommand({ ...load, ratePerSecond: undefined })).not.toContain("-r");
  expect(perfdhcpCommand({ ...load, ratePerSecond: 9, exchanges: 45 }).join(" ")).toContain(
    " -n 45 -W",
  );
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
});
