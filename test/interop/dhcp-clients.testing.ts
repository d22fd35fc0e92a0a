import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { ip, type NetworkLab, type Peer } from "./namespaces.testing.ts";

export type ClientProgram = "dhclient" | "dhcpcd" | "udhcpc";

/** What a client sends as option 61: nothing, its hardware address, or a DUID (RFC 4361). */
export type ClientIdentity = "none" | "hardware" | "duid";

export interface ClientPlan {
  readonly program: ClientProgram;
  readonly mac: string;
  readonly identity: ClientIdentity;
  /** The client sets the broadcast flag. Debian's dhclient has no way to do so. */
  readonly broadcast?: boolean;
  /** Option 50 of its DISCOVER. */
  readonly requested?: string;
  /** UDP port of the clients, which is one more than the servers'. Only dhclient can use another than 68. */
  readonly port?: number;
}

/** What a client made of an ACK. */
export interface Taken {
  readonly address: string;
  readonly router: string;
  readonly domain: string;
}

export const clientInterface = "client0";

/** Nobody has this address: a unicast to it is lost, and a broadcast is not. */
const nobodysMac = "02:00:00:00:00:ff";
const takenLine = /^took (\S+) (\S+) (\S+)$/m;
const acceptMsMax = 90_000;

const configureInterface = (address: string, router: string): string => `
    ip address replace "$${address}/24" dev "$interface"
    [ -z "$${router}" ] || ip route replace default via "$${router}" dev "$interface"`;

// What each of them calls when its address changes. Each says the same words for the same thing.
const hooks: Readonly<Record<ClientProgram, string>> = {
  udhcpc: `#!/bin/sh
case "$1" in
  deconfig)
    ip address flush dev "$interface"
    ip link set "$interface" up
    echo "dropped" ;;
  bound|renew)${configureInterface("ip", "router")}
    echo "took $ip $router $domain" ;;
esac
`,
  dhclient: `#!/bin/sh
case "$reason" in
  PREINIT)
    ip address flush dev "$interface"
    ip link set "$interface" up ;;
  BOUND|RENEW|REBIND|REBOOT)${configureInterface("new_ip_address", "new_routers")}
    echo "took $new_ip_address $new_routers $new_domain_name" ;;
  RELEASE|EXPIRE|FAIL|STOP)
    ip address flush dev "$interface"
    echo "dropped" ;;
esac
`,
  // It configures the interface itself.
  dhcpcd: `#!/bin/sh
case "$reason" in
  BOUND|RENEW|REBIND|REBOOT) echo "took $new_ip_address $new_routers $new_domain_name" ;;
  STOP|EXPIRE|NAK) echo "dropped" ;;
esac
`,
};

/** dhcpcd has fixed places for its sockets and leases: each one sees directories of its own there. */
const withOwnState = `mkdir -p "$1" "$2"
busybox mount -o bind "$1" /run && busybox mount -o bind "$2" /var/lib/dhcpcd && shift 2 && exec dhcpcd "$@"`;

/** A real DHCP client on `client0` of a namespace, which has nothing else to do. */
export class DhcpClient {
  readonly plan: ClientPlan;
  readonly #lab: NetworkLab;
  readonly #namespace: string;
  readonly #directory: string;
  #peer: Peer | undefined;

  constructor(lab: NetworkLab, namespace: string, plan: ClientPlan) {
    this.plan = plan;
    this.#lab = lab;
    this.#namespace = namespace;
    this.#directory = lab.path(namespace);
    mkdirSync(this.#directory);
    ip("-n", namespace, "link", "set", clientInterface, "address", plan.mac);
    this.#write("hook", hooks[plan.program]);
    chmodSync(this.#file("hook"), 0o755);
    this.#write("client.conf", configurationOf(plan));
  }

  /** A lease that dhclient believes to have from an earlier life. */
  remember(address: string): void {
    const lease = [
      `interface "${clientInterface}"`,
      `fixed-address ${address}`,
      "option subnet-mask 255.255.255.0",
      "option dhcp-lease-time 3600",
      "option dhcp-message-type 5",
      "option dhcp-server-identifier 192.0.2.1",
      ...["renew never", "rebind never", "expire never"],
    ];
    this.#write("leases", `lease {\n${lease.map((line) => `  ${line};\n`).join("")}}\n`);
  }

  start(): void {
    const [command, ...args] = this.#command();
    this.#peer = this.#lab.start(this.#namespace, command!, args);
  }

  /** What the running client has said so far. */
  get output(): string {
    return this.#peer?.output ?? "";
  }

  /** How often the running client has taken an address. */
  get taken(): number {
    return [...this.output.matchAll(new RegExp(takenLine.source, "gm"))].length;
  }

  /** Resolves when the client has taken an address for the `count`th time since its start. */
  async took(count = 1): Promise<Taken> {
    const [, address, router, domain] = await this.#running.waitFor(takenLine, {
      timeoutMs: acceptMsMax,
      count,
    });
    return { address: address!, router: router!, domain: domain! };
  }

