import { readFileSync, writeFileSync } from "node:fs";
import { prov } from "../prov-command.testing.ts";
import { type ClientPlan, clientInterface, DhcpClient } from "./dhcp-clients.testing.ts";
import { Tap } from "./dhcp-tap.testing.ts";
import { addBridge, ip, NetworkLab, type Peer } from "./namespaces.testing.ts";

/** The network of the link, without its last byte, and the server on it. */
export const network = "10.77.0";
export const serverAddress = `${network}.1`;

/** A client whose replies are broadcast because dhcpd.conf says so, and not because it asks for it. */
export const loudMac = "02:77:00:00:00:02";

/** Short times, so that a client renews and rebinds while the test looks on. */
export function configurationOf(prefix: string): string {
  return `
authoritative;
default-lease-time 60;
max-lease-time 60;
min-lease-time 10;
option dhcp-renewal-time 2;
option dhcp-rebinding-time 6;
host loud { hardware ethernet ${loudMac}; always-broadcast on; }
subnet ${prefix}.0 netmask 255.255.255.0 {
  option routers ${prefix}.1;
  option domain-name "example.org";
  range ${prefix}.10 ${prefix}.29;
}
`;
}

/** A server and its clients on one switch. */
export class LocalLink {
  readonly lab = new NetworkLab();
  readonly serverSide = this.lab.addNamespace("server");
  readonly #plug: ReturnType<typeof addBridge>;
  readonly #taps: Tap[] = [];
  server!: Peer;

  constructor() {
    this.#plug = addBridge(this.lab, this.lab.addNamespace("switch"), {
      interfaceName: "switch0",
    });
    this.#plug(this.serverSide, { interfaceName: "serve0", address: `${serverAddress}/24` });
  }

  /** What the server's end of the switch hears. */
  tapServer(): Tap {
    return this.#tap(this.serverSide, "serve0");
  }

  /** The server, on leases of before if there are any. */
  async startServer(statements = "ping-check false;", prefix = network): Promise<void> {
    const { lab } = this;
    writeFileSync(lab.path("dhcpd.conf"), `${statements}\n${configurationOf(prefix)}`);
    writeFileSync(lab.path("dhcpd.leases"), "", { flag: "a" });
    this.server = lab.start(this.serverSide, process.execPath, [
      ...[prov, "dhcpd", "-d", "-f", "-cf", lab.path("dhcpd.conf")],
      ...["-lf", lab.path("dhcpd.leases"), "-pf", lab.path("dhcpd.pid"), "serve0"],
    ]);
    await this.server.waitFor(/Server starting service\./);
  }

  /** The server gets another address, as when a network is renumbered. */
  renumberServer(address: string): void {
    ip("-n", this.serverSide, "address", "flush", "dev", "serve0");
    ip("-n", this.serverSide, "address", "add", `${address}/24`, "dev", "serve0");
  }

  /** A client, not yet started, and what its end of the switch hears. */
  addClient(plan: ClientPlan) {
    const namespace = this.lab.addNamespace(plan.program);
    this.#plug(namespace, { interfaceName: clientInterface });
    const client = new DhcpClient(this.lab, namespace, plan);
    return { client, namespace, inbox: this.#tap(namespace, clientInterface) };
  }

  /** The last record of an address: what a restarted server would believe. */
  onDisk(address: string): { state: string | undefined; hasUid: boolean } {
    const text = readFileSync(this.lab.path("dhcpd.leases"), "latin1");
    const records = [...text.matchAll(/^lease (\S+) \{\n(.*?)^\}/gms)];
    const last = records.findLast((record) => record[1] === address)?.[2] ?? "";
    return {
      state: /^ {2}binding state (\w+);/m.exec(last)?.[1],
      hasUid: /^ {2}uid /m.test(last),
    };
  }

  #tap(namespace: string, interfaceName: string): Tap {
    const tap = new Tap(namespace, interfaceName);
    this.#taps.push(tap);
    return tap;
  }

  async close(): Promise<void> {
    for (const tap of this.#taps) tap.close();
    await this.lab.close();
  }
}
