import { nearRelay } from "./cable.testing.ts";
import type { Script, Site } from "./contender.testing.ts";
import { asks } from "./steps.testing.ts";

const relay = "10.16.0.1";
const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

function differing(onPurpose: string, { name, steps }: Script): Script {
  return { name, steps: steps.map((step) => ({ ...step, onPurpose })) };
}

const scripts: readonly Script[] = [
  asks("no request list", {}),
  asks("a request list, in the client's order", { list: [15, 3, 6, 1, 42] }),
  asks("a request list with the subnet mask first", { list: [1, 3, 15, 2] }),
  asks("a code twice on the list", { list: [3, 15, 3, 1, 15] }),
  asks("a list of what the server sends anyway", { list: [51, 54, 58, 59, 53, 82, 61, 50, 57] }),
  asks("a list with what is not configured", { list: [1, 33, 121, 249, 252, 15] }),
  asks("a list with pad and end", { list: [0, 3, 255, 15] }),
  asks("an empty list", { list: [] }),
  asks("a list and option 81", {
    list: [3, 15],
    options: [{ code: 81, value: bytes(0, 0, 0, 97) }],
  }),
  asks("option 81 without a list", { options: [{ code: 81, value: bytes(0, 0, 0, 97) }] }),
  asks("a client identifier", { clientId: "client one", list: [1, 3] }),
  asks("an empty client identifier", { clientId: bytes(), list: [1, 3] }, "silence"),
  asks("a host name", { hostname: "meter-7", list: [12, 1, 3] }),
  differing(
    "a text does not end in NUL",
    asks("a host name that ends in NUL", { hostname: "meter-8\0", list: [15, 66, 1, 6] }),
  ),
  asks("the mask after the routers", { list: [3, 6, 1, 15] }),
  asks("the mask not asked for, the routers asked for", { list: [6, 3, 15] }),
  asks("a hint inside the range", { requested: "10.16.0.177", list: [1] }),
  asks("a hint outside the range", { requested: "10.16.0.20", list: [1] }, "offer", {
    anyAddress: true,
  }),
  asks("a hint of another network", { requested: "10.17.0.120", list: [1] }, "offer", {
    anyAddress: true,
  }),
  differing(
    "ciaddr of an OFFER",
    asks("ciaddr in a DISCOVER", { ciaddr: "10.16.0.178", list: [1] }),
  ),
  asks("a short lease asked for", { leaseSeconds: 30, list: [1] }),
  asks("a medium lease asked for", { leaseSeconds: 400, list: [1] }),
  asks("a long lease asked for", { leaseSeconds: 50_000, list: [1] }),
  asks("an endless lease asked for", { leaseSeconds: 0xffff_ffff, list: [1] }),
  asks("a lease of no time asked for", { leaseSeconds: 0, list: [1] }),
  asks("the broadcast bit", { broadcast: true, list: [1] }),
  asks("secs and hops", { secs: 77, hops: 3, list: [1] }),
  asks("token ring", { htype: 6, list: [1] }),
  asks("eight bytes of hardware address", { htype: 32, mac: "1:2:3:4:5:6:7:8", list: [1] }),
  asks("no hardware address, a client identifier", { mac: "", clientId: "bare", list: [1] }),
  differing("nobody", asks("no hardware address, no client identifier", { mac: "" })),
  differing(
    "the relay's own port",
    asks("a relay on a port of its own", {
      ...{ relayAgent: [1, 1, 7, 19, 0, 2, 1, 5], sourcePort: 6767, list: [1] },
    }),
  ),
  asks("a relay on another port that does not say so", { sourcePort: 6767, list: [1] }),
  differing(
    "the relay's own server identifier",
    asks("server identifier override", { relayAgent: [1, 1, 7, 11, 4, 10, 16, 0, 9], list: [1] }),
  ),
  asks("a vendor class", { vendorClass: "docsis3.0:", list: [1, 60] }),
  asks("option 57 of 100", { maxMessageSize: 100 }),
  asks("option 57 of 576", { maxMessageSize: 576 }),
  asks("option 57 of 1500", { maxMessageSize: 1500 }),
  asks("option 54 in a DISCOVER", { serverId: "10.9.9.9", list: [1] }),
  asks("unknown giaddr", { giaddr: "10.30.0.1" }, "silence"),
  asks("link selection of the network", {
    giaddr: nearRelay,
    relayAgent: [5, 4, 10, 16, 0, 0],
    list: [1],
  }),
  asks("link selection beats a giaddr of a network", {
    giaddr: "10.17.0.1",
    relayAgent: [5, 4, 10, 16, 0, 0],
    list: [1],
  }),
  asks("link selection of no network", { relayAgent: [5, 4, 10, 30, 0, 0] }, "silence"),
  asks("subnet selection", {
    giaddr: "10.17.0.1",
    options: [{ code: 118, value: bytes(10, 16, 0, 0) }],
    list: [1],
  }),
  asks("subnet selection without a list", { options: [{ code: 118, value: bytes(10, 16, 0, 0) }] }),
  asks(
    "subnet selection of no network",
    { options: [{ code: 118, value: bytes(10, 30, 0, 0) }] },
    "silence",
  ),
  asks("link selection beats subnet selection", {
    options: [{ code: 118, value: bytes(10, 17, 0, 0) }],
    relayAgent: [5, 4, 10, 16, 0, 0],
  }),
  asks("option 82, known and unknown sub-options", {
    list: [82, 1, 3],
    relayAgent: [1, 2, 7, 8, 2, 6, 2, 0, 0, 0, 0, 9, 200, 3, 1, 2, 3, 9, 5, 0, 0, 17, 139, 0],
  }),
  asks("option 82 without a list", { relayAgent: [1, 2, 7, 8] }),
  {
    name: "addresses that nobody ever had",
    steps: ["31", "32", "33"].map((unit) => ({
      send: { giaddr: "10.17.0.1", mac: `02:bb:00:00:00:${unit}`, list: [1] },
      answer: "offer" as const,
    })),
  },
  {
    name: "twice",
    steps: [
      { send: { giaddr: relay, list: [1], requested: "10.16.0.188" }, answer: "offer" },
      { send: { giaddr: relay, list: [1], requested: "10.16.0.188" }, answer: "offer" },
    ],
  },
  differing("a reply is no request", asks("op 2", { op: 2 })),
  asks("BOOTP", { type: "bootp" }, "silence"),
  asks("a lease query", { type: "leaseQuery" }, "silence"),
  asks("a message of a server", { type: "offer" }, "silence"),
  asks("FORCERENEW", { type: "forceRenew" }, "silence"),
];

export const discoverSite: Site = {
  name: "DISCOVER",
  configuration: `
authoritative;
option domain-name "example.org";
option domain-name-servers 10.16.0.5, 10.16.0.6;
option time-offset -3600;
option log-servers 10.16.0.7;
option tftp-server-name "tftp.example.org";
option bootfile-name "boot.bin";
default-lease-time 600;
max-lease-time 7200;
subnet 10.9.0.0 netmask 255.255.255.0 { }
subnet 10.16.0.0 netmask 255.255.255.0 {
  option routers 10.16.0.1;
  option dhcp-renewal-time 200;
  option dhcp-rebinding-time 500;
  range 10.16.0.100 10.16.0.199;
}
subnet 10.17.0.0 netmask 255.255.255.0 {
  range 10.17.0.100 10.17.0.199;
}
`,
  scripts,
};
