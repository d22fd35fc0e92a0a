import { networkInterface } from "../../../base/net/network-interface.ts";
import { parseIpv4 } from "../../../protocol/ipv4.ts";
import type { UdpFrame } from "../../../protocol/udp-frame.ts";
import { type ClientMessage, clientPacket } from "../../../server/dhcp/decide/engine.testing.ts";
import { ip, type NetworkLab } from "../namespaces.testing.ts";
import { inNamespace, Wire } from "./wire.testing.ts";

/** The server's own address, and that of the relay at the other end of its cable. */
export const serverAddress = "10.9.0.1";
export const nearRelay = "10.9.0.2";

export const serverInterface = "serve0";
const clientInterface = "client0";
export const broadcastMac = Uint8Array.of(255, 255, 255, 255, 255, 255);
export const limitedBroadcast = "255.255.255.255";
export const dhcpPorts = { server: 67, client: 68 } as const;

/** A server's network interface, and the cable's other end, where all relays and clients live. */
export class Cable {
  readonly serverSide: string;
  readonly serverMac: Uint8Array;
  readonly wire: Wire;

  constructor(lab: NetworkLab, role: string) {
    this.serverSide = lab.addNamespace(`${role}-s`);
    const clientSide = lab.addNamespace(`${role}-c`);
    lab.link(
      ...([this.serverSide, { interfaceName: serverInterface, address: "10.9.0.1/24" }] as const),
      ...([clientSide, { interfaceName: clientInterface, address: "10.9.0.2/24" }] as const),
    );
    // The client side answers ARP for all of them.
    ip("-n", this.serverSide, "route", "add", "10.16.0.0/12", "via", nearRelay);
    for (const prefix of ["10.16.0.0/12", "10.9.0.128/25"]) {
      ip("-n", clientSide, "route", "add", "local", prefix, "dev", "lo");
    }
    this.serverMac = inNamespace(this.serverSide, () =>
      networkInterface(serverInterface),
    ).hardwareAddress;
    this.wire = new Wire(clientSide, clientInterface);
  }

  send(message: ClientMessage): void {
    this.wire.send(clientFrame(message, this.wire.hardwareAddress, this.serverMac));
  }
}

/**
 * How a client's message reaches the server: from its relay, or from the client itself, which
 * broadcasts while it has no address. `cableMac` stands for all routers and relays.
 */
export function clientFrame(
  message: ClientMessage,
  cableMac: Uint8Array,
  serverMac: Uint8Array,
): UdpFrame {
  const { giaddr = "0.0.0.0", ciaddr = "0.0.0.0" } = message;
  const { bytes, chaddr } = clientPacket(message);
  const isRelayed = giaddr !== "0.0.0.0";
  const isRouted = isRelayed || ciaddr !== "0.0.0.0";
  const destination = message.destination ?? (isRouted ? serverAddress : limitedBroadcast);
  const isOnLink = !isRelayed && chaddr.length === broadcastMac.length;
  return {
    sourceMac: isOnLink ? chaddr : cableMac,
    destinationMac: destination === limitedBroadcast ? broadcastMac : serverMac,
    source: parseIpv4(message.source ?? (isRelayed ? giaddr : ciaddr))!,
    destination: parseIpv4(destination)!,
    sourcePort: message.sourcePort ?? (isRelayed ? dhcpPorts.server : dhcpPorts.client),
    destinationPort: dhcpPorts.server,
    payload: bytes!,
  };
}

/** The transaction of a DHCP message, without decoding it; -1 when there is none. */
export function xidOf({ payload }: UdpFrame): number {
  return payload.length < 8 ? -1 : new DataView(payload.buffer, payload.byteOffset).getUint32(4);
}
