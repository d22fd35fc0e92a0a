import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import {
  BootOperation,
  BROADCAST_FLAG,
  type DhcpPacket,
  type EncodeLimits,
  type OutgoingOption,
  type OutgoingPacket,
} from "../../protocol/dhcp/packet.ts";
import { RelayAgentCode, subOption } from "../../protocol/dhcp/relay-agent.ts";
import { ReplyTemplate, TemplatedReply } from "../../protocol/dhcp/reply-template.ts";
import type { Host } from "../config/model.ts";
import { destinationOf } from "./destination.ts";
import type { EngineParts } from "./engine-parts.ts";
import type { Exchange } from "./exchange.ts";
import { renewalTimes } from "./lease-times.ts";
import { replyLog } from "./log-lines.ts";
import { networkOfInterface } from "./network.ts";
import type { ReplyOutcome } from "./pending-offers.ts";
import type { Policy } from "./policy.ts";
import { bootpLimits, informLimits, limitsOf, usualLimits } from "./reply-limits.ts";
import { type OptionSource, selectOptions, selectRemembered } from "./reply-options.ts";
import { serverIdentifierOf } from "./server-identifier.ts";
import { type WordOptions, wordBytes } from "./word-options.ts";

const empty = new Uint8Array(0);
/** dhcpd's words to the client (option 56). */
const nakMessages = {
  unavailable: new TextEncoder().encode("requested address not available"),
  incorrect: new TextEncoder().encode("requested address is incorrect"),
} as const;
const typeOptions: readonly OutgoingOption[] = Object.values(MessageType).map((type) => ({
  code: OptionCode.messageType,
  value: Uint8Array.of(type),
}));

/** `bootp-static`: to a BOOTP client with a fixed address. */
export type LeaseReplyKind = "offer" | "ack" | "inform" | "bootp" | "bootp-static";

export interface LeaseReply {
  readonly kind: LeaseReplyKind;
  readonly policy: Policy;
  /** yiaddr; 0 for INFORM. */
  readonly address: number;
  /** An address of the client's subnet. */
  readonly place: number;
  /** Undefined for INFORM and BOOTP, which promise no time. */
  readonly leaseSeconds: number | undefined;
  /** For `use-host-decl-names`. */
  readonly host: Host | undefined;
  readonly leaseIndex: number;
  readonly durable: boolean;
}

/** OFFER, ACK, the ACK of an INFORM, or the reply to a BOOTP client. */
export function buildReply(exchange: Exchange, reply: LeaseReply): ReplyOutcome {
  const { packet: asked, parts } = exchange;
  const { policy, kind, address } = reply;
  const isInform = kind === "inform";
  const isForced = isInform ? isRelayedBlindly(asked) : policy.alwaysBroadcast;
  const options = leadingOptions(exchange, reply);
  const template = addConfigured(options, exchange, reply);
  if (template === undefined) addRelayAgent(options, exchange);
  // Field by field: spreading a shared part in costs more than all the decisions before.
  const packet: OutgoingPacket = {
    op: BootOperation.reply,
    htype: asked.htype,
    hops: asked.hops,
    xid: asked.xid,
    secs: asked.secs,
    // Of those who send INFORM only a relay is told to broadcast: the others have an address.
    flags: isForced ? asked.flags | BROADCAST_FLAG : asked.flags,
    ciaddr: kind === "offer" ? 0 : asked.ciaddr,
    yiaddr: address,
    siaddr: kind === "bootp-static" ? bootServerOf(exchange, policy) : policy.nextServer,
    giaddr: asked.giaddr,
    chaddr: exchange.hardware.address,
    sname: policy.serverName,
    file: kind === "bootp-static" && policy.filename.length === 0 ? asked.file : policy.filename,
    options,
  };
  return {
    kind: "reply",
    reply:
      template === undefined
        ? packet
        : new TemplatedReply(packet, template, exchange.receivedRelayAgent),
    limits: limitsFor(exchange, reply),
    destination: route(
      exchange,
      isBootp(kind) ? "offer" : kind,
      address,
      (packet.flags & BROADCAST_FLAG) !== 0,
    ),
    changes: exchange.changes,
    durable: reply.durable,
    leaseIndex: reply.leaseIndex,
    log: parts.logLines ? replyLog(exchange, kind, isInform ? asked.ciaddr : address) : "",
  };
}

