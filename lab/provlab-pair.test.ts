import { describe, expect, test } from "vitest";
import { provPlanOf } from "../cli/serve/prov-file.ts";
import { OptionCode } from "../protocol/dhcp/option-code.ts";
import { parseIpv4 } from "../protocol/ipv4.ts";
import { Population } from "../scenarios/population/population.ts";
import { EngineBed } from "../server/dhcp/decide/engine.testing.ts";
import { haProfiles } from "../server/ha/heartbeat-times.ts";
import { RecordingSink } from "../simulator/device/exchange.testing.ts";
import { Answerers } from "../simulator/measure/answerers.ts";
import { Fleet } from "../simulator/worker/fleet.ts";
import type { PairSite } from "./pair-set-up.ts";
import { provlabPair } from "./provlab-pair.ts";

const ip = (text: string): number => parseIpv4(text)!;
const node = (last: number) => ({
  access: ip(`127.0.${last}.1`),
  links: [ip(`127.0.${last}.2`), ip(`127.0.${last}.3`)] as const,
  store: ip(`127.0.${last}.4`),
});

function siteWith(more: Partial<PairSite> = {}): PairSite {
  return {
    folder: "/tmp/lab",
    addresses: { nodes: [node(11), node(12)], witnessStore: ip("127.0.13.4"), gateway: undefined },
    ...{ port: 30_000, leaseSeconds: 600, accessInterface: "lo", hasNamespaces: false },
    population: new Population({
      ...{ cableModems: 4, mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 1 },
    }),
    ...more,
  };
}

/** As `prov serve` of that node reads it. */
function planOf(site: PairSite, index: 0 | 1) {
  const { text } = provlabPair(site).nodes[index].files.find(({ path }) => path === "prov.yaml")!;
  return provPlanOf("prov.yaml", text);
}

describe("our own pair", () => {
  test("is what prov serve reads: each node names the other, and all three members", () => {
    const [a, b] = [planOf(siteWith(), 0), planOf(siteWith(), 1)];
    expect(a.ha).toMatchObject({ node: "node-a", peerName: "node-b", isFirst: true });
    expect(b.ha).toMatchObject({ node: "node-b", peerName: "node-a", isFirst: false });
    expect(a.ha!.links.map(({ address, peerAddress }) => [address, peerAddress])).toEqual(
      b.ha!.links.map(({ address, peerAddress }) => [peerAddress, address]),
    );
    expect(a.ha!.etcd).toEqual(b.ha!.etcd);
    expect(a.ha!.etcd.endpoints).toHaveLength(3);
    expect(a.ha!.times).toEqual(haProfiles.guide);
    expect(a.controlSocket).toBe(provlabPair(siteWith()).controlSocket);
  });

  test("the fast profile, and the gateway where there is one", () => {
    const { addresses } = siteWith();
    const gateway = ip("192.0.2.253");
    const site = siteWith({ profile: "fast", addresses: { ...addresses, gateway } });
    expect(planOf(site, 0).ha).toMatchObject({ times: haProfiles.fast, gatewayAddress: gateway });
  });

  test("on loopback, all programs keep apart by address, and by the ports of the lab", () => {
    const { members, nodes } = provlabPair(siteWith());
    const words = [...members, ...nodes].flatMap(({ command, files }) => [
      ...command,
      ...files.map(({ text }) => text),
    ]);
    const ports = words.join(" ").matchAll(/127\.0\.1\d\.4:(\d+)/g);
    expect(new Set([...ports].map((match) => Number(match[1])))).toEqual(new Set([30_003, 30_004]));
    expect(planOf(siteWith(), 0).ha!.links.map(({ port }) => port)).toEqual([30_002, 30_002]);
  });

  test("in namespaces, everybody has the ports that are known for it", () => {
    const site = siteWith({ hasNamespaces: true, port: 67 });
    expect(planOf(site, 0).ha!.links[0].port).toBe(694);
    expect(planOf(site, 0).ha!.etcd.endpoints[2]).toBe("http://127.0.13.4:2379");
  });

  describe("with a service address", () => {
    const serviceAddress = ip("192.0.2.10");
    const access = [ip("192.0.2.1"), ip("192.0.2.2")] as const;
    const [a, b] = access.map((address, index) => ({ ...node(11 + index), access: address }));
    const site = siteWith({
      ...{ serviceAddress, accessInterface: "access", hasNamespaces: true, port: 67 },
      addresses: { ...siteWith().addresses, nodes: [a!, b!] },
    });
    const confs = provlabPair(site).nodes.map(
      ({ files }) => files.find(({ path }) => path === "dhcpd.conf")!.text,
    );

    /** What each node answers to a device's first DISCOVER. */
    const offers = confs.map((conf, index) => {
      const bed = new EngineBed(conf);
      const sink = new RecordingSink();
      const { population } = site;
      const servers = [{ address: access[index], port: 67 }];
      new Fleet({ population, seed: 1, servers, startMs: 0 }, sink).start(0, "discover", 0, 0);
      const { packet } = sink.take()[0];
      const arrival = { sourceAddress: packet.giaddr, sourcePort: 67, interfaceIndex: 3 };
      const outcome = bed.engine.respond(
        { packet, ...arrival, destinationAddress: access[index] },
        bed.nowSeconds,
        bed.nowSeconds * 1000,
      );
      return bed.seenReply(outcome).packet;
    });

    test("both nodes have it in turn, and lease by it", () => {
      for (const index of [0, 1] as const) {
        expect(planOf(site, index).ha!.floatingAddress).toEqual({
          ...{ address: serviceAddress, prefixLength: 24, device: "access" },
        });
        // A socket on one address would not hear what comes to another.
        expect(confs[index]).not.toContain("local-address");
        expect(offers[index].options.getUInt32(OptionCode.serverIdentifier)).toBe(serviceAddress);
      }
    });

    test("which of them answered is told by its name, in every reply", () => {
      const { sharedIdentifier } = provlabPair(site);
      const servers = access.map((address) => ({ address, port: 67 }));
      const answerers = new Answerers(servers, sharedIdentifier);
      expect(offers.map((offer) => answerers.of(offer))).toEqual(access);
    });

    test("without one, leases name the node, and nothing else tells it", () => {
      const { nodes, sharedIdentifier } = provlabPair(siteWith());
      expect(sharedIdentifier).toBeUndefined();
      const conf = nodes[0].files.find(({ path }) => path === "dhcpd.conf")!.text;
      expect(conf).toContain("local-address 127.0.11.1;");
      expect(conf).not.toMatch(/server-(identifier|name)/);
      expect(planOf(siteWith(), 0).ha!.floatingAddress).toBeUndefined();
    });
  });

  test("the key is nobody else's to read", () => {
    const { files } = provlabPair(siteWith()).nodes[0];
    expect(files.find(({ path }) => path === "ha.key")?.mode).toBe(0o600);
  });
});
