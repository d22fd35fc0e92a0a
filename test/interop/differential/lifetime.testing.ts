import type { Site } from "./contender.testing.ts";
import { device, meant, one, own, subnet, take, via } from "./steps.testing.ts";

export const lifetimeSite: Site = {
  name: "leases over time",
  configuration: [
    "authoritative;\n",
    own,
    subnet(16, "dhcp-cache-threshold 25;"),
    subnet(17, "dhcp-cache-threshold 0; one-lease-per-client on;"),
    subnet(18, "dhcp-cache-threshold 0; ignore-client-uids on;"),
    subnet(19, "dhcp-cache-threshold 0; deny duplicates;"),
    subnet(21, "dhcp-cache-threshold 0; one-lease-per-client on; deny duplicates;"),
    subnet(20, ""),
    `host twice { hardware ethernet ${device(70)}; }\n`,
  ].join(""),
  scripts: [
    one(
      "answered again within the threshold",
      via(16, {}, "offer"),
      take(),
      take({}, "ack", { anyLeaseTime: true }),
    ),
    one(
      "offered again within the threshold",
      via(16, {}, "offer"),
      take(),
      via(16, {}, "offer", { anyLeaseTime: true }),
    ),
    one(
      "renewed within the threshold, another length asked for",
      via(16, {}, "offer"),
      take(),
      take({ leaseSeconds: 4000 }, "ack", { anyLeaseTime: true }),
    ),
    one(
      "a host name changes within the threshold",
      via(16, { hostname: "a" }, "offer"),
      take({ hostname: "a" }),
      take({ hostname: "b" }),
    ),
    one(
      "a client identifier appears within the threshold",
      via(16, {}, "offer"),
      take(),
      take({ clientId: "new" }),
    ),
    one(
      "one lease per client",
      via(17, { requested: "10.17.0.150" }, "offer"),
      take(),
      via(17, { requested: "10.17.0.151" }, "offer"),
      take(),
      meant(
        via(17, { mac: device(80), type: "request", requested: "10.17.0.150" }, "ack"),
        "an address of a former client under one-lease-per-client",
      ),
    ),
    one(
      "one lease per client, on another network",
      via(20, { requested: "10.20.0.150" }, "offer"),
      take(),
      via(17, { requested: "10.17.0.152" }, "offer"),
      take(),
      meant(
        via(20, { mac: device(81), type: "request", requested: "10.20.0.150" }, "ack"),
        "an address of a former client under one-lease-per-client",
      ),
    ),
    one(
      "one lease per client, by client identifier",
      via(17, { clientId: "o", requested: "10.17.0.155" }, "offer"),
      take({ clientId: "o" }),
      via(17, { clientId: "o", requested: "10.17.0.156" }, "offer"),
      take({ clientId: "o" }),
      meant(
        via(17, { mac: device(85), type: "request", requested: "10.17.0.155" }, "ack"),
        "an address of a former client under one-lease-per-client",
      ),
    ),
    one(
      "one lease per client, a REQUEST without a DISCOVER",
      via(17, { type: "request", requested: "10.17.0.153" }, "ack"),
      via(17, { type: "request", requested: "10.17.0.154" }, "ack"),
      meant(
        via(17, { mac: device(86), type: "request", requested: "10.17.0.153" }, "nak"),
        "a REQUEST without DISCOVER under one-lease-per-client",
      ),
    ),
    one(
      "several leases per client",
      via(20, { requested: "10.20.0.151" }, "offer"),
      take(),
      via(20, { type: "request", requested: "10.20.0.152" }, "ack"),
      via(20, { mac: device(82), type: "request", requested: "10.20.0.151" }, "nak"),
    ),
    one(
      "ignore-client-uids",
      via(18, { clientId: "a", requested: "10.18.0.150" }, "offer"),
      take({ clientId: "a" }),
      via(18, { clientId: "b" }, "offer"),
      via(18, {}, "offer"),
    ),
    one(
      "deny duplicates alone",
      via(19, { mac: device(70), clientId: "a", requested: "10.19.0.150" }, "offer"),
      take({ mac: device(70), clientId: "a" }),
      via(19, { mac: device(70), clientId: "b", requested: "10.19.0.151" }, "offer"),
      take({ mac: device(70), clientId: "b" }),
      meant(
        via(19, { mac: device(83), type: "request", requested: "10.19.0.150" }, "nak"),
        "deny duplicates",
      ),
    ),
    one(
      "deny duplicates and one lease per client",
      via(21, { mac: device(70), clientId: "a", requested: "10.21.0.150" }, "offer"),
      take({ mac: device(70), clientId: "a" }),
      via(21, { mac: device(70), clientId: "b", requested: "10.21.0.151" }, "offer"),
      take({ mac: device(70), clientId: "b" }),
      meant(
        via(21, { mac: device(87), type: "request", requested: "10.21.0.150" }, "nak"),
        "deny duplicates",
      ),
    ),
    one(
      "a card with two client identifiers has two leases",
      via(20, { clientId: "a" }, "offer"),
      take({ clientId: "a" }),
      via(20, { clientId: "b" }, "offer"),
      take({ clientId: "b" }),
      via(20, { clientId: "a" }, "offer", { anyLeaseTime: true }),
    ),
    one(
      "a client identifier on two cards has one lease",
      via(20, { clientId: "roaming card" }, "offer"),
      take({ clientId: "roaming card" }),
      via(20, { mac: device(84), clientId: "roaming card" }, "offer"),
    ),
    one(
      "DISCOVER with a client identifier, then without",
      via(20, { clientId: "y" }, "offer"),
      via(20, {}, "offer"),
    ),
  ],
};
