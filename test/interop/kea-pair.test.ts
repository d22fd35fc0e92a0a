import { afterEach, beforeEach, expect, test } from "vitest";
import { keaPair } from "../../lab/kea-pair.ts";
import { describeWithPeers, NetworkLab } from "./namespaces.testing.ts";
import { deviceCount, PeerPairSite } from "./peer-pair.testing.ts";

/** The addresses of each hardware address in a lease file of memfile. */
function addressesOf(csv: string): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const line of csv.split("\n").slice(1)) {
    const [address, hardware] = line.split(",");
    if (hardware === undefined || hardware === "") continue;
    found.set(hardware, (found.get(hardware) ?? new Set()).add(address!));
  }
  return found;
}

describeWithPeers("a Kea hot-standby pair", ["kea-dhcp4"], () => {
  let lab: NetworkLab;

  beforeEach(() => {
    lab = new NetworkLab();
  });

  afterEach(async () => {
    await lab.close();
  });

  test("is served by the primary, and by the standby while the primary is gone", async () => {
    const peers = new PeerPairSite(lab);
    const setUp = keaPair(peers.site, {
      ...{ heartbeatMs: 500, maxResponseMs: 1500, maxAckMs: 1000, maxUnackedClients: 2 },
    });
    expect(setUp.product).toMatch(/^Kea \d+\.\d+\S* hot-standby$/);
    const [a, b] = await peers.start(setUp);
    await a.waitFor(/to HOT-STANDBY state/);

    expect(await peers.bindAll()).toEqual({ acknowledgedBy: [deviceCount, 0] });

    a.signal("SIGKILL");
    await a.ended;
    await b.waitFor(/HA_COMMUNICATION_INTERRUPTED/);
    // Nobody has raised `secs` yet: the standby looks on until clients have waited for long enough.
    expect(b.output).not.toMatch(/to PARTNER-DOWN state/);
    expect(await peers.bindAll()).toEqual({ acknowledgedBy: [0, deviceCount] });
    expect(b.output).toMatch(/to PARTNER-DOWN state/);
    const addresses = [...addressesOf(peers.read("kea-b", "leases.csv")).values()];
    expect(addresses.map((set) => set.size)).toEqual(Array(deviceCount).fill(1));

    const again = peers.startNode(setUp.nodes, 0);
    await again.waitFor(/to HOT-STANDBY state/, { timeoutMs: 60_000 });
    expect(await peers.bindAll()).toEqual({ acknowledgedBy: [deviceCount, 0] });
  });
});
