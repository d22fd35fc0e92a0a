import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { RelayAgentCode } from "../../../protocol/dhcp/relay-agent.ts";
import { findSubOption } from "../../../protocol/dhcp/sub-options.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { networkOfInterface } from "../exchange/network.ts";
import type { Destination } from "../exchange/outcome.ts";

const LOOPBACK_ADDRESS = 0x7f00_0001;
const ETHERNET = 1;

/**
 * Where a reply goes: RFC 2131, section 4.1, in the order in which dhcpd looks.
 *
 * A relay is always answered at giaddr. A renewing client is answered at ciaddr, unless it is on
 * the local network and said by option 54 or the broadcast bit that it is not really renewing. A
 * client without an address gets a raw frame, because it cannot answer ARP yet.
 *
 * `assigned` is the reply's yiaddr, `isBroadcast` its broadcast bit, `always-broadcast` included.
 */
export function destinationOf(
  exchange: Exchange,
  kind: "offer" | "ack" | "nak" | "inform",
  assigned: number,
  isBroadcast: boolean,
): Destination {
  const { arrival, packet, parts } = exchange;
  if (kind === "inform" && packet.ciaddr !== 0) return unicast(exchange, packet.ciaddr);
  if (packet.giaddr !== 0) {
    return { kind: "relay", address: packet.giaddr, port: relayPort(exchange) };
  }
  if (kind === "inform") return unicast(exchange, arrival.sourceAddress);
  if (kind === "nak") return broadcast(exchange);
  if (kind === "ack" && packet.ciaddr !== 0) {
    const isNotRenewing = isBroadcast || packet.options.has(OptionCode.serverIdentifier);
    if (!isNotRenewing || !isLocal(exchange)) return unicast(exchange, packet.ciaddr);
  }
  if (isBroadcast || !canFrame(exchange)) return broadcast(exchange);
  return {
    kind: "link",
    interfaceIndex: arrival.interfaceIndex,
    address: assigned,
    port: parts.ports.client,
    hardware: packet.chaddr,
  };
}

function relayPort({ arrival, packet, parts, receivedRelayAgent: relayAgent }: Exchange): number {
  const { ports } = parts;
  // RFC 8357: the relay asks for replies to its own source port.
  if (
    relayAgent !== undefined &&
    findSubOption(relayAgent, RelayAgentCode.relaySourcePort) !== undefined
  ) {
    return arrival.sourcePort;
  }
  // A "relay" at 127.0.0.1 is a test client on this machine, which listens on the client port.
  return packet.giaddr === LOOPBACK_ADDRESS ? ports.client : ports.server;
}

/** The client is on the network of the receiving interface: no router is in between. */
function isLocal({ network, parts, receivedOn }: Exchange): boolean {
  return network !== undefined && networkOfInterface(parts.config, receivedOn) === network;
}

/** Answers come from the address that was asked, so that routers and firewalls recognise them. */
function unicast({ arrival, receivedOn, parts }: Exchange, address: number): Destination {
  const asked = arrival.destinationAddress;
  const port = parts.ports.client;
  // A broadcast address, limited or of a subnet, is not among the interface's own.
  for (const own of receivedOn?.addresses ?? []) {
    if (own.address === asked) return { kind: "unicast", address, port, source: asked };
  }
  return { kind: "unicast", address, port };
}

function broadcast({ arrival, parts }: Exchange): Destination {
  const { interfaceIndex } = arrival;
  return { kind: "broadcast", interfaceIndex, port: parts.ports.client };
}

function canFrame({ arrival, packet }: Exchange): boolean {
  return arrival.interfaceIndex !== 0 && packet.htype === ETHERNET && packet.chaddr.length === 6;
}
