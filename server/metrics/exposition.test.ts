import { describe, expect, test } from "vitest";
import { POOLS_MAX } from "./dhcp-metrics.ts";
import { parseMetricsAddress } from "./edge/metrics-address.ts";
import { counterFamilies, renderExposition } from "./exposition.ts";
import { LatestMetrics } from "./latest-metrics.ts";
import { dhcpWith, everyFamily } from "./sample-families.testing.ts";

test("the text of a family: help, type, labels, escapes, histogram (OPS-16)", () => {
  const text = renderExposition(everyFamily());
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
