import type { ClientMessage } from "../../../server/dhcp/decide/engine.testing.ts";
import { mac, type Script, type Site, type Step } from "./contender.testing.ts";
import type { Answer } from "./reply-text.testing.ts";
import { meant, one, take } from "./steps.testing.ts";

/** A packet of a client on the server's own wire. */
function local(message: ClientMessage, answer: Answer, more: Partial<Step> = {}): Step {
  return { send: { list: [1, 3], ...message }, answer, ...more };
}

/** Replies that dhcpd puts on the wire as frames of its own making. */
const framed = (...steps: readonly Step[]): Step[] =>
  steps.map((step) => meant(step, "the server's own source address"));
const fixed = mac("02:aa:00:00:00:13");

const renew = (message: ClientMessage): Step => ({
  send: (earlier) => ({ type: "request", list: [1], ciaddr: earlier.at(-1)!.address, ...message }),
  answer: "ack",
});
const everybody = "255.255.255.255";

const scripts: readonly Script[] = [
  one("an exchange", local({}, "offer"), take()),
  one(
    "an exchange with the broadcast bit",
    local({ broadcast: true }, "offer"),
    take({ broadcast: true }),
  ),
  one("a fixed address", local({ mac: fixed }, "offer"), take({ mac: fixed })),
  one("renewing, unicast", local({}, "offer"), take(), renew({})),
  one("renewing, unicast, broadcast bit", local({}, "offer"), take(), renew({ broadcast: true })),
  one("rebinding, broadcast", local({}, "offer"), take(), renew({ destination: everybody })),
  one(
    "rebinding, with the broadcast bit",
    local({}, "offer"),
    take(),
    renew({ destination: everybody, broadcast: true }),
  ),
  one("renewing, with option 54", local({}, "offer"), take(), renew({ serverId: "10.9.0.1" })),
  one("NAK, wrong network", local({ type: "request", requested: "10.16.0.150" }, "nak")),
  one("NAK, no network", local({ type: "request", requested: "192.168.1.1" }, "nak")),
  one(
    "renewing with an address of another network",
    local({ type: "request", ciaddr: "10.16.0.150" }, "ack"),
  ),
  one(
    "renewing with an address of no network",
    local({ type: "request", ciaddr: "192.168.1.1" }, "silence"),
  ),
  one("option 82 without a relay", local({ relayAgent: [1, 2, 7, 8] }, "offer")),
  one(
    "subnet selection without a relay",
    local({ options: [{ code: 118, value: Uint8Array.of(10, 16, 0, 0) }] }, "offer"),
  ),
  one("link selection without a relay", local({ relayAgent: [5, 4, 10, 16, 0, 0] }, "offer")),
  one(
    "INFORM to everybody",
    local({ type: "inform", ciaddr: "10.9.0.200", destination: everybody }, "ack"),
  ),
  one(
    "INFORM, source address alone",
    local({ type: "inform", source: "10.9.0.201", destination: everybody }, "ack"),
  ),
  one(
    "INFORM of a client on another network",
    local({ type: "inform", ciaddr: "10.16.0.150" }, "ack"),
  ),
  one(
    "released, and taken by another",
    local({ requested: "10.9.0.190" }, "offer"),
    take(),
    local({ type: "release", ciaddr: "10.9.0.190", serverId: "10.9.0.1" }, "silence"),
    local({ mac: "02:bb:00:00:00:11", type: "request", requested: "10.9.0.190" }, "ack"),
  ),
];

export const localSites: readonly Site[] = [
  {
    name: "clients on the server's own wire",
    configuration: `
authoritative;
dhcp-cache-threshold 0;
default-lease-time 600;
subnet 10.9.0.0 netmask 255.255.255.0 {
  option routers 10.9.0.1;
  range 10.9.0.130 10.9.0.199;
}
subnet 10.16.0.0 netmask 255.255.255.0 {
  range 10.16.0.100 10.16.0.199;
}
host fixed { hardware ethernet ${fixed}; fixed-address 10.9.0.210; }
`,
    scripts,
  },
  {
    name: "clients on the wire, always-broadcast, not authoritative",
    configuration: `
dhcp-cache-threshold 0;
subnet 10.9.0.0 netmask 255.255.255.0 {
  always-broadcast on;
  server-identifier 10.9.0.7;
  next-server 10.9.0.8;
  range 10.9.0.130 10.9.0.199;
}
subnet 10.16.0.0 netmask 255.255.255.0 { range 10.16.0.100 10.16.0.199; }
`,
    scripts: [
      one("an exchange", ...framed(local({}, "offer"), take())),
      one("renewing, unicast", ...framed(local({}, "offer"), take()), ...framed(renew({}))),
      one("a wrong network", local({ type: "request", requested: "10.16.0.150" }, "silence")),
      one(
        "a lease of somebody else",
        ...framed(
          local({ mac: "02:bb:00:00:00:21", type: "request", requested: "10.9.0.190" }, "ack"),
        ),
        ...framed(local({ type: "request", requested: "10.9.0.190" }, "nak")),
      ),
      one("INFORM", local({ type: "inform", ciaddr: "10.9.0.200" }, "silence")),
    ],
  },
];
