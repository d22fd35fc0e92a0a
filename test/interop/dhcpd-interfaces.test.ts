import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { prov } from "../prov-command.testing.ts";
import { clientInterface, DhcpClient } from "./dhcp-clients.testing.ts";
import { describeWithPeers, NetworkLab, type Peer } from "./namespaces.testing.ts";

const subnetOf = (prefix: string): string => `
  subnet ${prefix}.0 netmask 255.255.255.0 {
    option routers ${prefix}.1;
    option domain-name "example.org";
    range ${prefix}.10 ${prefix}.29;
  }`;

describeWithPeers("two servers of one machine, each named its interface", ["udhcpc"], () => {
  let lab: NetworkLab;
  let machine: string;
  const links = ["10.77.0", "10.78.0"];

  beforeAll(() => {
    lab = new NetworkLab();
    machine = lab.addNamespace("server");
  });
  afterAll(() => lab.close());

  /** A server on port 67 for one network, or for both. */
  function startServer(name: string, networks: readonly string[], ...interfaces: string[]): Peer {
    const subnets = networks.map(subnetOf).join("");
    writeFileSync(lab.path(`${name}.conf`), `ping-check false; authoritative;${subnets}`);
    writeFileSync(lab.path(`${name}.leases`), "");
    return lab.start(machine, process.execPath, [
      ...[prov, "dhcpd", "-d", "-f", "-cf", lab.path(`${name}.conf`), "--no-pid"],
      ...["-lf", lab.path(`${name}.leases`), ...interfaces],
    ]);
  }

  test("both serve, and a third for one of the interfaces is refused", async () => {
    const clients = links.map((network, i) => {
      const home = lab.addNamespace(`client${i}`);
      const end = { interfaceName: `serve${i}`, address: `${network}.1/24` };
      lab.link(machine, end, home, { interfaceName: clientInterface });
      const mac = `02:77:00:00:01:0${i}`;
      return new DhcpClient(lab, home, { program: "udhcpc", mac, identity: "none" });
    });
    for (const [i, network] of links.entries()) {
      const server = startServer(`server${i}`, [network], `serve${i}`);
      await server.waitFor(/Server starting service\./);
    }
    for (const client of clients) client.start();
    for (const [i, client] of clients.entries()) {
      const { address } = await client.took();
      expect(address.startsWith(`${links[i]}.`)).toBe(true);
    }

    const refusals = [
      [startServer("third", links, "serve1"), /Can't serve port 67 on serve1: another server/],
      [startServer("unnamed", links), /Can't serve port 67 on serve0: another server/],
    ] as const;
    for (const [server, said] of refusals) {
      const { status, output } = await server.ended;
      expect(output).toMatch(said);
      expect(output).toMatch(/\nexiting\.\n$/);
      expect(status).toBe(1);
    }
  });
});
