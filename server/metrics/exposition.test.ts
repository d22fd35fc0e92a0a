import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { DhcpCounters } from "../dhcp/loop/counters.ts";
import type { LeaseCounts } from "../lease/table/lease-table.ts";
import { newNtpCounters } from "../ntp/edge/ntp-server.ts";
import { dotted } from "../service/loop/counters.ts";
import { newSyslogCounters } from "../syslog/syslog-receiver.ts";
import { newTftpCounters } from "../tftp/counters.ts";
import { newTimeCounters } from "../time/edge/time-server.ts";
import { dhcpFamilies, POOLS_MAX } from "./dhcp-metrics.ts";
import { DurationHistogram } from "./duration-histogram.ts";
import { parseMetricsAddress } from "./edge/metrics-address.ts";
import { counterFamilies, type Family, labelled, renderExposition } from "./exposition.ts";
import { LatestMetrics } from "./latest-metrics.ts";
import { ntpFamilies, syslogFamilies, tftpFamilies, timeFamilies } from "./service-metrics.ts";

const noCounts: LeaseCounts = {
  ...{ free: 0, active: 0, expired: 0, released: 0, abandoned: 0, reset: 0, backup: 0 },
  ...{ total: 0, neverUsed: 0 },
};

/** So many pools, with a bound lease more in each than in the one before. */
function dhcpWith(poolCount: number): Family[] {
  const counters = new DhcpCounters();
  counters.countReceived(1);
  counters.countReceived(200);
  counters.countRejected("too-short");
  const syncs = new DurationHistogram();
  for (const ms of [0.05, 0.3, 0.3, 7, 9999]) syncs.recordMs(ms);
  const pools = Array.from({ length: poolCount }, (_, index) => ({
    index,
    ranges: [{ low: 0x0a000000 + index * 256, high: 0x0a000000 + index * 256 + 99 }],
    sharedNetwork: { name: `net "${index}"\\\n` },
  }));
  const total = (poolCount * (poolCount + 1)) / 2;
  return dhcpFamilies({
    counters,
    socket: { counters: { received: 1, sent: 2, truncated: 3, kernelDrops: 4, sendErrors: 5 } },
    pools: pools as unknown as Parameters<typeof dhcpFamilies>[0]["pools"],
    leases: { counts: (pool) => ({ ...noCounts, active: pool === undefined ? total : pool + 1 }) },
    syncs,
  });
}

const everything = (): Family[] => [
  ...labelled(dhcpWith(2), { service: "dhcp" }),
  ...labelled(dhcpWith(1), { service: "dhcp-cpe" }),
  ...labelled(tftpFamilies(dotted(newTftpCounters()), { sessions: 3, waiting: 1 }), {
    service: "tftp",
  }),
  ...timeFamilies(dotted(newTimeCounters())),
  ...ntpFamilies(dotted(newNtpCounters()), 3),
  ...syslogFamilies(dotted(newSyslogCounters())),
];

test("the text of a family: help, type, labels, escapes, histogram (OPS-16)", () => {
  const text = renderExposition(everything());
  expect(text).toContain('provlab_dhcp_requests_total{service="dhcp",type="discover"} 1\n');
  expect(text).toContain('provlab_dhcp_requests_total{service="dhcp",type="other"} 1\n');
  expect(text).toContain('provlab_dhcp_rejected_total{service="dhcp",code="too-short"} 1\n');
  expect(text).toContain(
    'provlab_dhcp_leases{service="dhcp",network="net \\"1\\"\\\\\\n",pool="10.0.1.0-10.0.1.99",state="active"} 2\n',
  );
  expect(text.match(/^# TYPE provlab_dhcp_leases gauge$/gm)).toHaveLength(1);
  const buckets = [...text.matchAll(/sync_seconds_bucket{service="dhcp",le="([^"]+)"} (\d+)/g)];
  expect(buckets.map(([, le, count]) => `${le}:${count}`)).toEqual([
    ...["0.0001:1", "0.00025:1", "0.0005:3", "0.001:3", "0.0025:3", "0.005:3", "0.01:4"],
    ...["0.025:4", "0.05:4", "0.1:4", "0.25:4", "0.5:4", "1:4", "2.5:4", "+Inf:5"],
  ]);
  expect(text).toContain('provlab_dhcp_sync_seconds_count{service="dhcp"} 5\n');
});

test("a counter that the table does not know is a mistake of ours", () => {
  expect(() => counterFamilies("x", { a: 1 }, {})).toThrow(/x: a has no name/);
});

test("the number of pools with a time series of their own is bounded, and no lease is forgotten", () => {
  for (const pools of [0, 1, POOLS_MAX, POOLS_MAX + 1, 5 * POOLS_MAX]) {
    const leases = dhcpWith(pools).find(({ name }) => name === "provlab_dhcp_leases")!;
    const active = leases.samples.filter(({ labels }) => labels!["state"] === "active");
    expect(active).toHaveLength(Math.min(pools, POOLS_MAX));
    const sum = active.reduce((total, { value }) => total + value, 0);
    expect(sum).toBe((pools * (pools + 1)) / 2);
  }
});

test("a process is ready while all its parts have told something of late", () => {
  const latest = new LatestMetrics(["dhcp", "tftp"]);
  latest.take("dhcp", [], 1000);
  expect(latest.isReady(1000)).toBe(false);
  latest.take("tftp", [], 1500);
  expect(latest.isReady(1500)).toBe(true);
  latest.take("tftp", [], 9000);
  expect(latest.isReady(10_999)).toBe(true);
  expect(latest.isReady(11_000)).toBe(false);
});

describe("where metrics are told", () => {
  test.each([
    ["9767", { address: 0x7f000001, port: 9767 }],
    ["0.0.0.0:80", { address: 0, port: 80 }],
    ["10.0.0.1:0", { address: 0x0a000001, port: 0 }],
    ["65536", undefined],
    ["localhost:80", undefined],
    ["10.0.0:80", undefined],
    [":80", undefined],
    ["", undefined],
    ["[::1]:80", undefined],
  ])("%s", (text, plan) => {
    expect(parseMetricsAddress(text)).toEqual(plan);
  });
});

const parser = spawnSync("/usr/bin/python3", ["-c", "import prometheus_client"]);
const missing = parser.status === 0 ? undefined : "not installed: python3-prometheus-client";

describeUnless(missing, "the parser of Prometheus' own Python client", () => {
  test("reads every sample", () => {
    const families = everything();
    const program = `
import sys
from prometheus_client.parser import text_string_to_metric_families as parse
for family in parse(sys.stdin.read()):
    for sample in family.samples:
        print(family.type, sample.name, sorted(sample.labels.items()), sample.value)
`;
    const input = renderExposition(families);
    const read = spawnSync("/usr/bin/python3", ["-c", program], { input, encoding: "utf8" });
    expect(read.stderr).toBe("");
    const lines = read.stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(families.reduce((sum, { samples }) => sum + samples.length, 0));
    expect(new Set(lines.map((line) => line.split(" ")[0]))).toEqual(
      new Set(["counter", "gauge", "histogram"]),
    );
    expect(read.stdout).toContain(String.raw`('network', 'net "1"\\\n')`);
  });
});
