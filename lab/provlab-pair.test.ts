import { describe, expect, test } from "vitest";
import { provPlanOf } from "../cli/serve/prov-file.ts";
import { parseIpv4 } from "../protocol/ipv4.ts";
import { Population } from "../scenarios/population.ts";
import { haProfiles } from "../server/ha/heartbeat-times.ts";
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

  test("on loopback, all programs keep apart by address, and by the five ports of the lab", () => {
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
    expect(planOf(site, 0).ha!.links[0]!.port).toBe(694);
    expect(planOf(site, 0).ha!.etcd.endpoints[2]).toBe("http://127.0.13.4:2379");
  });

  test("the key is nobody else's to read", () => {
    const { files } = provlabPair(siteWith()).nodes[0];
    expect(files.find(({ path }) => path === "ha.key")?.mode).toBe(0o600);
  });
});
