import type { Site } from "./contender.testing.ts";
import { bind, device, one, own, take, via } from "./steps.testing.ts";

export const poolSite: Site = {
  name: "pools and permits",
  configuration: `authoritative;
dhcp-cache-threshold 0;
${own}
class "gold" { match if option vendor-class-identifier = "gold"; }
class "lead" { match if option vendor-class-identifier = "lead"; }
host known-dynamic { hardware ethernet ${device(50)}; }
host known-fixed { hardware ethernet ${device(51)}; fixed-address 10.16.0.51; }
host known-here { hardware ethernet ${device(52)}; fixed-address 10.17.0.52; }
subnet 10.16.0.0 netmask 255.255.255.0 {
  pool { allow members of "gold"; range 10.16.0.100 10.16.0.109; option domain-name "gold"; default-lease-time 777; }
  pool { allow known-clients; deny members of "lead"; range 10.16.0.110 10.16.0.119; option domain-name "known"; }
  pool { allow unknown-clients; deny members of "lead"; range 10.16.0.120 10.16.0.129; option domain-name "unknown"; }
}
subnet 10.17.0.0 netmask 255.255.255.0 { deny unknown-clients; range 10.17.0.100 10.17.0.199; }
subnet 10.18.0.0 netmask 255.255.255.0 { pool { deny members of "lead"; range 10.18.0.100 10.18.0.199; } }
subnet 10.19.0.0 netmask 255.255.255.0 { pool { allow all clients; range 10.19.0.100 10.19.0.199; } }
subnet 10.20.0.0 netmask 255.255.255.0 { pool { deny all clients; range 10.20.0.100 10.20.0.199; } }
subnet 10.21.0.0 netmask 255.255.255.0 { range 10.21.0.100 10.21.0.101; }
subnet 10.22.0.0 netmask 255.255.255.0 { deny booting; range 10.22.0.100 10.22.0.101; }
subnet 10.23.0.0 netmask 255.255.255.0 { deny declines; range 10.23.0.100 10.23.0.199; }
subnet 10.24.0.0 netmask 255.255.255.0 { ignore unknown-clients; pool { range 10.24.0.100 10.24.0.199; } }
`,
  scripts: [
    bind("a member", 16, { vendorClass: "gold", list: [1, 15] }),
    bind("a known client", 16, { mac: device(50), list: [1, 15] }),
    bind("a known client with a fixed address", 16, { mac: device(51), list: [1, 15] }),
    bind("a client with a fixed address elsewhere", 16, { mac: device(52), list: [1, 15] }),
    bind("an unknown client", 16, { list: [1, 15] }),
    one("a member that is denied everywhere", via(16, { vendorClass: "lead" }, "silence")),
    one(
      "REQUEST in a pool that does not take the client",
      via(16, { type: "request", requested: "10.16.0.105" }, "nak"),
    ),
    one(
      "a client that leaves its class",
      via(16, { vendorClass: "gold", list: [1, 15] }, "offer"),
      take({ vendorClass: "gold", list: [1, 15] }),
      {
        send: ([, ack]) => ({ type: "request", giaddr: "10.16.0.1", requested: ack!.address }),
        answer: "nak",
      },
      via(16, { list: [1, 15] }, "offer"),
    ),
    one(
      "a client that leaves its class, renewing",
      via(16, { vendorClass: "gold" }, "offer"),
      take({ vendorClass: "gold" }),
      {
        send: ([, ack]) => ({ type: "request", giaddr: "10.16.0.1", ciaddr: ack!.address }),
        answer: "nak",
      },
      {
        send: ([, ack]) => ({
          type: "request",
          giaddr: "10.16.0.1",
          ciaddr: ack!.address,
          vendorClass: "gold",
        }),
        answer: "ack",
      },
    ),
    one("deny unknown-clients, unknown", via(17, {}, "silence")),
    one(
      "deny unknown-clients, unknown, REQUEST",
      via(17, { type: "request", requested: "10.17.0.150" }, "silence"),
    ),
    bind("deny unknown-clients, known", 17, { mac: device(50) }),
    bind("deny unknown-clients, fixed", 17, { mac: device(52) }),
    one("ignore unknown-clients, unknown", via(24, {}, "silence")),
    bind("deny members, not a member", 18),
    one("deny members, a member", via(18, { vendorClass: "lead" }, "silence")),
    bind("allow all clients", 19),
    one(
      "deny all clients",
      via(20, {}, "silence"),
      via(20, { type: "request", requested: "10.20.0.100" }, "nak"),
    ),
    one(
      "the last address",
      via(21, { mac: device(60) }, "offer"),
      via(21, { mac: device(61) }, "offer"),
      via(21, { mac: device(62) }, "silence"),
    ),
    one(
      "deny booting",
      via(22, {}, "silence"),
      via(22, { type: "request", requested: "10.22.0.100" }, "silence"),
    ),
    one(
      "deny declines",
      via(23, { requested: "10.23.0.150" }, "offer"),
      take(),
      via(23, { type: "decline", requested: "10.23.0.150" }, "silence"),
      via(23, { type: "request", requested: "10.23.0.150" }, "ack"),
    ),
  ],
};
