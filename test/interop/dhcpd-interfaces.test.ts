import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { prov } from "../prov-command.testing.ts";
import { clientInterface, DhcpClient } from "./dhcp-clients.testing.ts";
import { describeWithPeers, ip, NetworkLab, type Peer } from "./namespaces.testing.ts";

const subnetOf = (prefix: string): string => `
  subnet ${prefix}.0 netmask 255.255.255.0 {
    option routers ${prefix}.1;
    option domain-name "example.org";
    range ${prefix}.10 ${prefix}.29;
  }`;

/** A server on port 67 for one network, or for several. */
function startServer(
  lab: NetworkLab,
  machine: string,
  name: string,
  networks: readonly string[],
  ...interfaces: string[]
): Peer {
  const subnets = networks.map(subnetOf).join("");
  writeFileSync(lab.path(`${name}.conf`), `ping-check false; authoritative;${subnets}`);
  writeFileSync(lab.path(`${name}.leases`), "");
  return lab.start(machine, process.execPath, [
    ...[prov, "dhcpd", "-d", "-f", "-cf", lab.path(`${name}.conf`), "--no-pid"],
    ...["-lf", lab.path(`${name}.leases`), ...interfaces],
  ]);
}

describeWithPeers("two servers of one machine, each named its interface", ["udhcpc"], () => {
  let lab: NetworkLab;
  let machine: string;
  const links = ["10.77.0", "10.78.0"];

  beforeAll(() => {
    lab = new NetworkLab();
    machine = lab.addNamespace("server");
  });
  afterAll(() => lab.close());

  test("both serve, and a third for one of the interfaces is refused", async () => {
    const clients = links.map((network, i) => {
      const home = lab.addNamespace(`client${i}`);
      const end = { interfaceName: `serve${i}`, address: `${network}.1/24` };
      lab.link(machine, end, home, { interfaceName: clientInterface });
      const mac = `02:77:00:00:01:0${i}`;
      return new DhcpClient(lab, home, { program: "udhcpc", mac, identity: "none" });
    });
    for (const [i, network] of links.entries()) {
      const server = startServer(lab, machine, `server${i}`, [network], `serve${i}`);
      await server.waitFor(/Server starting service\./);
    }
    for (const client of clients) client.start();
    for (const [i, client] of clients.entries()) {
      const { address } = await client.took();
      expect(address.startsWith(`${links[i]}.`)).toBe(true);
    }

    const refusals = [
      [
        startServer(lab, machine, "third", links, "serve1"),
        /Can't serve port 67 on serve1: another server/,
      ],
      [
        startServer(lab, machine, "unnamed", links),
        /Can't serve port 67 on serve0: another server/,
      ],
    ] as const;
    for (const [server, said] of refusals) {
      const { status, output } = await server.ended;
      expect(output).toMatch(said);
      expect(output).toMatch(/\nexiting\.\n$/);
      expect(status).toBe(1);
    }
  });
});

describeWithPeers("a server whose interfaces change", ["udhcpc"], () => {
  const network = "10.79.0";
  let lab: NetworkLab;
  let machine: string;
  let clients = 0;

  beforeEach(() => {
    lab = new NetworkLab();
    machine = lab.addNamespace("server");
  });
  afterEach(() => lab.close());

  /** Joins the server's machine to a new client; the server has this address there. */
  function plugIn(address = `${network}.1`): DhcpClient {
    clients += 1;
    const home = lab.addNamespace(`client${clients}`);
    const end = { interfaceName: "serve0", address: `${address}/24` };
    lab.link(machine, end, home, { interfaceName: clientInterface });
    const mac = `02:79:00:00:01:0${clients}`;
    return new DhcpClient(lab, home, { program: "udhcpc", mac, identity: "none" });
  }

  test.each([
    ["named", ["serve0"]],
    ["not named", []],
  ] as const)("one that is %s is deleted, and served when it is back", async (_, names) => {
    const first = plugIn();
    const server = startServer(lab, machine, "dhcpd", [network], ...names);
    await server.waitFor(/Server starting service\./);
    first.start();
    await first.took();
    ip("-n", machine, "link", "delete", "serve0");
    await server.waitFor(/Interface serve0 is gone, down, or without an address/);
    const second = plugIn();
    await server.waitFor(/Interface serve0 is served \([0-9a-f:]+ 10\.79\.0\.1\)\./);
    second.start();
    expect((await second.took()).address).toMatch(/^10\.79\.0\./);
    // A renewal by unicast.
    second.renew();
    await second.took(2);
  });

  test("another address on it is the server identifier from then on, and renewals go there", async () => {
    const client = plugIn();
    const server = startServer(lab, machine, "dhcpd", [network], "serve0");
    await server.waitFor(/Server starting service\./);
    ip("-n", machine, "address", "flush", "dev", "serve0");
    ip("-n", machine, "address", "add", `${network}.2/24`, "dev", "serve0");
    await server.waitFor(
      /Interface serve0 (?:is served \(|has changed: )[0-9a-f:]+ 10\.79\.0\.2\b/,
    );
    client.start();
    await client.took();
    await expect
      .poll(() => client.output)
      .toMatch(/server 10\.79\.0\.2|obtained from 10\.79\.0\.2/);
    client.renew();
    await client.took(2);
  });
});
