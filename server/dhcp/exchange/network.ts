import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { DhcpPacket } from "../../../protocol/dhcp/packet.ts";
import { RelayAgentCode } from "../../../protocol/dhcp/relay-agent.ts";
import { findSubOption } from "../../../protocol/dhcp/sub-options.ts";
import { readIpv4 } from "../../../protocol/ipv4.ts";
import type { ServerConfig, SharedNetwork } from "../../config/model/model.ts";
import type { LocalInterface } from "./outcome.ts";

/**
 * The address by which an option names the client's network, whatever giaddr says: link selection (RFC
 * 3527), then subnet selection (option 118, RFC 3011). Undefined without such an option. `relayAgent` is
 * the packet's option 82.
 */
export function selectionOf(
  packet: DhcpPacket,
  relayAgent: Uint8Array | undefined,
): number | undefined {
  if (relayAgent !== undefined) {
    const link = findSubOption(relayAgent, RelayAgentCode.linkSelection);
    if (link !== undefined && link.length === 4) return readIpv4(link, 0);
  }
  return packet.options.getUInt32(OptionCode.subnetSelection);
}

/**
 * The shared network that a packet comes from, or undefined when it is not in the configuration. A
 * packet that names a network is believed, even when the network is unknown here. Otherwise ciaddr
 * tells the network of a client that already has an address (all but DISCOVER), because its renewal
 * may come through any router. Other packets come from the wire of the receiving interface.
 */
export function locateNetwork(
  config: ServerConfig,
  packet: DhcpPacket,
  relayAgent: Uint8Array | undefined,
  receivedOn: LocalInterface | undefined,
  type: number,
): SharedNetwork | undefined {
  const selector = selectionOf(packet, relayAgent) ?? packet.giaddr;
  if (selector !== 0) return config.subnetOf(selector)?.sharedNetwork;
  const { ciaddr } = packet;
  if (ciaddr !== 0 && type !== MessageType.discover) {
    const network = config.subnetOf(ciaddr)?.sharedNetwork;
    if (network !== undefined) return network;
  }
  return networkOfInterface(config, receivedOn);
}

/** The first declared network that contains an address of the interface. */
export function networkOfInterface(
  config: ServerConfig,
  receivedOn: LocalInterface | undefined,
): SharedNetwork | undefined {
  for (const { address } of receivedOn?.addresses ?? []) {
    const subnet = config.subnetOf(address);
    if (subnet !== undefined) return subnet.sharedNetwork;
  }
  return undefined;
}
