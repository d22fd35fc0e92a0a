import { writeFileSync } from "node:fs";
import { prov } from "../prov-command.testing.ts";
import { type ClientPlan, clientInterface, DhcpClient } from "./dhcp-clients.testing.ts";
import { Tap } from "./dhcp-tap.testing.ts";
import { addBridge, ip, type LinkEnd, type NetworkLab, type Peer } from "./namespaces.testing.ts";

/** The network between server and relays, without its last byte, and the server on it. */
const upstream = "10.99.0";
export const serverAddress = `${upstream}.1`;

export interface RelayPlan {
  readonly program: "dhcrelay" | "dnsmasq";
  /** Arguments of dhcrelay beside the server; it must not be told of an interface twice. */
  readonly flags?: readonly string[];
  /** 1 to 9: its network is 10.79.`net`.0/24, with the relay at .1; upstream that is 10.99.0.10`net`. */
  readonly net: number;
}

export const downstreamAddress = ({ net }: RelayPlan): string => `10.79.${net}.1`;
export const upstreamAddress = ({ net }: RelayPlan): string => `${upstream}.${100 + net}`;

/** A relay, a router as well, and what comes in at its two sides. */
interface Relay {
  readonly plan: RelayPlan;
  readonly asked: Tap;
  readonly replies: Tap;
  readonly plug: (namespace: string, end: LinkEnd) => void;
}

export interface RelayedClient {
  readonly client: DhcpClient;
  /** What comes in at the client's end of its link. */
  readonly inbox: Tap;
  readonly relay: Relay;
}

/** A server program, relays in front of it, and clients behind these. */
export class RelaySite {
  readonly program: "dhcpd" | "prov";
  readonly #lab: NetworkLab;
  readonly #serverSide: string;
  readonly #plugUpstream: Relay["plug"];
  readonly #port: number;
  readonly #taps: Tap[] = [];
  /** What comes in at the server. */
  readonly requests: Tap;
  server!: Peer;

  /**
   * `port` is that of servers and relays; clients have the next one. Only dnsmasq relays on another
   * than 67: dhcrelay sends to port 0 of its clients then.
   */
  constructor(lab: NetworkLab, program: RelaySite["program"], port = 67) {
    this.#lab = lab;
    this.program = program;
    this.#port = port;
    this.#serverSide = lab.addNamespace(program);
    this.#plugUpstream = addBridge(lab, this.#serverSide, {
      interfaceName: "serve0",
      address: `${serverAddress}/24`,
    });
    this.requests = this.#tap(this.#serverSide, "serve0");
  }

  async startServer(configuration: string): Promise<void> {
    const file = (name: string): string => this.#lab.path(`${this.#serverSide}-${name}`);
    writeFileSync(file("dhcpd.conf"), configuration);
    writeFileSync(file("dhcpd.leases"), "");
    const command = this.program === "dhcpd" ? ["dhcpd"] : [process.execPath, prov, "dhcpd"];
    this.server = this.#lab.start(this.#serverSide, command[0], [
      ...[...command.slice(1), "-4", "-f", "-d", "--no-pid", "-p", String(this.#port)],
      ...["-cf", file("dhcpd.conf"), "-lf", file("dhcpd.leases"), "serve0"],
    ]);
    await this.server.waitFor(/Server starting service\./);
  }

  async addRelay(plan: RelayPlan): Promise<Relay> {
    const namespace = this.#lab.addNamespace(`relay${plan.net}`);
    const plug = addBridge(this.#lab, namespace, {
      interfaceName: "down0",
      address: `${downstreamAddress(plan)}/24`,
    });
    const own = `${upstreamAddress(plan)}/24`;
    this.#plugUpstream(namespace, { interfaceName: "up0", address: own });
    // The one who relays DISCOVERs is the router of everything else, renewals included.
    const forward = ["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"] as const;
    ip("netns", "exec", namespace, ...forward);
    const route = [`10.79.${plan.net}.0/24`, "via", upstreamAddress(plan)];
    ip("-n", this.#serverSide, "route", "add", ...route);
    await this.#startRelay(namespace, plan);
    const asked = this.#tap(namespace, "down0");
    return { plan, plug, asked, replies: this.#tap(namespace, "up0") };
  }

  async #startRelay(namespace: string, { program, flags = [], ...plan }: RelayPlan): Promise<void> {
    if (program === "dhcrelay") {
      const relay = this.#lab.start(namespace, "dhcrelay", [
        ...["-4", "-d", "--no-pid", ...flags, serverAddress],
      ]);
      await relay.waitFor(/Sending on +Socket\/fallback/);
      return;
    }
    const relay = this.#lab.start(namespace, "dnsmasq", [
      ...["--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--log-facility=-"],
      ...["--port=0", "--interface=down0", "--user=root"],
      `--dhcp-relay=${downstreamAddress({ program, ...plan })},${serverAddress}#${this.#port}`,
      `--dhcp-alternate-port=${this.#port},${this.#port + 1}`,
    ]);
    await relay.waitFor(/DHCP relay from/);
  }

  /** A client behind a relay, not yet started. */
  addClient(relay: Relay, plan: ClientPlan): RelayedClient {
    const namespace = this.#lab.addNamespace(plan.program);
    relay.plug(namespace, { interfaceName: clientInterface });
    const client = new DhcpClient(this.#lab, namespace, plan);
    return { client, relay, inbox: this.#tap(namespace, clientInterface) };
  }

  #tap(namespace: string, interfaceName: string): Tap {
    const tap = new Tap(namespace, interfaceName, this.#port);
    this.#taps.push(tap);
    return tap;
  }

  /** The programs and namespaces are the lab's to end. */
  close(): void {
    for (const tap of this.#taps) tap.close();
  }
}
