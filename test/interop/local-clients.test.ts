import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeWithPeers, ip, NetworkLab, type Peer } from "./namespaces.testing.ts";

const prov = resolve(import.meta.dirname, "../../dist/cli/main.js");

const serverAddress = "10.77.0.1";
const firstAddress = "10.77.0.10";
const leased = /10\.77\.0\.(?:1[0-9]|2[0-9])/;

// Short renewal times, so that a client renews while the test looks on.
const configuration = `
authoritative;
default-lease-time 60;
max-lease-time 60;
min-lease-time 10;
option dhcp-renewal-time 2;
option dhcp-rebinding-time 50;
subnet 10.77.0.0 netmask 255.255.255.0 {
  option routers ${serverAddress};
  option domain-name "example.org";
  range ${firstAddress} 10.77.0.29;
}
`;

// What a client calls when its address changes: it has to configure the interface itself.
const udhcpcScript = `#!/bin/sh
case "$1" in
  deconfig) ip address flush dev "$interface"; ip link set "$interface" up ;;
  bound|renew) ip address replace "$ip/\${mask:-24}" dev "$interface" ;;
esac
echo "script $1 $ip $router $domain"
`;
const dhclientScript = `#!/bin/sh
case "$reason" in
  PREINIT) ip link set "$interface" up ;;
  BOUND|RENEW|REBIND|REBOOT) ip address replace "$new_ip_address/24" dev "$interface" ;;
  RELEASE|EXPIRE|FAIL|STOP) ip address flush dev "$interface" ;;
esac
echo "script $reason $new_ip_address $new_routers $new_domain_name"
`;

interface Site {
  readonly lab: NetworkLab;
  readonly serverSide: string;
  readonly clientSide: string;
}

