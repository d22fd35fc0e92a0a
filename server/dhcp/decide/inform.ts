import { dynamicHostFor, hostWithAddress } from "../exchange/declared-hosts.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { selectionOf } from "../exchange/network.ts";
import type { Outcome } from "../exchange/outcome.ts";
import type { Place } from "../exchange/place.ts";
import { buildReply } from "../reply/reply.ts";
import { drop } from "./drop.ts";

/**
 * INFORM (RFC 2131, section 4.3.5): a client with an address of its own wants the other settings.
 * The ACK promises nothing: no address, no lease time, and no record is kept.
 */
export function inform(exchange: Exchange): Outcome {
  const { config, leases } = exchange.parts;
  const { packet, arrival, hosts } = exchange;
  // A selection beats ciaddr, and giaddr does not: it says where the relay is, not the client.
  const address =
    selectionOf(packet, exchange.receivedRelayAgent) ??
    (packet.ciaddr || packet.giaddr || arrival.sourceAddress);
  const subnet = config.subnetOf(address);
  if (subnet === undefined) {
    return drop(exchange, "unknown-subnet", "unknown subnet for client address");
  }
  if (!subnet.scope.authoritative) {
    return drop(exchange, "not-authoritative", "not authoritative for subnet");
  }
  // A host with a fixed address applies only when the client says that it has that address.
  const host = hostWithAddress(exchange.parts, hosts, packet.ciaddr) ?? dynamicHostFor(hosts);
  const index = leases.indexOf(address);
  const place: Place = { kind: "place", address, index, host, isStatic: false };
  const policy = exchange.policyAt(place);
  return buildReply(exchange, {
    kind: "inform",
    policy,
    place,
    leaseSeconds: undefined,
    leaseIndex: -1,
  });
}
