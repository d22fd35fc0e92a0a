import type { ClientPlan } from "./dhcp-clients.testing.ts";
import { downstreamAddress, type RelayPlan, upstreamAddress } from "./relay-site.testing.ts";

/** Renewal soon, rebinding soon after that; a new lease has its full time at each of them. */
const times = `
ping-check false;
ddns-update-style none;
authoritative;
dhcp-cache-threshold 0;
default-lease-time 60;
max-lease-time 60;
min-lease-time 10;
option dhcp-renewal-time 2;
option dhcp-rebinding-time 6;
subnet 10.99.0.0 netmask 255.255.255.0 { }
`;

// Clients on the port of a relay that says so by option 82 are a class, with addresses of its own.
const subnetOf = (net: number): string => `
subnet 10.79.${net}.0 netmask 255.255.255.0 {
  option routers 10.79.${net}.1;
  option domain-name "net${net}.example.org";
  if exists agent.circuit-id {
    option domain-name = concat("port-", option agent.circuit-id, ".example.org");
  }
  pool { allow members of "tagged"; range 10.79.${net}.100 10.79.${net}.109; }
  pool { deny members of "tagged"; range 10.79.${net}.10 10.79.${net}.19; }
}
`;
const tagged = `class "tagged" { match if option agent.circuit-id = "down0"; }\n`;

/** dhcpd.conf for a server that has these relays in front of it. */
export function configurationFor(relays: readonly RelayPlan[]): string {
  return [times, tagged, ...relays.map(({ net }) => subnetOf(net))].join("");
}

/** A relay, what it does with option 82, and who is behind it. */
export interface RelayCase {
  readonly name: string;
  readonly relay: RelayPlan;
  /** Option 82 that the relay adds, as hexadecimal digits. */
  readonly relayAgent?: string;
  /** The same, where it takes what it routes to the server for something that came from there. */
  readonly relayAgentUpstream?: string;
  /** Where it wants its replies. */
  readonly giaddr: string;
  readonly clients: readonly ClientPlan[];
}

function circuitId(interfaceName: string): string {
  const name = Buffer.from(interfaceName);
  return Buffer.from([1, name.length, ...name]).toString("hex");
}

const ways = ["-id", "down0", "-iu", "up0"] as const;
const plain: RelayPlan = { program: "dhcrelay", net: 1, flags: ways };
export const inserting: RelayPlan = { program: "dhcrelay", net: 2, flags: ["-a", ...ways] };
const selecting: RelayPlan = {
  program: "dhcrelay",
  net: 3,
  flags: ["-id", "down0", "-U", "up0"],
};
export const dnsmasq: RelayPlan = { program: "dnsmasq", net: 4 };

/** A client that asks for an address, so that both servers give it the same one of its class. */
function plan(
  program: ClientPlan["program"],
  requested: string,
  more: Partial<ClientPlan> = {},
): ClientPlan {
  const unit = requested
    .split(".")
    .slice(2)
    .map((byte) => Number(byte).toString(16).padStart(2, "0"));
  return { program, mac: `02:79:00:00:${unit.join(":")}`, identity: "none", requested, ...more };
}

export const cases: readonly RelayCase[] = [
  {
    name: "dhcrelay",
    relay: plain,
    giaddr: downstreamAddress(plain),
    clients: [
      plan("dhclient", "10.79.1.15"),
      plan("udhcpc", "10.79.1.17", { identity: "hardware" }),
    ],
  },
  {
    name: "dhcrelay -a, which adds a circuit-id",
    relay: inserting,
    relayAgent: circuitId("down0"),
    giaddr: downstreamAddress(inserting),
    clients: [plan("udhcpc", "10.79.2.105", { broadcast: true }), plan("dhclient", "10.79.2.107")],
  },
  {
    name: "dhcrelay -U, which adds a link-selection as well and is not on the client's network",
    relay: selecting,
    relayAgent: `${circuitId("down0")}05040a4f0301`,
    relayAgentUpstream: `${circuitId("up0")}05040a630067`,
    giaddr: upstreamAddress(selecting),
    clients: [plan("dhcpcd", "10.79.3.105")],
  },
  {
    name: "dnsmasq --dhcp-relay",
    relay: dnsmasq,
    giaddr: downstreamAddress(dnsmasq),
    clients: [
      plan("dhcpcd", "10.79.4.15", { broadcast: true, identity: "duid" }),
      plan("udhcpc", "10.79.4.17"),
    ],
  },
];
