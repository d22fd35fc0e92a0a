import type { Arrival, Destination, LocalInterface } from "../exchange/outcome.ts";

/** RFC 2131, section 2: the only bit of `flags` with a meaning. */
export const BROADCAST_FLAG = 0x8000;

const LOOPBACK_ADDRESS = 0x7f00_0001;
const ETHERNET = 1;

/** What the way of a reply depends on. */
export interface Route {
  readonly kind: "offer" | "ack" | "nak" | "inform";
  readonly arrival: Arrival;
  /** yiaddr of the reply. */
  readonly assigned: number;
  /** The broadcast bit as it stands in the reply, `always-broadcast` included. */
  readonly broadcast: boolean;
  /** The interface that received the packet; undefined when nobody knows. */
  readonly receivedOn: LocalInterface | undefined;
  /** The client is on the network of the receiving interface: no router is in between. */
  readonly onLocalNetwork: boolean;
  /** The client named a server (option 54), so it is not renewing by unicast. */
  readonly namedServer: boolean;
  /** RFC 8357: the relay asked for replies to its own source port (option 82, sub-option 19). */
  readonly relaySourcePort: boolean;
  readonly serverPort: number;
  readonly clientPort: number;
}

/**
 * Where a reply goes: RFC 2131, section 4.1, in the order in which dhcpd looks.
 *
 * A relay is always answered at giaddr. A renewing client is answered at ciaddr, unless it is on
 * the local network and said by option 54 or the broadcast bit that it is not really renewing. A
 * client without an address gets a raw frame, because it cannot answer ARP yet.
 */
export function destinationOf(route: Route): Destination {
  const { arrival, clientPort } = route;
  const { packet } = arrival;
  if (route.kind === "inform" && packet.ciaddr !== 0) return unicast(packet.ciaddr, route);
  if (packet.giaddr !== 0) return { kind: "relay", address: packet.giaddr, port: relayPort(route) };
  if (route.kind === "inform") return unicast(arrival.sourceAddress, route);
  if (route.kind === "nak") return broadcast(arrival, clientPort);
  if (route.kind === "ack" && packet.ciaddr !== 0) {
    const reachable = route.onLocalNetwork && (route.namedServer || route.broadcast);
    if (!reachable) return unicast(packet.ciaddr, route);
  }
  if (route.broadcast || !canFrame(arrival)) return broadcast(arrival, clientPort);
  return {
    kind: "link",
    interfaceIndex: arrival.interfaceIndex,
    address: route.assigned,
    port: clientPort,
    hardware: packet.chaddr,
  };
}

function relayPort(route: Route): number {
  if (route.relaySourcePort) return route.arrival.sourcePort;
  // A "relay" at 127.0.0.1 is a test client on this machine, which listens on the client port.
  return route.arrival.packet.giaddr === LOOPBACK_ADDRESS ? route.clientPort : route.serverPort;
}

/** Answers come from the address that was asked, so that routers and firewalls recognise them. */
function unicast(address: number, route: Route): Destination {
  const asked = route.arrival.destinationAddress;
  const port = route.clientPort;
  // A broadcast address, limited or of a subnet, is none of the interface's own.
  for (const own of route.receivedOn?.addresses ?? []) {
    if (own.address === asked) return { kind: "unicast", address, port, source: asked };
  }
  return { kind: "unicast", address, port };
}

function broadcast(arrival: Arrival, port: number): Destination {
  return { kind: "broadcast", interfaceIndex: arrival.interfaceIndex, port };
}

function canFrame(arrival: Arrival): boolean {
  const { packet, interfaceIndex } = arrival;
  return interfaceIndex !== 0 && packet.htype === ETHERNET && packet.chaddr.length === 6;
}
