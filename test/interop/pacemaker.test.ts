import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { dhcpdConf } from "../../scenarios/servers/dhcpd-conf.ts";
import { describeWithPeers, NetworkLab } from "./namespaces.testing.ts";
import { OcfAgent, ocf } from "./ocf-agent.testing.ts";
import { deviceCount, leasedAddresses, PeerPairSite } from "./peer-pair.testing.ts";

describeWithPeers("two nodes with one mounted file system", ["ocf-tester"], () => {
  let lab: NetworkLab;
  let agents: readonly OcfAgent[];

  beforeEach(() => {
    lab = new NetworkLab();
    agents = [];
  });

  afterEach(async () => {
    for (const agent of agents) await agent.act("stop");
    await lab.close();
  });

  test("the standby node serves every device at its address (HA-4, HA-5, HA-13, HA-16)", async () => {
    const { nodes, bindAll } = sharedSite();
    const [a, b] = nodes.map((node) => new OcfAgent(lab, node, lab.path("db/prov.yaml")));
    agents = [a!, b!];

    expect(await a!.statusOf("start")).toBe(ocf.success);
    expect(await b!.statusOf("monitor")).toBe(ocf.notRunning);
    expect(await bindAll()).toEqual({ acknowledgedBy: [deviceCount, 0] });

    await a!.kill();
    expect(await b!.statusOf("start")).toBe(ocf.success);
    expect(await bindAll()).toEqual({ acknowledgedBy: [0, deviceCount] });

    expect(await b!.statusOf("stop")).toBe(ocf.success);
    expect(await a!.statusOf("start")).toBe(ocf.success);
    expect(await bindAll()).toEqual({ acknowledgedBy: [deviceCount, 0] });
    const leases = leasedAddresses(readFileSync(lab.path("db/dhcpd.leases"), "utf8"));
    expect([...leases.values()].map((set) => set.size)).toEqual(Array(deviceCount).fill(1));
  });

  /** The pair's network, and the folder that both nodes see: the mirrored file system. */
  function sharedSite() {
    const pair = new PeerPairSite(lab);
    const { population, leaseSeconds } = pair.site;
    const serverSubnet = { network: parseIpv4("10.99.0.0")!, prefixLength: 24 };
    mkdirSync(lab.path("db"));
    writeFileSync(
      lab.path("db/dhcpd.conf"),
      dhcpdConf(population, { leaseSeconds, serverSubnet, bootServer: serverSubnet.network + 1 }),
    );
    writeFileSync(lab.path("db/dhcpd.leases"), "");
    const dhcp = "dhcp: { config: dhcpd.conf, leases: dhcpd.leases, interfaces: [serve0] }";
    writeFileSync(lab.path("db/prov.yaml"), `schema: provlab/prov@1\n${dhcp}\n`);
    return { nodes: pair.nodes, bindAll: () => pair.bindAll() };
  }
});