  /** Asks for a renewal now. The others have no need to be asked: they do so at T1. */
  renew(): void {
    if (this.plan.program === "udhcpc") this.#running.signal("SIGUSR1");
  }

  /** From now on unicasts to `address`, the server's or the router's to it, get lost on their way. */
  loseUnicastTo(address: string): void {
    this.#neighbour("replace", address, "lladdr", nobodysMac, "nud", "permanent");
  }

  findUnicastTo(address: string): void {
    // The kernel may have dropped the entry, so it is made anew before it goes.
    this.#neighbour("replace", address, "lladdr", nobodysMac, "nud", "stale");
    this.#neighbour("delete", address);
  }

  /** Power off and on: the address is gone from the interface, and the client's own memory is not. */
  async restart(): Promise<void> {
    await this.powerOff();
    this.start();
  }

  async powerOff(): Promise<void> {
    // dhclient writes its lease down only after its hook has told that it was taken.
    if (this.plan.program === "dhclient") await this.#running.waitFor(/^bound to /m);
    // dhcpcd is several processes, which the first of them sees off; it does not release.
    await this.#running.stop(this.plan.program === "dhcpcd" ? "SIGTERM" : "SIGKILL");
    ip("-n", this.#namespace, "address", "flush", "dev", clientInterface);
  }

  async release(): Promise<void> {
    if (this.plan.program === "udhcpc") this.#running.signal("SIGUSR2");
    if (this.plan.program === "dhcpcd") this.#running.signal("SIGALRM");
    if (this.plan.program !== "dhclient") return;
    const [command, ...args] = this.#command();
    const ended = await this.#lab.run(this.#namespace, command!, ["-r", ...args]);
    if (ended.status !== 0) throw new Error(`dhclient -r: ${ended.output}`);
  }

  get #running(): Peer {
    if (this.#peer === undefined) throw new Error(`${this.plan.program} was not started`);
    return this.#peer;
  }

  #command(): string[] {
    const { program, port, identity, broadcast = false, requested } = this.plan;
    const hook = this.#file("hook");
    const config = this.#file("client.conf");
    switch (program) {
      case "dhclient":
        return [
          ...["dhclient", "-4", "-d", "-v", "-cf", config, "-sf", hook],
          ...["-lf", this.#file("leases"), "-pf", this.#file("pid")],
          ...(port === undefined ? [] : ["-p", String(port)]),
          ...(identity === "duid" ? ["-i"] : []),
          clientInterface,
        ];
      case "dhcpcd":
        return [
          ...["sh", "-c", withOwnState, "sh", this.#file("run"), this.#file("state")],
          ...["-4", "-B", "-d", "-f", config, "-c", hook, clientInterface],
        ];
      case "udhcpc":
        return [
          ...["udhcpc", "-f", "-i", clientInterface, "-t", "20", "-T", "1", "-s", hook],
          ...(broadcast ? ["-B"] : []),
          ...(identity === "none" ? ["-C"] : []),
          ...(requested === undefined ? [] : ["-r", requested]),
        ];
    }
  }

  #neighbour(verb: string, address: string, ...more: readonly string[]): void {
    const device = ["dev", clientInterface];
    ip("-n", this.#namespace, "neighbour", verb, address, ...more, ...device);
  }

  #file(name: string): string {
    return `${this.#directory}/${name}`;
  }

  #write(name: string, text: string): void {
    writeFileSync(this.#file(name), text);
  }
}

function configurationOf({ program, identity, broadcast, requested }: ClientPlan): string {
  if (program === "dhclient") {
    return [
      ...(identity === "hardware" ? ["send dhcp-client-identifier = hardware;"] : []),
      ...(requested === undefined ? [] : [`send dhcp-requested-address ${requested};`]),
      // A first try soon after the start, and others soon after that: links are up already.
      ...["initial-interval 1;", "backoff-cutoff 2;", ""],
    ].join("\n");
  }
  return [
    ...["ipv4only", "noarp", "noipv4ll", "nodelay", "option routers, domain_name"],
    ...(identity === "hardware" ? ["clientid"] : []),
    ...(identity === "duid" ? ["duid ll"] : []),
    ...(broadcast === true ? ["broadcast"] : []),
    ...(requested === undefined ? [] : [`request ${requested}`]),
    "",
  ].join("\n");
}