function isBootp(kind: LeaseReplyKind): kind is "bootp" | "bootp-static" {
  return kind === "bootp" || kind === "bootp-static";
}

function limitsFor(exchange: Exchange, { kind, policy }: LeaseReply): EncodeLimits {
  if (isBootp(kind)) return bootpLimits(exchange, kind === "bootp");
  if (kind === "inform") return limitsOf(exchange, undefined, informLimits);
  return limitsOf(exchange, policy.maxMessageSize, usualLimits);
}

/** A BOOTP client takes who answers for the server with its file, unless it is told otherwise. */
function bootServerOf({ receivedOn }: Exchange, { nextServer }: Policy): number {
  return nextServer === 0 ? (receivedOn?.addresses[0]?.address ?? 0) : nextServer;
}

/** The relay does not learn from the packet which address the client has. */
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
): ReplyOutcome {
  const { packet, parts } = exchange;
  const policy = exchange.policyOfNetwork([]);
  const options: OutgoingOption[] = [
    typeOption(MessageType.nak),
    parts.words.of(OptionCode.serverIdentifier, serverIdentifierOf(exchange, policy)),
    { code: OptionCode.message, value: nakMessages[message] },
  ];
  if (exchange.policyOfNetwork(exchange.members).echoClientId) {
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
    destination: route(exchange, "nak", 0, true),
    changes: exchange.changes,
    durable: false,
    leaseIndex: -1,
    log: parts.logLines ? replyLog(exchange, "nak", refused, reason) : "",
  };
}

/** What the server says on its own account. */
function leadingOptions(exchange: Exchange, reply: LeaseReply): OutgoingOption[] {
  const { parts } = exchange;
  const { policy, leaseSeconds } = reply;
  const options: OutgoingOption[] = [];
  if (!isBootp(reply.kind)) {
    options.push(
      typeOption(reply.kind === "offer" ? MessageType.offer : MessageType.ack),
      parts.words.of(OptionCode.serverIdentifier, serverIdentifierOf(exchange, policy)),
    );
  }
  if (leaseSeconds !== undefined) addTimes(options, parts.words, policy, leaseSeconds);
  addEcho(options, exchange, OptionCode.subnetSelection);
  if (isEchoed(reply)) addEcho(options, exchange, OptionCode.clientIdentifier);
  return options;
}

/** dhcpd does not echo the client identifier to an INFORM, nor to BOOTP without a lease. */
function isEchoed({ policy, kind }: LeaseReply): boolean {
  return policy.echoClientId && kind !== "inform" && kind !== "bootp-static";
}

function addTimes(
  options: OutgoingOption[],
  words: WordOptions,
  policy: Policy,
  leaseSeconds: number,
): void {
  options.push(words.of(OptionCode.leaseTime, leaseSeconds));
  if (policy.renewalSeconds === undefined && policy.rebindingSeconds === undefined) return;
  const times = renewalTimes(leaseSeconds, policy.renewalSeconds, policy.rebindingSeconds);
  if (times.renewalSeconds !== undefined) {
    options.push(words.of(OptionCode.renewalTime, times.renewalSeconds));
  }
  if (times.rebindingSeconds !== undefined) {
    options.push(words.of(OptionCode.rebindingTime, times.rebindingSeconds));
  }
}

/** Adds the configured options, or returns the template that has them. */
function addConfigured(
  options: OutgoingOption[],
  exchange: Exchange,
  reply: LeaseReply,
): ReplyTemplate | undefined {
  const { packet, parts } = exchange;
  const { policy, kind } = reply;
  const selection = {
    source: new ReplyOptions(parts, reply),
    list: policy.requestList ?? packet.options.get(OptionCode.parameterRequestList),
    withFqdn: packet.options.has(OptionCode.clientFqdn),
    withSubnetMask: kind !== "inform",
  };
  const isShared =
    policy.constant &&
    !policy.useHostNames &&
    !policy.leaseHostNames &&
    !policy.leaseAddressIsRouter &&
    !selection.withFqdn;
  const order = isShared ? selectRemembered(selection, policy.orders) : undefined;
  // Replies to INFORM, where the client identifier is not echoed, have orders of their own.
  const isTemplated = order?.isRemembered === true && !isBootp(kind);
  if (isTemplated && order.template !== undefined) return order.template;
  const configured = order?.options ?? selectOptions(selection);
  const own = isEchoed(reply) ? configured.filter(isNotClientId) : configured;
  if (isTemplated) {
    order.template = new ReplyTemplate(policy.serverName, policy.filename, own);
    return order.template;
  }
  for (const option of own) options.push(option);
  return undefined;
}

