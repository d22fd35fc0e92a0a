import { describe, expect, test } from "vitest";
import { parseIpv4 } from "../protocol/ipv4.ts";
import { Population } from "../scenarios/population/population.ts";
import { parseConfig } from "../server/config/grammar/parse.ts";
import { iscFailovers, iscPair, iscPairConf, knowsItsHalf } from "./isc-pair.ts";
import { keaFailovers, keaPair, keaPairConf } from "./kea-pair.ts";
import type { NodeAddresses, PairSite } from "./pair-set-up.ts";

function node(last: number): NodeAddresses {
  const at = (network: string): number => parseIpv4(`${network}.${last}`)!;
  return {
    ...{ access: at("10.99.0"), store: at("192.168.2") },
    links: [at("192.168.0"), at("192.168.1")],
  };
}

const site: PairSite = {
  folder: "/nowhere",
  addresses: { nodes: [node(1), node(2)], witnessStore: 0, gateway: undefined },
  ...{ port: 67, leaseSeconds: 600, accessInterface: "serve0", hasNamespaces: true },
  population: new Population({
    ...{ cableModems: 20, mtas: 5, cpes: 5, smartMeters: 5, cmtsCount: 2 },
    addressBlock: { network: parseIpv4("10.64.0.0")!, prefixLength: 16 },
  }),
};

describe("dhcpd.conf of an ISC failover pair", () => {
  const [primary, secondary] = ([0, 1] as const).map((index) =>
    iscPairConf(site, iscFailovers.guide, index),
  );

  test("only the primary says mclt and split, and each names the other's address on the first link", () => {
    const statementsOf = (text: string): readonly string[] =>
      /^failover peer "provlab" \{\n([^}]*)\}/
        .exec(text)![1]
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
    const shared = [
      ...["port 647;", "peer port 647;"],
      ...["max-response-delay 60;", "max-unacked-updates 10;", "load balance max seconds 3;"],
    ];
    expect(statementsOf(primary!).toSorted()).toEqual(
      [
        ...[...shared, "primary;", "address 192.168.0.1;", "peer address 192.168.0.2;"],
        ...["mclt 3600;", "split 128;"],
      ].toSorted(),
    );
    expect(statementsOf(secondary!).toSorted()).toEqual(
      [...shared, "secondary;", "address 192.168.0.2;", "peer address 192.168.0.1;"].toSorted(),
    );
  });

  test("every pool is under the peer, and closed to BOOTP", () => {
    for (const text of [primary!, secondary!]) {
      const pools = text.match(/^ +pool \{\n.*\n.*\n/gm) ?? [];
      expect(pools).toHaveLength(8);
      for (const pool of pools) {
        expect(pool).toMatch(/failover peer "provlab";\n +deny dynamic bootp clients;/);
      }
    }
  });

  test("node B is ready when it has heard of half of every pool", () => {
    const sizes = [0, 1].flatMap((index) =>
      site.population.cmts(index).pools.map(({ low, high }) => high - low + 1),
    );
    const half = sizes.reduce((sum, size) => sum + Math.floor(size / 2), 0);
    const record = (state: string): string =>
      `lease 10.64.0.9 {\n  binding state ${state};\n  next binding state free;\n}\n`;
    const all = record("free").repeat(2 * half) + record("backup").repeat(half - 1);
    expect(knowsItsHalf(all, site.population)).toBe(false);
    expect(knowsItsHalf(all + record("active"), site.population)).toBe(true);
  });

  test("is valid but for the protocol, which our own server does not speak", () => {
    const parsed = parseConfig("dhcpd.conf", () => primary);
    if (parsed.kind !== "ok") expect.fail(parsed.diagnostics[0]?.message);
    expect(parsed.warnings).toHaveLength(1);
    expect(parsed.warnings[0].message).toMatch(/^failover peer provlab keeps the server/);
  });
});

describe("the configuration of a Kea pair", () => {
  const [primary, standby] = ([0, 1] as const).map((index) => {
    const text = keaPairConf(site, keaFailovers.guide, index);
    return (JSON.parse(text) as { Dhcp4: Record<string, unknown> }).Dhcp4;
  });
  const relationshipOf = (settings: Record<string, unknown>): Record<string, unknown> => {
    const hooks = settings["hooks-libraries"] as readonly {
      readonly parameters?: { readonly "high-availability": readonly Record<string, unknown>[] };
    }[];
    return hooks.find(({ parameters }) => parameters !== undefined)!.parameters![
      "high-availability"
    ][0];
  };

  test("the two differ in who they are, and in nothing else of the relationship", () => {
    const [ours, theirs] = [relationshipOf(primary!), relationshipOf(standby!)];
    expect([ours["this-server-name"], theirs["this-server-name"]]).toEqual(["a", "b"]);
    expect({ ...ours, "this-server-name": "" }).toEqual({ ...theirs, "this-server-name": "" });
    expect(ours["peers"]).toEqual([
      { name: "a", url: "http://192.168.0.1:8000/", role: "primary", "auto-failover": true },
      { name: "b", url: "http://192.168.0.2:8000/", role: "standby", "auto-failover": true },
    ]);
  });

  test("has the delays of the manual's example, and threads that do not wait for a control agent", () => {
    expect(relationshipOf(primary!)).toMatchObject({
      mode: "hot-standby",
      ...{ "heartbeat-delay": 10_000, "max-response-delay": 60_000 },
      ...{ "max-ack-delay": 5000, "max-unacked-clients": 5 },
      "multi-threading": { "enable-multi-threading": true, "http-dedicated-listener": true },
    });
    expect(primary!["multi-threading"]).toMatchObject({ "enable-multi-threading": true });
  });
});

describe("the fast profile", () => {
  test("Kea: the standby asks for no clients, and misses its partner sooner", () => {
    const text = keaPairConf(site, keaFailovers.fast, 1);
    expect(text).toMatch(/"heartbeat-delay": 1000,\s+"max-response-delay": 3000,/);
    expect(text).toMatch(/"max-unacked-clients": 0,/);
  });

  test("ISC: a silent peer is missed sooner; what its manual recommends otherwise stays", () => {
    const text = iscPairConf(site, iscFailovers.fast, 0);
    expect(text).toMatch(/ max-response-delay 5;/);
    expect(text).toMatch(/ load balance max seconds 3;/);
    expect(text).toMatch(/ mclt 3600;/);
  });
});

test.each([
  ["an ISC failover pair", iscPair],
  ["a Kea pair", keaPair],
] as const)("%s is refused on loopback", (name, pairOf) => {
  expect(() => pairOf({ ...site, hasNamespaces: false })).toThrow(
    `${name} needs network namespaces`,
  );
});
