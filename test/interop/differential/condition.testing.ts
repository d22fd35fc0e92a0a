import type { Site } from "./contender.testing.ts";
import { bind, device, meant, one, own, take, via } from "./steps.testing.ts";

export const conditionSite: Site = {
  name: "conditions, vendor options, option 82",
  configuration: `authoritative;
dhcp-cache-threshold 0;
${own}
option space acme;
option acme.tftp code 1 = ip-address;
option acme.name code 2 = text;
option acme.level code 3 = unsigned integer 8;
option space other;
option other.file code 9 = text;
option space inner;
option inner.a code 1 = text;
option inner.b code 2 = integer 16;
option outer code 222 = encapsulate inner;
option circuit code 223 = string;
option remote code 224 = text;
option flagged code 225 = boolean;
option called code 226 = string;
subnet 10.16.0.0 netmask 255.255.255.0 {
  range 10.16.0.100 10.16.0.199;
  if option vendor-class-identifier = "acme" {
    vendor-option-space acme;
    option acme.tftp 10.16.0.9;
    option acme.name "box";
    option acme.level 7;
    filename "acme.bin";
  } elsif substring(option vendor-class-identifier, 0, 5) = "other" {
    vendor-option-space other;
    option other.file = concat("x-", suffix(option vendor-class-identifier, 2));
    filename = concat("other-", binary-to-ascii(16, 8, "-", substring(hardware, 1, 6)));
  } elsif exists vendor-class-identifier {
    option vendor-encapsulated-options 01:02:03;
    filename "some.bin";
  } else {
    filename "none.bin";
  }
  option inner.a "text";
  option inner.b -2;
}
subnet 10.17.0.0 netmask 255.255.255.0 {
  range 10.17.0.100 10.17.0.199;
  option circuit = option agent.circuit-id;
  option remote = pick-first-value(option agent.remote-id, option host-name, "nothing");
  option called = option host-name;
  if known { option flagged true; } else { option flagged false; }
  if option agent.circuit-id = 07:08 { filename "circuit.bin"; }
  if exists agent.remote-id { server-name "remote"; }
}
subnet 10.18.0.0 netmask 255.255.255.0 {
  stash-agent-options off;
  range 10.18.0.100 10.18.0.199;
  if option agent.circuit-id = 07:08 { filename "circuit.bin"; }
}
option domain-name-servers 10.0.0.1;
option domain-name "top";
subnet 10.19.0.0 netmask 255.255.255.0 {
  range 10.19.0.100 10.19.0.199;
  append domain-name-servers 10.0.0.2;
  prepend domain-name-servers 10.0.0.3;
  default domain-name "not this";
  default host-name "this";
  supersede routers 10.19.0.1;
  append routers 10.19.0.2;
}
subnet 10.20.0.0 netmask 255.255.255.0 {
  range 10.20.0.100 10.20.0.199;
  if host-decl-name = "known-one" { filename "known.bin"; }
}
host known-one { hardware ethernet ${device(90)}; }
`,
  scripts: [
    bind("vendor option space, by list", 16, { vendorClass: "acme", list: [43, 1] }),
    bind("vendor option space, without a list", 16, { vendorClass: "acme", list: [43] }),
    bind("vendor option space with an expression", 16, { vendorClass: "other-42", list: [43, 1] }),
    bind("vendor options as bytes", 16, { vendorClass: "third", list: [43, 1] }),
    bind("no vendor class", 16, { list: [43, 1] }),
    bind("an encapsulated space", 16, { list: [222, 1] }),
    bind("values from option 82", 17, {
      relayAgent: [1, 2, 7, 8, 2, 3, 97, 98, 99],
      list: [223, 224, 225],
    }),
    bind("values without option 82", 17, { hostname: "me", list: [223, 224, 225] }),
    one("a value that ends in NUL", via(17, { hostname: "me\0\0", list: [226] }, "offer")),
    bind("values that are added up", 19, { list: [15, 6, 12, 3] }),
    bind("values without anything", 17, { list: [223, 224, 225] }),
    bind("a known client", 17, { mac: device(90), list: [225] }),
    one(
      "host-decl-name of a dynamic client",
      meant(via(20, { mac: device(90) }, "offer"), "host-decl-name in a condition"),
    ),
    one(
      "stash-agent-options, renewing by unicast",
      via(17, { relayAgent: [1, 2, 7, 8, 2, 3, 97, 98, 99] }, "offer"),
      take({ relayAgent: [1, 2, 7, 8, 2, 3, 97, 98, 99] }),
      {
        send: ([, ack]) => ({ type: "request", ciaddr: ack!.address, list: [223, 224, 225] }),
        answer: "ack",
      },
      {
        send: ([, ack]) => ({ type: "request", ciaddr: ack!.address, list: [223, 224, 225] }),
        answer: "ack",
      },
    ),
    one(
      "stash-agent-options off, renewing by unicast",
      via(18, { relayAgent: [1, 2, 7, 8] }, "offer"),
      take({ relayAgent: [1, 2, 7, 8] }),
      { send: ([, ack]) => ({ type: "request", ciaddr: ack!.address, list: [1] }), answer: "ack" },
    ),
    bind("option 82 with unknown sub-options", 17, {
      relayAgent: [1, 2, 7, 8, 151, 3, 0, 1, 2, 152, 1, 5],
      list: [1],
    }),
    one(
      "option 82 with an empty sub-option at its end",
      meant(
        via(17, { relayAgent: [1, 2, 7, 8, 152, 0] }, "offer"),
        "option 82 is echoed as it came",
      ),
    ),
    bind("option 82 of a DOCSIS CMTS", 17, {
      relayAgent: [
        1, 4, 128, 0, 0, 3, 2, 6, 2, 16, 0, 0, 0, 1, 4, 4, 0, 0, 0, 0, 9, 9, 0, 0, 17, 139, 4, 2, 2,
        3, 1,
      ],
      list: [1, 82, 223],
    }),
  ],
};
