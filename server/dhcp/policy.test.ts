import { describe, expect, test } from "vitest";
import { scopesOf } from "../config/evaluate.ts";
import { clientPacket, configOf, deviceMac, EngineBed, ip } from "./engine.testing.ts";
import { PolicyCache } from "./policy.ts";

const context = { packet: clientPacket({}), known: true };

test("dhcpd's values for what the configuration leaves open", () => {
  const config = configOf("");
  const policy = new PolicyCache(config).policyFor([config.root], context, false);
  expect(policy).toMatchObject({
    ...{ abandonSeconds: 86_400, cacheThreshold: 25, pingCheck: true, pingTimeoutMs: 1000 },
    ...{ pingClttSeconds: 60, unknownClients: true, booting: true, duplicates: true },
    ...{ declines: true, oneLeasePerClient: false, ignoreClientIds: false, minSeconds: 0 },
    ...{ stashAgentOptions: true, alwaysBroadcast: false, echoClientId: false, nextServer: 0 },
    ...{ useHostNames: false, leaseAddressIsRouter: false, serverIdentifier: undefined },
    leaseTimes: { defaultSeconds: undefined, maxSeconds: undefined, minSeconds: undefined },
  });
});

describe("remembered policies", () => {
  test("hosts without statements of their own share the policy of their group", () => {
    const units = Array.from({ length: 100 }, (_, at) => at + 1);
    const config = configOf(`
      subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.102; }
      group g { default-lease-time 77; }
      ${units.map((unit) => `host h${unit} { hardware ethernet ${deviceMac(unit)}; group "g"; }`).join("\n")}
    `);
    const cache = new PolicyCache(config);
    const policies = units.map((unit) =>
      cache.policyFor(
        scopesOf(config, {
          subnet: config.subnetOf(ip("10.9.0.1")),
          host: config.hosts.byName(`h${unit}`),
        }),
        context,
        true,
      ),
    );
    expect(new Set(policies).size).toBe(1);
    expect(policies[0]).toMatchObject({ constant: true, leaseTimes: { defaultSeconds: 77 } });
    expect(cache.size).toBeLessThan(10);
  });

  test("more hosts with statements of their own than there is room for", () => {
    const units = Array.from({ length: 5000 }, (_, at) => at + 1);
    const config = configOf(`
      subnet 10.9.0.0 netmask 255.255.255.0 { }
      ${units.map((unit) => `host h${unit} { hardware ethernet ${deviceMac(unit)}; default-lease-time ${unit}; }`).join("\n")}
    `);
    const cache = new PolicyCache(config);
    for (const round of [1, 2]) {
      for (const unit of units) {
        const host = config.hosts.byName(`h${unit}`);
        const policy = cache.policyFor(scopesOf(config, { host }), context, true);
        if (policy.leaseTimes.defaultSeconds !== unit) throw new Error(`round ${round}: h${unit}`);
      }
    }
    expect(cache.size).toBeLessThanOrEqual(4100);
  });

  test.each([
    ["a conditional", "if exists host-name { default-lease-time 10; }"],
    ["a computed option", "option host-name = option vendor-class-identifier;"],
  ])("%s is evaluated for every packet", (_name, statement) => {
    const config = configOf(statement);
    const cache = new PolicyCache(config);
    const first = cache.policyFor([config.root], context, false);
    expect(first.constant).toBe(false);
    expect(cache.policyFor([config.root], context, false)).not.toBe(first);
  });

  test("subnets that say nothing are not mixed up: each has its own mask", () => {
    const bed = new EngineBed(`
      ping-check off;
      shared-network cable {
        subnet 10.9.0.0 netmask 255.255.255.0 { }
        subnet 10.8.0.0 netmask 255.255.0.0 { }
      }
      host a { hardware ethernet ${deviceMac(1)}; fixed-address 10.9.0.50; }
      host b { hardware ethernet ${deviceMac(2)}; fixed-address 10.8.0.50; }
    `);
    const mask = (unit: number) =>
      bed.reply({ giaddr: "10.9.0.2", mac: deviceMac(unit), list: [1] }).option(1);
    expect([mask(1), mask(2), mask(1)]).toEqual([
      [255, 255, 255, 0],
      [255, 255, 0, 0],
      [255, 255, 255, 0],
    ]);
  });

  test("a conditional decides packet by packet, also after a reply was remembered", () => {
    const bed = new EngineBed(`
      ping-check off; default-lease-time 600;
      subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.102; }
      if option host-name = "long" { default-lease-time 1000; }
    `);
    const seconds = (hostname: string) => bed.reply({ giaddr: "10.9.0.2", hostname }).leaseSeconds;
    expect([seconds("short"), seconds("long"), seconds("short")]).toEqual([600, 1000, 600]);
  });
});
