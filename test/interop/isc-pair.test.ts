import { afterEach, beforeEach, expect, test } from "vitest";
import { iscPair } from "../../lab/isc-pair.ts";
import { describeWithPeers, NetworkLab } from "./namespaces.testing.ts";
import { deviceCount, leasedAddresses, PeerPairSite } from "./peer-pair.testing.ts";

describeWithPeers("an ISC failover pair", ["dhcpd"], () => {
  let lab: NetworkLab;

  beforeEach(() => {
    lab = new NetworkLab();
  });

  afterEach(async () => {
    await lab.close();
  });

  test("shares the clients; the secondary serves them all while the primary is gone", async () => {
    const peers = new PeerPairSite(lab);
    const setUp = iscPair(peers.site, {
      ...{ maxResponseSeconds: 5, mcltSeconds: 60, loadBalanceMaxSeconds: 3 },
    });
    expect(setUp.product).toMatch(/^ISC dhcpd \d+\.\d+\S* failover$/);
    const [a, b] = await peers.start(setUp);
    await a.waitFor(/I move from \S+ to normal/);

    const both = await peers.bindAll();
    expect(both.acknowledgedBy).toHaveLength(2);
    expect(Math.min(...both.acknowledgedBy)).toBeGreaterThan(0);

    a.signal("SIGKILL");
    await a.ended;
    await b.waitFor(/I move from normal to communications-interrupted/);
    const alone = await peers.bindAll();
    expect(alone.acknowledgedBy).toEqual([0, deviceCount]);
    // Whatever A had acknowledged was known to B: nobody has two addresses.
    const addresses = [...leasedAddresses(peers.read("dhcpd-b", "dhcpd.leases")).values()];
    expect(addresses.map((set) => set.size)).toEqual(Array(deviceCount).fill(1));

    const again = peers.startNode(setUp.nodes, 0);
    await again.waitFor(/I move from \S+ to normal/, { timeoutMs: 60_000 });
    expect(Math.min(...(await peers.bindAll()).acknowledgedBy)).toBeGreaterThan(0);
  });
});
