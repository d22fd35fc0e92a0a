import type { Site } from "./contender.testing.ts";
import { bind, device, meant, one, own, take, via } from "./steps.testing.ts";

export const hostSite: Site = {
  name: "hosts, groups and classes",
  configuration: `authoritative;
dhcp-cache-threshold 0;
option domain-name "root";
option user-class-reply code 200 = text;
${own}
class "gold" { match if substring(option vendor-class-identifier, 0, 4) = "gold"; option domain-name "gold"; option user-class-reply "gold"; }
class "late" { match if exists user-class; option domain-name "late"; filename "late.bin"; }
class "cards" { match hardware; filename "cards.bin"; }
subclass "cards" 1:${device(10)};
subclass "cards" 1:${device(11)} { filename "eleven.bin"; option domain-name "eleven"; }
class "remote" { match option agent.remote-id; }
subclass "remote" "modem" { option domain-name "behind modem"; }
class "spawned" { spawn with option agent.circuit-id; lease limit 2; }
class "limited" { match if option vendor-class-identifier = "limited"; lease limit 1; }
group {
  option domain-name "group";
  next-server 10.16.0.77;
  use-host-decl-names on;
  host in-group { hardware ethernet ${device(1)}; }
  host fixed-in-group { hardware ethernet ${device(2)}; fixed-address 10.16.0.22; option domain-name "host"; }
  group { filename "inner.bin"; host inner { hardware ethernet ${device(3)}; option host-name "given"; } }
}
group "named" { option domain-name "named group"; }
host joins { hardware ethernet ${device(4)}; group "named"; }
host by-id { option dhcp-client-identifier "station"; fixed-address 10.16.0.23; }
host by-id-and-card { hardware ethernet ${device(5)}; fixed-address 10.16.0.24; }
host in-range { hardware ethernet ${device(6)}; fixed-address 10.16.0.150; }
host elsewhere { hardware ethernet ${device(7)}; fixed-address 10.17.0.25; option domain-name "elsewhere"; }
host two { hardware ethernet ${device(8)}; fixed-address 10.16.0.26, 10.16.0.27; }
host dynamic-a { hardware ethernet ${device(9)}; option domain-name "first"; }
host dynamic-b { hardware ethernet ${device(9)}; option domain-name "second"; }
host gold-host { hardware ethernet ${device(12)}; option domain-name "gold host"; }
subnet 10.16.0.0 netmask 255.255.255.0 {
  option domain-name "subnet";
  pool { range 10.16.0.100 10.16.0.199; option domain-name-servers 10.16.0.3; }
}
shared-network both {
  option domain-name "both";
  option routers 10.17.0.1;
  subnet 10.17.0.0 netmask 255.255.255.0 { option routers 10.17.0.2; pool { range 10.17.0.100 10.17.0.101; option domain-name "first pool"; } }
  subnet 10.18.0.0 netmask 255.255.255.0 { pool { range 10.18.0.100 10.18.0.199; } option domain-name "second"; }
}
`,
  scripts: [
    bind("nobody special", 16, { list: [1, 15, 6, 12] }),
    bind("in a group", 16, { mac: device(1), list: [1, 15, 12] }),
    bind("fixed address in a group", 16, { mac: device(2), list: [1, 15, 12, 6] }),
    bind("in an inner group, with a name of its own", 16, { mac: device(3), list: [1, 15, 12] }),
    bind("joins a named group", 16, { mac: device(4), list: [1, 15, 12] }),
    bind("a host by client identifier", 16, { clientId: "station", list: [1, 15] }),
    bind("client identifier before hardware", 16, {
      mac: device(5),
      clientId: "station",
      list: [1, 15],
    }),
    bind("hardware, with an unknown client identifier", 16, {
      mac: device(5),
      clientId: "nobody",
      list: [1, 15],
    }),
    bind("a fixed address inside a range", 16, { mac: device(6), list: [1, 15] }),
    one(
      "the fixed address inside a range, for somebody else",
      meant(
        via(16, { type: "request", requested: "10.16.0.150" }, "ack"),
        "a fixed address is a lease too",
      ),
    ),
    bind("a fixed address on another network only", 16, { mac: device(7), list: [1, 15] }),
    bind("two fixed addresses", 16, { mac: device(8), list: [1] }),
    one(
      "two fixed addresses, the second asked for",
      meant(
        via(16, { mac: device(8), type: "request", requested: "10.16.0.27" }, "nak"),
        "any of its fixed addresses",
      ),
    ),
    bind("two hosts without an address", 16, { mac: device(9), list: [1, 15] }),
    bind("a class by vendor class", 16, { vendorClass: "gold-9", list: [1, 15, 200] }),
    bind("two classes", 16, {
      vendorClass: "gold-9",
      options: [{ code: 77, value: Uint8Array.of(1, 65) }],
      list: [1, 15, 200],
    }),
    bind("a class and a host", 16, { mac: device(12), vendorClass: "gold-9", list: [1, 15, 200] }),
    bind("a subclass by hardware", 16, { mac: device(10), list: [1, 15] }),
    bind("a subclass by hardware with statements", 16, { mac: device(11), list: [1, 15] }),
    bind("a subclass by remote-id", 16, {
      relayAgent: [2, 5, 109, 111, 100, 101, 109],
      list: [1, 15],
    }),
    one(
      "a spawning class with a lease limit",
      via(16, { mac: device(40), relayAgent: [1, 1, 7] }, "offer"),
      take({ mac: device(40), relayAgent: [1, 1, 7] }),
      via(16, { mac: device(41), relayAgent: [1, 1, 7] }, "offer"),
      take({ mac: device(41), relayAgent: [1, 1, 7] }),
      via(16, { mac: device(42), relayAgent: [1, 1, 7] }, "silence"),
      via(16, { mac: device(42), relayAgent: [1, 1, 8] }, "offer"),
      via(16, { mac: device(40), relayAgent: [1, 1, 7] }, "offer"),
    ),
    one(
      "a class with a lease limit",
      via(16, { mac: device(43), vendorClass: "limited" }, "offer"),
      take({ mac: device(43), vendorClass: "limited" }),
      via(16, { mac: device(44), vendorClass: "limited" }, "silence"),
      via(
        16,
        { type: "request", mac: device(44), vendorClass: "limited", requested: "10.16.0.170" },
        "silence",
      ),
      {
        send: ([, ack]) => ({ type: "release", mac: device(43), ciaddr: ack!.address }),
        answer: "silence",
      },
      via(16, { mac: device(44), vendorClass: "limited" }, "offer"),
    ),
    bind("a shared network, first subnet", 17, { mac: device(30), list: [1, 3, 15] }),
    bind("a shared network, by the second relay", 18, { mac: device(31), list: [1, 3, 15] }),
    bind("a shared network, first subnet full", 17, { mac: device(32), list: [1, 3, 15] }),
    bind("a shared network, first subnet full, second relay", 18, {
      mac: device(33),
      list: [1, 3, 15],
    }),
    one(
      "a shared network, an address of the other subnet",
      via(17, { type: "request", requested: "10.18.0.150", list: [1, 3] }, "ack"),
    ),
  ],
};
