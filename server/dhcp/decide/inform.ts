import { dynamicHostFor, hostWithAddress } from "../exchange/client.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { selectionOf } from "../exchange/network.ts";
import type { Outcome } from "../exchange/outcome.ts";
import { buildReply } from "../reply/reply.ts";
import { drop } from "./grant.ts";

/**
 * INFORM (RFC 2131, section 4.3.5): a client with an address of its own wants the other settings.
 * The ACK promises nothing: no address, no lease time, and no record is kept.
 */
export function inform(exchange: Exchange): Outcome {
  const { config, leases } = exchange.parts;
  const { packet, arrival } = exchange;
  // A selection beats ciaddr, and giaddr does not: it tells where the relay is, not the client.
  const place =
    selectionOf(packet, exchange.receivedRelayAgent) ??
    (packet.ciaddr || packet.giaddr || arrival.sourceAddress);
  const subnet = config.subnetOf(place);
  if (subnet === undefined) {
    return drop(exchange, "unknown-subnet", "unknown subnet for client address");
  }
  if (!subnet.scope.authoritative) {
    return drop(exchange, "not-authoritative", "not authoritative for subnet");
  }
  // A host with a fixed address is meant only when the client says that it has that address.
  const fixed = hostWithAddress(exchange, packet.ciaddr);
  const host = fixed ?? dynamicHostFor(exchange);
  const policy = exchange.policyAt(place, leases.indexOf(place), host, fixed !== undefined);
  return buildReply(exchange, {
    kind: "inform",
    policy,
    address: 0,
    place,
    leaseSeconds: undefined,
    host: undefined,
    leaseIndex: -1,
    durable: false,
  });
}
