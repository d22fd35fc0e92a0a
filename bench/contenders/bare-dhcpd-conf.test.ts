import { expect, test } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { Population } from "../../scenarios/population/population.ts";
import { parseConfig } from "../../server/config/grammar/parse.ts";
import { bareDhcpdConf } from "./bare-dhcpd-conf.ts";

const population = new Population({
  ...{ cableModems: 100, mtas: 20, cpes: 0, smartMeters: 10, cmtsCount: 3 },
  addressBlock: { network: parseIpv4("10.64.0.0")!, prefixLength: 10 },
});

test("the bare configuration is valid, has a range a relay, and neither hosts nor classes", () => {
  const text = bareDhcpdConf(population, {
    leaseSeconds: 600,
    localAddress: parseIpv4("192.0.2.1")!,
    serverSubnet: { network: parseIpv4("192.0.2.0")!, prefixLength: 24 },
  });
  const parsed = parseConfig("bare", () => text);
  if (parsed.kind !== "ok") throw new Error(parsed.diagnostics[0]?.message);
  expect(parsed.config.hosts.count).toBe(0);
  expect(text).not.toMatch(/class|host|pool/);
  const ranges = [...text.matchAll(/range (\S+) (\S+);/g)].map(([, low, high]) => ({
    low: parseIpv4(low!)!,
    high: parseIpv4(high!)!,
  }));
  expect(ranges).toHaveLength(3);
  ranges.forEach(({ low, high }, index) => {
    const addresses = population.cmts(index).pools.map((pool) => [pool.low, pool.high]);
    expect([low, high]).toEqual([addresses[0][0], addresses.at(-1)![1]]);
  });
  expect(text).toContain("local-address 192.0.2.1;");
  expect(text).toContain("default-lease-time 600;");
});
