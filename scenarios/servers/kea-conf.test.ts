import { describe, expect, test } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { Population } from "../population/population.ts";
import { keaRegistry } from "./kea-classes.ts";
import { keaConf } from "./kea-conf.ts";

const population = new Population({
  cableModems: 100,
  mtas: 20,
  cpes: 0,
  smartMeters: 10,
  cmtsCount: 3,
  addressBlock: { network: parseIpv4("10.64.0.0")!, prefixLength: 10 },
});

const bootServer = parseIpv4("192.0.2.1")!;

interface Subnet {
  readonly id: number;
  readonly subnet: string;
  readonly relay: { readonly "ip-addresses": readonly string[] };
  readonly pools: readonly { readonly pool: string }[];
}

describe("Kea's configuration of a population", () => {
  const text = keaConf(population, {
    interfaces: ["eth7"],
    leaseFile: "/somewhere/leases.csv",
    leaseSeconds: 600,
    threads: 2,
    registry: undefined,
  });
  const { Dhcp4: settings } = JSON.parse(text) as { Dhcp4: Record<string, unknown> };
  const subnets = settings["subnet4"] as readonly Subnet[];

  test("has one network for each CMTS, chosen by its relay address", () => {
    expect(subnets.map(({ id, subnet }) => [id, subnet])).toEqual([
      [1, "10.64.0.0/24"],
      [2, "10.64.1.0/24"],
      [3, "10.64.2.0/24"],
    ]);
    expect(subnets.map(({ relay }) => relay["ip-addresses"])).toEqual([
      ["10.64.0.1"],
      ["10.64.1.1"],
      ["10.64.2.1"],
    ]);
  });

  test("has an address for every device, and none outside the population's pools", () => {
    subnets.forEach(({ pools }, index) => {
      const [low, high] = pools[0].pool.split(" - ").map((address) => parseIpv4(address)!);
      const ranges = population.cmts(index).pools;
      const addresses = ranges.reduce((sum, range) => sum + range.high - range.low + 1, 0);
      expect(high! - low! + 1).toBe(addresses);
      expect(low).toBe(ranges[0].low);
    });
  });

  test("turns multi-threading off when there are no threads", () => {
    const options = {
      ...{
        interfaces: ["eth7"],
        leaseFile: "/leases.csv",
        leaseSeconds: 600,
      },
      registry: undefined,
    };
    const threadsOf = (threads: number): unknown =>
      JSON.parse(keaConf(population, { ...options, threads })).Dhcp4["multi-threading"];
    expect(threadsOf(2)).toMatchObject({ "enable-multi-threading": true, "thread-pool-size": 2 });
    expect(threadsOf(0)).toMatchObject({ "enable-multi-threading": false });
  });

  test("writes every lease to the file it is given, and lets nothing be reused unwritten", () => {
    expect(settings["lease-database"]).toMatchObject({
      type: "memfile",
      persist: true,
      name: "/somewhere/leases.csv",
    });
    expect(Number(settings["cache-threshold"]) * 600).toBeLessThan(0.001);
    expect(settings["cache-threshold"]).toBeGreaterThan(0);
    expect(settings["valid-lifetime"]).toBe(600);
  });
});

describe("Kea's configuration of a registered population", () => {
  const registry = keaRegistry(population, { bootServer, registered: true });
  const text = keaConf(population, {
    ...{
      interfaces: ["eth7"],
      leaseFile: "/leases.csv",
      leaseSeconds: 600,
      threads: 2,
    },
    registry,
  });
  const { Dhcp4: settings } = JSON.parse(text) as { Dhcp4: Record<string, unknown> };

  test("registers every device once, and no more than its hardware address", () => {
    const reservations = settings["reservations"] as readonly { readonly "hw-address": string }[];
    expect(new Set(reservations.map((host) => host["hw-address"])).size).toBe(population.size);
    expect(reservations.every((host) => Object.keys(host).length === 1)).toBe(true);
    expect(settings["reservations-global"]).toBe(true);
  });

  test("keeps option 82 with every lease, which a renewal's class depends on", () => {
    expect(settings).toMatchObject({ "store-extended-info": true, "stash-agent-options": true });
  });

  test("has a pool for each kind of device, of a class that only known clients are in", () => {
    const classes = settings["client-classes"] as readonly { name: string; test: string }[];
    const subnets = settings["subnet4"] as readonly {
      readonly pools: readonly { readonly pool: string; readonly "client-class": string }[];
    }[];
    for (const { pools } of subnets) {
      expect(pools.map((pool) => pool["client-class"])).toEqual([
        ...["cable-modem", "packetcable-mta", "smart-meter"],
      ]);
      for (const pool of pools) {
        const named = classes.find(({ name }) => name === pool["client-class"]);
        expect(named?.test).toMatch(/^member\('KNOWN'\) and \(/);
      }
    }
  });
});

describe("Kea's configuration of a population that is not registered", () => {
  const text = keaConf(population, {
    ...{ interfaces: ["*"], leaseSeconds: 600 },
    registry: keaRegistry(population, { bootServer, registered: false }),
  });
  const { Dhcp4: settings } = JSON.parse(text) as { Dhcp4: Record<string, unknown> };

  test("tells devices by what they say of themselves, and knows nobody", () => {
    expect(text).not.toContain("KNOWN");
    expect(settings["reservations"]).toBeUndefined();
    expect(settings["reservations-global"]).toBe(false);
    expect(settings["client-classes"]).toHaveLength(7);
  });

  test("leaves the lease file and the threads to Kea", () => {
    expect(settings["lease-database"]).not.toHaveProperty("name");
    expect(settings["multi-threading"]).toMatchObject({
      ...{ "enable-multi-threading": true, "thread-pool-size": 0 },
    });
  });
});