function isNotClientId({ code }: OutgoingOption): boolean {
  return code !== OptionCode.clientIdentifier;
}

/** The configured options and those that follow from the place of the lease. */
class ReplyOptions implements OptionSource {
  readonly #parts: EngineParts;
  readonly #reply: LeaseReply;

  constructor(parts: EngineParts, reply: LeaseReply) {
    this.#parts = parts;
    this.#reply = reply;
  }

  option(code: number): Uint8Array | undefined {
    const { policy, address, place, host } = this.#reply;
    const value = crossedOption(policy, code) ?? policy.settings.option(code);
    if (value !== undefined) return value;
    if (code === OptionCode.subnetMask) {
      const subnet = this.#parts.config.subnetOf(place);
      return subnet === undefined ? undefined : wordBytes(subnet.mask);
    }
    if (code === OptionCode.hostName) {
      const name = policy.useHostNames && host !== undefined ? host.name : this.#nameInDns();
      return name === undefined ? undefined : new TextEncoder().encode(name);
    }
    if (code === OptionCode.routers && policy.leaseAddressIsRouter && address !== 0) {
      return wordBytes(address);
    }
    return undefined;
  }

  /** `get-lease-hostnames`: of a lease only, not of an address that the client got elsewhere. */
  #nameInDns(): string | undefined {
    const { policy, address } = this.#reply;
    return policy.leaseHostNames && address !== 0 ? this.#parts.nameOf?.(address) : undefined;
  }

  optionCodes(): readonly number[] {
    return this.#reply.policy.settings.optionCodes();
  }
}

/** Also where only `next-server` is configured: a client that asks for both servers gets both. */
function crossedOption({ crossedTftp }: Policy, code: number): Uint8Array | undefined {
  if (code === OptionCode.tftpServerAddress) return crossedTftp?.addresses;
  return code === OptionCode.tftpServerName ? crossedTftp?.name : undefined;
}

function route(
  exchange: Exchange,
  kind: "offer" | "ack" | "nak" | "inform",
  assigned: number,
  broadcast: boolean,
) {
  const { arrival, packet, parts, receivedOn, network } = exchange;
  const relayAgent = exchange.receivedRelayAgent;
  // Only a client with ciaddr and without relay can be on this wire or on another.
  const isDirect = packet.giaddr === 0 && packet.ciaddr !== 0;
  return destinationOf({
    kind,
    arrival,
    assigned,
    broadcast,
    receivedOn,
    onLocalNetwork:
      isDirect && network !== undefined && networkOfInterface(parts.config, receivedOn) === network,
    namedServer: packet.options.has(OptionCode.serverIdentifier),
    relaySourcePort:
      relayAgent !== undefined &&
      subOption(relayAgent, RelayAgentCode.relaySourcePort) !== undefined,
    serverPort: parts.ports.server,
    clientPort: parts.ports.client,
  });
}

/**
 * Last, whole and unchanged, in every reply (RFC 3046, section 2.2). What was only remembered from an
 * earlier packet is not echoed: no relay is there to take it off again.
 */
function addRelayAgent(options: OutgoingOption[], exchange: Exchange): void {
  const value = exchange.receivedRelayAgent;
  if (value !== undefined) options.push({ code: OptionCode.relayAgentInformation, value });
}

function addEcho(options: OutgoingOption[], exchange: Exchange, code: number): void {
  const value = exchange.packet.options.get(code);
  if (value !== undefined) options.push({ code, value });
}

function typeOption(type: number): OutgoingOption {
  return typeOptions[type - 1];
}
