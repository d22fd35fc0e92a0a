import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import {
  BootOperation,
  BROADCAST_FLAG,
  type DhcpPacket,
  type EncodeLimits,
  type OutgoingOption,
  type OutgoingPacket,
} from "../../../protocol/dhcp/packet.ts";
import { TemplatedReply } from "../../../protocol/dhcp/reply-template.ts";
import type { ClientClassMember } from "../../config/model/model.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { replyLog } from "../exchange/log-lines.ts";
import { networkOfInterface } from "../exchange/network.ts";
import type { Reply } from "../exchange/outcome.ts";
import type { Policy } from "../policy/policy.ts";
import { destinationOf } from "./destination.ts";
import {
  addEcho,
  addRelayAgent,
  isBootp,
  type LeaseReply,
  leadingOf,
  leaseOptions,
  orderOf,
  templateOf,
  typeOption,
} from "./lease-options.ts";
import { bootpLimits, informLimits, limitsOf, usualLimits } from "./reply-limits.ts";
import { serverIdentifierOf } from "./server-identifier.ts";

const empty = new Uint8Array(0);
/** dhcpd's texts for the client (option 56). */
const nakMessages = {
  unavailable: new TextEncoder().encode("requested address not available"),
  incorrect: new TextEncoder().encode("requested address is incorrect"),
} as const;

/** OFFER, ACK, the ACK of an INFORM, or the reply to a BOOTP client. */
export function buildReply(exchange: Exchange, reply: LeaseReply): Reply {
  const { packet: asked } = exchange;
  const { policy, kind, leaseIndex } = reply;
  const isInform = kind === "inform";
  const address = isInform ? 0 : reply.place.address;
  const isForced = isInform ? isRelayedBlindly(asked) : policy.alwaysBroadcast;
  const order = orderOf(exchange, reply);
  const leading = order === undefined ? undefined : leadingOf(order, exchange, reply);
  // Field by field: spreading a shared part costs more than the whole decision.
  const packet: OutgoingPacket = {
    op: BootOperation.reply,
    htype: asked.htype,
    hops: asked.hops,
    xid: asked.xid,
    secs: asked.secs,
    // For INFORM only a relay is told to broadcast: other clients have an address.
    flags: isForced ? asked.flags | BROADCAST_FLAG : asked.flags,
    ciaddr: kind === "offer" ? 0 : asked.ciaddr,
    yiaddr: address,
    siaddr: kind === "bootp-static" ? bootServerOf(exchange, policy) : policy.nextServer,
    giaddr: asked.giaddr,
    chaddr: exchange.hardware.address,
    sname: policy.serverName,
    file: kind === "bootp-static" && policy.filename.length === 0 ? asked.file : policy.filename,
    options: leading === undefined ? leaseOptions(exchange, reply) : leading.options,
  };
  return {
    kind: "reply",
    reply:
      order === undefined
        ? packet
        : new TemplatedReply(
            packet,
            templateOf(order, reply),
            exchange.receivedRelayAgent,
            leading?.opening,
          ),
    limits: limitsFor(exchange, reply),
    destination: destinationOf(
      exchange,
      isBootp(kind) ? "offer" : kind,
      address,
      (packet.flags & BROADCAST_FLAG) !== 0,
    ),
    changes: exchange.changes,
    durable: leaseIndex >= 0,
    leaseIndex,
    log: replyLog(exchange, kind, isInform ? asked.ciaddr : address),
  };
}

function limitsFor(exchange: Exchange, { kind, policy }: LeaseReply): EncodeLimits {
  if (isBootp(kind)) return bootpLimits(exchange, kind === "bootp");
  if (kind === "inform") return limitsOf(exchange, undefined, informLimits);
  return limitsOf(exchange, policy.maxMessageSize, usualLimits);
}

/** Without `next-server` a BOOTP client loads its file from the server that answers. */
function bootServerOf({ receivedOn }: Exchange, { nextServer }: Policy): number {
  return nextServer === 0 ? (receivedOn?.addresses[0]?.address ?? 0) : nextServer;
}

/** The relay cannot tell the client's address from the packet. */
function isRelayedBlindly({ ciaddr, giaddr }: DhcpPacket): boolean {
  return ciaddr === 0 && giaddr !== 0;
}

/**
 * A NAK has no addresses and few options, and the broadcast bit is forced: a relay must not unicast
 * it to an address that the client may not have (RFC 2131, section 4.3.2).
 */
export function buildNak(
  exchange: Exchange,
  refused: number,
  reason: string,
  message: keyof typeof nakMessages = "unavailable",
): Reply {
  const { packet, parts } = exchange;
  const policy = networkPolicy(exchange, []);
  const options: OutgoingOption[] = [
    typeOption(MessageType.nak),
    parts.words.of(OptionCode.serverIdentifier, serverIdentifierOf(exchange, policy)),
    { code: OptionCode.message, value: nakMessages[message] },
  ];
  if (networkPolicy(exchange, exchange.members).echoClientId) {
    addEcho(options, exchange, OptionCode.clientIdentifier);
  }
  addRelayAgent(options, exchange);
  return {
    kind: "reply",
    reply: {
      op: BootOperation.reply,
      htype: packet.htype,
      hops: packet.hops,
      xid: packet.xid,
      secs: packet.secs,
      flags: packet.flags | BROADCAST_FLAG,
      ciaddr: 0,
      yiaddr: 0,
      siaddr: 0,
      giaddr: packet.giaddr,
      chaddr: exchange.hardware.address,
      sname: empty,
      file: empty,
      options,
    },
    limits: usualLimits,
    destination: destinationOf(exchange, "nak", 0, true),
    changes: exchange.changes,
    durable: false,
    leaseIndex: -1,
    log: replyLog(exchange, "nak", refused, reason),
  };
}

/**
 * What applies to a NAK, as in dhcpd: the first subnet and the first pool of the relay's network, or
 * of the network that the packet came in by; the top level where that is unknown. Classes apply to
 * `echo-client-id`, and not to `server-identifier`.
 */
function networkPolicy(exchange: Exchange, members: readonly ClientClassMember[]): Policy {
  const { packet, receivedOn, parts } = exchange;
  const network =
    packet.giaddr === 0 ? networkOfInterface(parts.config, receivedOn) : exchange.network;
  const [subnet] = network?.subnets ?? [];
  const [pool] = network?.pools ?? [];
  return parts.policies.policyFor({ subnet, pool, members }, exchange);
}
