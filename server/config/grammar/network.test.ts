import { describe, expect, test } from "vitest";
import { Permutation } from "../../../base/permutation.ts";
import { formatIpv4, parseIpv4 } from "../../../protocol/ipv4.ts";
import type { ServerConfig } from "../model/model.ts";
import { RangeSet } from "../model/range-set.ts";
import { configOf, warningsOf } from "./config.testing.ts";

const at = (text: string): number => parseIpv4(text) as number;

function networksOf(config: ServerConfig) {
  return config.sharedNetworks.map(({ name, subnets, pools }) => ({
    name,
    subnets: subnets.map(({ network }) => formatIpv4(network)),
    pools: pools.map(({ ranges }) =>
      ranges.map(({ low, high }) => `${formatIpv4(low)}-${formatIpv4(high)}`),
    ),
  }));
}

describe("CONF-6, CONF-7, CONF-8: subnets, ranges, shared networks", () => {
  const config = configOf(`
    shared-network cable {
      subnet 10.0.0.0 netmask 255.255.255.0 { pool { range 10.0.0.20 10.0.0.29; range 10.0.0.9; } }
      subnet 10.0.1.0 netmask 255.255.255.0 { range 10.0.1.1 10.0.1.5; range 10.0.1.7; }
      pool { range 10.0.0.50 10.0.0.59; range 10.0.1.50; }
    }
    subnet 10.1.0.0 netmask 255.255.0.0 { }
    subnet 10.1.2.0 netmask 255.255.255.0 { range 10.1.2.9; }`);

  test("networks with their subnets and pools in order of declaration", () => {
    expect(networksOf(config)).toEqual([
      {
        name: "cable",
        subnets: ["10.0.0.0", "10.0.1.0"],
        pools: [
          ["10.0.0.20-10.0.0.29", "10.0.0.9-10.0.0.9"],
          ["10.0.1.1-10.0.1.5", "10.0.1.7-10.0.1.7"],
          ["10.0.0.50-10.0.0.59", "10.0.1.50-10.0.1.50"],
        ],
      },
      { name: "10.1.0.0/16", subnets: ["10.1.0.0"], pools: [] },
      { name: "10.1.2.0/24", subnets: ["10.1.2.0"], pools: [["10.1.2.9-10.1.2.9"]] },
    ]);
    expect(config.pools.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(config.pools[2].sharedNetwork).toBe(config.sharedNetworks[0]);
  });

  test("the most specific subnet of an address", () => {
    const names = ["10.0.0.255", "10.0.1.0", "10.1.2.3", "10.1.3.3", "10.2.0.1", "0.0.0.0"].map(
      (address) => config.subnetOf(at(address))?.sharedNetwork.name,
    );
    expect(names).toEqual(["cable", "cable", "10.1.2.0/24", "10.1.0.0/16", undefined, undefined]);
  });

  test("addresses from 128.0.0.0 upwards", () => {
    const high = configOf(
      "subnet 192.0.2.0 netmask 255.255.255.0 { range 192.0.2.1 192.0.2.254; }",
    );
    expect(high.subnetOf(at("192.0.2.77"))?.network).toBe(at("192.0.2.0"));
    expect(high.pools[0].ranges[0].high).toBeGreaterThan(0x8000_0000);
  });
});

describe("hosts (CONF-14)", () => {
  const config = configOf(`
    group g { filename "g"; }
    host plain { hardware ethernet 00:11:e3:dd:55:0d; }
    host fixed { hardware ethernet 00:11:e3:dd:55:0e; fixed-address 192.168.0.100, 10.0.0.1; }
    host again { hardware ethernet 00:11:e3:dd:55:0e; fixed-address 10.0.9.9; }
    host ring { hardware token-ring 00:11:e3:dd:55:0e; group g; }
    host by-id { option dhcp-client-identifier "meter"; uid 1:2; }`);
  const mac = (last: number) => Uint8Array.of(0, 0x11, 0xe3, 0xdd, 0x55, last);
  const names = (type: number, last: number) =>
    config.hosts.byHardware(type, mac(last)).map(({ name }) => name);

  test("PRE-5: known by hardware type and address", () => {
    expect(names(1, 0x0d)).toEqual(["plain"]);
    expect(names(1, 0x0f)).toEqual([]);
    expect(names(6, 0x0e)).toEqual(["ring"]);
    expect(config.hosts.byHardware(1, mac(0x0d).subarray(0, 5))).toEqual([]);
    expect(config.hosts.count).toBe(5);
  });

  test("PRE-6: several hosts of one address, each with its own places", () => {
    expect(names(1, 0x0e)).toEqual(["fixed", "again"]);
    const [fixed] = config.hosts.byHardware(1, mac(0x0e));
    expect(fixed.fixedAddresses.map(formatIpv4)).toEqual(["192.168.0.100", "10.0.0.1"]);
    expect(fixed.hardware).toEqual({ type: 1, address: mac(0x0e) });
    expect(config.hosts.byName("plain")?.fixedAddresses).toEqual([]);
  });

  test("known by client identifier; the first one counts", () => {
    const [host] = config.hosts.byClientId(new TextEncoder().encode("meter"));
    expect([host.name, host.hardware, host.index]).toEqual(["by-id", undefined, 4]);
    expect(config.hosts.byClientId(Uint8Array.of(1, 2))).toEqual([]);
    expect(config.hosts.byName("by-id")?.clientId).toEqual(new TextEncoder().encode("meter"));
    expect(config.hosts.byName("nobody")).toBeUndefined();
  });

  test("CONF-10: a named group", () => {
    expect(config.hosts.byName("ring")?.group).toBe(config.groups.get("g"));
    expect(config.hosts.byName("plain")?.group).toBeUndefined();
  });
});

describe("keys, zones and the process", () => {
  test("all of it", () => {
    const config = configOf(`
      key k { algorithm hmac-sha256; secret AP+/; }
      zone example.org. { primary 127.0.0.1; secondary 127.0.0.2; key k; }
      omapi-key k; omapi-port 7911; local-port 1067; remote-port 1068; local-address 127.0.0.1;
      lease-file-name "/tmp/leases"; pid-file-name "/tmp/pid"; log-facility LOCAL3;
      dont-use-fsync true; ddns-update-style none; limited-broadcast-address 10.255.255.255;
      db-time-format local; lease-id-format hex;`);
    expect(config.keys).toEqual([
      { name: "k", algorithm: "hmac-sha256", secret: Uint8Array.of(0, 255, 191) },
    ]);
    expect(config.zones).toEqual([
      { name: "example.org.", primary: "127.0.0.1", secondary: "127.0.0.2", key: config.keys[0] },
    ]);
    expect(config.process).toEqual({
      localPort: 1067,
      remotePort: 1068,
      localAddress: at("127.0.0.1"),
      leaseFileName: "/tmp/leases",
      pidFileName: "/tmp/pid",
      omapiPort: 7911,
      omapiKey: "k",
      logFacility: "local3",
      ddnsUpdateStyle: "none",
      dontUseFsync: true,
      limitedBroadcastAddress: at("10.255.255.255"),
      localTimes: true,
      hexClientIds: true,
    });
  });

  const places: readonly (readonly [text: string, warning: string])[] = [
    [
      "group { local-port 1067; }",
      "local-port has no effect here: it is a setting of the whole server.",
    ],
    [
      "if known { local-port 1067; }",
      "local-port has no effect here: it is a setting of the whole server.",
    ],
    ["local-port = encode-int (extract-int (hardware, 16), 16);", "local-port has no effect."],
  ];
  for (const [text, warning] of places) {
    test(`only at the top level, written out: ${text}`, () => {
      expect(warningsOf(text)).toEqual([warning]);
      expect(configOf(text).process.localPort).toBeUndefined();
    });
  }
});

test("ranges never share an address, in whatever order they come", () => {
  const ranges = new RangeSet();
  ranges.add({ low: 50, high: 59 });
  ranges.add({ low: 10, high: 19 });
  ranges.add({ low: 30, high: 30 });
  const cases: readonly (readonly [low: number, high: number, overlap: number | undefined])[] = [
    [0, 9, undefined],
    [0, 10, 10],
    [19, 25, 19],
    [20, 29, undefined],
    [20, 99, 30],
    [30, 30, 30],
    [31, 49, undefined],
    [12, 13, 12],
    [60, 70, undefined],
  ];
  for (const [low, high, overlap] of cases) expect(ranges.overlap({ low, high })).toBe(overlap);
  expect(ranges.size).toBe(21);
});

// In one list each of them would move half of the others.
test("hundreds of thousands of ranges, in no order, are kept quickly", () => {
  const count = 200_000;
  const order = new Permutation(count, 11);
  const ranges = new RangeSet();
  const startedMs = performance.now();
  for (let index = 0; index < count; index += 1) {
    const low = 4 * order.at(index);
    ranges.add({ low, high: low + 1 });
  }
  expect(performance.now() - startedMs).toBeLessThan(20_000);
  expect(ranges.size).toBe(2 * count);
  const wrong = Array.from({ length: count }, (_, index) => 4 * index).filter(
    (low) =>
      ranges.overlap({ low: low + 1, high: low + 1 }) !== low + 1 ||
      ranges.overlap({ low: low + 2, high: low + 3 }) !== undefined ||
      (ranges.overlap({ low: low + 2, high: low + 4 }) ?? 4 * count) !== low + 4,
  );
  expect(wrong).toEqual([]);
});
