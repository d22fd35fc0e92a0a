import { describe, expect, test } from "vitest";
import { type DhcpPacket, decodePacket } from "../../../protocol/dhcp/packet.ts";
import { configOf, ip } from "../decide/engine.testing.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Destination, LocalInterface } from "../exchange/outcome.ts";
import { destinationOf } from "./destination.ts";

const SERVER = ip("10.9.0.1");
const CIADDR = ip("10.9.0.77");
const YIADDR = ip("10.9.0.100");
const RELAY = ip("10.9.0.2");
const LOOPBACK = ip("127.0.0.1");
const BROADCAST = ip("255.255.255.255");
const mac = Uint8Array.of(2, 16, 0, 0, 0, 1);
const ethernet: LocalInterface = {
  index: 3,
  name: "eth0",
  addresses: [{ address: SERVER, mask: ip("255.255.255.0") }],
  hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, 9),
};

type Kind = Parameters<typeof destinationOf>[1];

interface Given {
  kind: Kind;
  ciaddr?: number;
  giaddr?: number;
  asked?: number;
  hlen?: number;
  interfaceIndex?: number;
  broadcast?: boolean;
  onLocalNetwork?: boolean;
  namedServer?: boolean;
  relaySourcePort?: boolean;
}

function packetOf(given: Given): DhcpPacket {
  const bytes = new Uint8Array(300);
  const view = new DataView(bytes.buffer);
  bytes.set([1, 1, given.hlen ?? 6]);
  view.setUint32(12, given.ciaddr ?? 0);
  view.setUint32(24, given.giaddr ?? 0);
  bytes.set(mac, 28);
  const server = given.namedServer === true ? [54, 4, 10, 9, 0, 1] : [];
  const relay = given.relaySourcePort === true ? [82, 2, 19, 0] : [];
  bytes.set([99, 130, 83, 99, 53, 1, 1, ...server, ...relay, 255], 236);
  return decodePacket(bytes);
}

const config = configOf("subnet 10.9.0.0 netmask 255.255.255.0 { }");

function destinationFor(given: Given): Destination {
  const packet = packetOf(given);
  const exchange = {
    packet,
    arrival: {
      packet,
      sourceAddress: ip("10.9.0.200"),
      sourcePort: 40_000,
      destinationAddress: given.asked ?? BROADCAST,
      interfaceIndex: given.interfaceIndex ?? 3,
    },
    receivedOn: ethernet,
    receivedRelayAgent: packet.options.get(82),
    network: given.onLocalNetwork === true ? config.subnetOf(SERVER)?.sharedNetwork : undefined,
    parts: { config, ports: { server: 67, client: 68 } },
  } as Exchange;
  const assigned = given.kind === "offer" || given.kind === "ack" ? YIADDR : 0;
  return destinationOf(exchange, given.kind, assigned, given.broadcast ?? false);
}

const toRelay = { kind: "relay", address: RELAY, port: 67 };
const toAll = { kind: "broadcast", interfaceIndex: 3, port: 68 };
const toCiaddr = { kind: "unicast", address: CIADDR, port: 68 };
const toChaddr = { kind: "link", interfaceIndex: 3, address: YIADDR, port: 68, hardware: mac };

describe("where a reply goes (RFC 2131, section 4.1; DHCP-5)", () => {
  test.each<[string, Given, unknown]>([
    ["relayed OFFER", { kind: "offer", giaddr: RELAY }, toRelay],
    ["relayed ACK", { kind: "ack", giaddr: RELAY }, toRelay],
    ["relayed ACK of a rebinding client", { kind: "ack", giaddr: RELAY, ciaddr: CIADDR }, toRelay],
    ["relayed NAK", { kind: "nak", giaddr: RELAY }, toRelay],
    [
      "relayed OFFER with the broadcast bit",
      { kind: "offer", giaddr: RELAY, broadcast: true },
      toRelay,
    ],
    [
      "giaddr 127.0.0.1 is answered on the client port",
      { kind: "offer", giaddr: LOOPBACK },
      { kind: "relay", address: LOOPBACK, port: 68 },
    ],
    [
      "RFC 8357 relay is answered on its own port",
      { kind: "offer", giaddr: RELAY, relaySourcePort: true },
      { kind: "relay", address: RELAY, port: 40_000 },
    ],
    ["renewal from another network", { kind: "ack", ciaddr: CIADDR }, toCiaddr],
    [
      "renewal asked by unicast is answered from the address that was asked",
      { kind: "ack", ciaddr: CIADDR, asked: SERVER },
      { ...toCiaddr, source: SERVER },
    ],
    [
      "a subnet's broadcast address is no source",
      { kind: "ack", ciaddr: CIADDR, asked: ip("10.9.0.255") },
      toCiaddr,
    ],
    [
      "renewal on the local network",
      { kind: "ack", ciaddr: CIADDR, onLocalNetwork: true },
      toCiaddr,
    ],
    [
      "ciaddr and option 54 on the local network",
      { kind: "ack", ciaddr: CIADDR, onLocalNetwork: true, namedServer: true },
      toChaddr,
    ],
    [
      "ciaddr and option 54 from another network",
      { kind: "ack", ciaddr: CIADDR, namedServer: true },
      toCiaddr,
    ],
    [
      "ciaddr and the broadcast bit on the local network",
      { kind: "ack", ciaddr: CIADDR, onLocalNetwork: true, broadcast: true },
      toAll,
    ],
    [
      "ciaddr and the broadcast bit from another network",
      { kind: "ack", ciaddr: CIADDR, broadcast: true },
      toCiaddr,
    ],
    ["an OFFER does not trust ciaddr", { kind: "offer", ciaddr: CIADDR }, toChaddr],
    ["broadcast bit", { kind: "offer", broadcast: true }, toAll],
    ["no broadcast bit", { kind: "offer" }, toChaddr],
    ["ACK without broadcast bit", { kind: "ack" }, toChaddr],
    ["an empty chaddr cannot be framed", { kind: "offer", hlen: 0 }, toAll],
    ["a long chaddr is no Ethernet address", { kind: "offer", hlen: 16 }, toAll],
    [
      "an unknown interface cannot be framed on",
      { kind: "offer", interfaceIndex: 0 },
      { ...toAll, interfaceIndex: 0 },
    ],
    ["NAK without relay", { kind: "nak" }, toAll],
    ["NAK without relay never goes to ciaddr", { kind: "nak", ciaddr: CIADDR }, toAll],
    ["INFORM goes to ciaddr", { kind: "inform", ciaddr: CIADDR }, toCiaddr],
    [
      "INFORM goes to ciaddr even when relayed",
      { kind: "inform", ciaddr: CIADDR, giaddr: RELAY },
      toCiaddr,
    ],
    ["INFORM without ciaddr goes to the relay", { kind: "inform", giaddr: RELAY }, toRelay],
    [
      "INFORM without ciaddr and relay goes to where it came from",
      { kind: "inform" },
      { kind: "unicast", address: ip("10.9.0.200"), port: 68 },
    ],
  ])("%s", (_name, given, expected) => {
    expect(destinationFor(given)).toEqual(expected);
  });
});
