import { describe, expect, test } from "vitest";
import { decodePacket } from "../../../protocol/dhcp/packet.ts";
import { parseIpv4 } from "../../../protocol/ipv4.ts";
import type { LocalInterface } from "../exchange/outcome.ts";
import { destinationOf, type Route } from "./destination.ts";

const ip = (text: string): number => parseIpv4(text) as number;
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

interface Given {
  kind: Route["kind"];
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

function packetBytes(given: Given): Uint8Array {
  const bytes = new Uint8Array(300);
  const view = new DataView(bytes.buffer);
  bytes.set([1, 1, given.hlen ?? 6]);
  view.setUint32(12, given.ciaddr ?? 0);
  view.setUint32(24, given.giaddr ?? 0);
  bytes.set(mac, 28);
  bytes.set([99, 130, 83, 99, 53, 1, 1, 255], 236);
  return bytes;
}

function route(given: Given): Route {
  return {
    kind: given.kind,
    arrival: {
      packet: decodePacket(packetBytes(given)),
      sourceAddress: ip("10.9.0.200"),
      sourcePort: 40_000,
      destinationAddress: given.asked ?? BROADCAST,
      interfaceIndex: given.interfaceIndex ?? 3,
    },
    assigned: given.kind === "offer" || given.kind === "ack" ? YIADDR : 0,
    broadcast: given.broadcast ?? false,
    receivedOn: ethernet,
    onLocalNetwork: given.onLocalNetwork ?? false,
    namedServer: given.namedServer ?? false,
    relaySourcePort: given.relaySourcePort ?? false,
    serverPort: 67,
    clientPort: 68,
  };
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
    expect(destinationOf(route(given))).toEqual(expected);
  });
});