describeWithPeers("clients on the local link", ["udhcpc", "dhclient"], () => {
  let site: Site;
  let server: Peer;

  beforeEach(() => {
    const lab = new NetworkLab();
    const serverSide = lab.addNamespace("server");
    const clientSide = lab.addNamespace("client");
    lab.link(serverSide, { interfaceName: "serve0", address: `${serverAddress}/24` }, clientSide, {
      interfaceName: "client0",
    });
    site = { lab, serverSide, clientSide };
  });

  afterEach(async () => {
    await site.lab.close();
  });

  async function startServer(pingCheck: boolean): Promise<void> {
    const { lab, serverSide } = site;
    writeFileSync(lab.path("dhcpd.conf"), `ping-check ${pingCheck};\n${configuration}`);
    writeFileSync(lab.path("dhcpd.leases"), "");
    server = lab.start(serverSide, process.execPath, [
      ...[prov, "dhcpd", "-d", "-f", "-cf", lab.path("dhcpd.conf")],
      ...["-lf", lab.path("dhcpd.leases"), "-pf", lab.path("dhcpd.pid")],
    ]);
    await server.waitFor(/Server starting service\./);
  }

  function script(name: string, text: string): string {
    const path = site.lab.path(name);
    writeFileSync(path, text);
    chmodSync(path, 0o755);
    return path;
  }

  function startUdhcpc(): Peer {
    const { lab, clientSide } = site;
    return lab.start(clientSide, "udhcpc", [
      ...["-f", "-i", "client0", "-t", "10", "-T", "2", "-x", "hostname:meter-7"],
      ...["-s", script("udhcpc.script", udhcpcScript)],
    ]);
  }

  /** The state in the last record of an address: what a restarted server would believe. */
  function stateOnDisk(address: string): string | undefined {
    const text = readFileSync(site.lab.path("dhcpd.leases"), "latin1");
    const records = [...text.matchAll(/^lease (\S+) \{\n(.*?)^\}/gms)];
    const last = records.findLast((record) => record[1] === address);
    return /^ {2}binding state (\w+);/m.exec(last?.[2] ?? "")?.[1];
  }

  function addressesOfClient(): string {
    return ip("-n", site.clientSide, "-4", "-o", "address", "show", "dev", "client0");
  }

  test("udhcpc gets, renews and releases a lease", async () => {
    await startServer(false);
    const client = startUdhcpc();
    const bound = await client.waitFor(/script bound (\S+) (\S+) (\S+)/);
    const address = bound[1]!;
    expect(address).toMatch(leased);
    expect(bound.slice(2, 4)).toEqual([serverAddress, "example.org"]);
    expect(addressesOfClient()).toContain(address);
    expect(stateOnDisk(address)).toBe("active");
    await server.waitFor(new RegExp(`DHCPACK on ${address} to`));

    client.signal("SIGUSR1");
    await client.waitFor(new RegExp(`script renew ${address}`));
    await server.waitFor(new RegExp(`DHCPACK on ${address} to`), { count: 2 });

    client.signal("SIGUSR2");
    await server.waitFor(new RegExp(`DHCPRELEASE of ${address} from .*\\(found\\)`));
    await client.waitFor(/script deconfig/, { count: 2 });
    await expect.poll(() => stateOnDisk(address)).toBe("free");
  });

  test("dhclient gets, renews and releases a lease", async () => {
    const { lab, clientSide } = site;
    await startServer(false);
    const files = [
      ...["-cf", script("dhclient.conf", ""), "-lf", lab.path("dhclient.leases")],
      ...["-pf", lab.path("dhclient.pid"), "-sf", script("dhclient.script", dhclientScript)],
    ];
    const client = lab.start(clientSide, "dhclient", ["-4", "-d", "-v", ...files, "client0"]);
    const bound = await client.waitFor(/script BOUND (\S+) (\S+) (\S+)/, { timeoutMs: 30_000 });
    const address = bound[1]!;
    expect(address).toMatch(leased);
    expect(bound.slice(2, 4)).toEqual([serverAddress, "example.org"]);
    expect(addressesOfClient()).toContain(address);

    await client.waitFor(new RegExp(`script RENEW ${address}`), { timeoutMs: 30_000 });
    expect(stateOnDisk(address)).toBe("active");
    await client.stop("SIGKILL");

    const release = await lab.run(clientSide, "dhclient", ["-4", "-r", "-v", ...files, "client0"]);
    expect(release.output).toContain(`DHCPRELEASE of ${address} on client0`);
    await server.waitFor(new RegExp(`DHCPRELEASE of ${address} from .*\\(found\\)`));
    await expect.poll(() => stateOnDisk(address)).toBe("free");
  });

  test("DHCP-14: an address that answers the ping-check is abandoned, and the next is offered", async () => {
    const { clientSide } = site;
    ip("-n", clientSide, "address", "add", `${firstAddress}/24`, "dev", "client0");
    await startServer(true);
    const { lab } = site;
    const client = lab.start(clientSide, "udhcpc", [
      ...["-f", "-q", "-i", "client0", "-t", "10", "-T", "3", "-r", firstAddress],
      // The other machine's address stays where it is.
      ...["-s", script("udhcpc.script", '#!/bin/sh\necho "script $1 $ip"\n')],
    ]);
    const bound = await client.waitFor(/script bound (\S+)/, { timeoutMs: 30_000 });
    expect(bound[1]).toMatch(leased);
    expect(bound[1]).not.toBe(firstAddress);
    expect(stateOnDisk(firstAddress)).toBe("abandoned");
  });

  test("a lease survives SIGTERM and a new start; the pid file goes with the server", async () => {
    await startServer(false);
    const client = startUdhcpc();
    const address = (await client.waitFor(/script bound (\S+)/))[1]!;
    const pidFile = site.lab.path("dhcpd.pid");
    expect(readFileSync(pidFile, "latin1")).toBe(`${server.pid}\n`);
    const ended = await server.stop("SIGTERM");
    expect(ended.status).toBe(0);
    expect(() => readFileSync(pidFile)).toThrow(/ENOENT/);

    const { lab, serverSide } = site;
    server = lab.start(serverSide, process.execPath, [
      ...[prov, "dhcpd", "-d", "-cf", lab.path("dhcpd.conf"), "-lf", lab.path("dhcpd.leases")],
      ...["-pf", pidFile, "serve0"],
    ]);
    await server.waitFor(/Server starting service\./);
    client.signal("SIGUSR1");
    await server.waitFor(new RegExp(`DHCPACK on ${address} to`));
  });
});
