import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { OutgoingOption } from "../../../protocol/dhcp/packet.ts";
import { ReplyTemplate } from "../../../protocol/dhcp/reply-template.ts";
import { ipv4Bytes } from "../../../protocol/ipv4.ts";
import type { EngineParts } from "../exchange/engine-parts.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { LeaseReplyKind } from "../exchange/outcome.ts";
import type { Place } from "../exchange/place.ts";
import { renewalTimes } from "../policy/lease-times.ts";
import type { LeadingOptions, OptionOrder, Policy } from "../policy/policy.ts";
import type { WordOptions } from "../policy/word-options.ts";
import {
  addOrder,
  findOrder,
  type OptionSource,
  type Selection,
  selectOptions,
} from "./reply-options.ts";
import { serverIdentifierOf } from "./server-identifier.ts";

export interface LeaseReply {
  readonly kind: LeaseReplyKind;
  readonly policy: Policy;
  /** The client's; for INFORM the server gives no address, and this one is in the client's subnet. */
  readonly place: Place;
  /** Undefined for INFORM and BOOTP, which promise no time. */
  readonly leaseSeconds: number | undefined;
  /** The lease that the reply promises and whose record is not yet committed; -1 for none. */
  readonly leaseIndex: number;
}

const typeOptions: readonly OutgoingOption[] = Object.values(MessageType).map((type) => ({
  code: OptionCode.messageType,
  value: Uint8Array.of(type),
}));

export function isBootp(kind: LeaseReplyKind): kind is "bootp" | "bootp-static" {
  return kind === "bootp" || kind === "bootp-static";
}

/**
 * The order of the configured options that the reply shares with others, for which there can be a
 * template; undefined when an option depends on this client.
 */
export function orderOf(exchange: Exchange, reply: LeaseReply): OptionOrder | undefined {
  const { options } = exchange.packet;
  const { policy, kind } = reply;
  const isShared =
    policy.constant &&
    !policy.useHostNames &&
    !policy.leaseHostNames &&
    !policy.leaseAddressIsRouter &&
    !isBootp(kind) &&
    !options.has(OptionCode.clientFqdn);
  if (!isShared) return undefined;
  const order = findOrder(policy, options, kind !== "inform");
  return order ?? addOrder(policy.orders, selectionOf(exchange, reply));
}

export function templateOf(order: OptionOrder, reply: LeaseReply): ReplyTemplate {
  const { policy } = reply;
  // Replies to INFORM, where the client identifier is not echoed, have orders of their own.
  order.template ??= new ReplyTemplate(
    policy.serverName,
    policy.filename,
    withoutEchoed(order.options, reply),
  );
  return order.template;
}

/** The options before the template's: mostly the same as in the previous reply. */
export function leadingOf(
  order: OptionOrder,
  exchange: Exchange,
  reply: LeaseReply,
): LeadingOptions {
  const { policy, kind, leaseSeconds } = reply;
  const serverIdentifier = serverIdentifierOf(exchange, policy);
  const isEchoing = policy.echoClientId || exchange.packet.options.has(OptionCode.subnetSelection);
  if (isEchoing) {
    return { serverIdentifier, leaseSeconds, options: leadingOptions(exchange, reply) };
  }
  const known = kind === "offer" ? order.leadingOffer : order.leadingAck;
  const isSame =
    known?.serverIdentifier === serverIdentifier && known.leaseSeconds === leaseSeconds;
  if (isSame) {
    known.opening ??= templateOf(order, reply).openingWith(known.options);
    return known;
  }
  const options = leadingOptions(exchange, reply);
  const leading: LeadingOptions = { serverIdentifier, leaseSeconds, options, opening: undefined };
  if (kind === "offer") order.leadingOffer = leading;
  else order.leadingAck = leading;
  return leading;
}

/** All options, one by one. */
export function leaseOptions(exchange: Exchange, reply: LeaseReply): OutgoingOption[] {
  const options = leadingOptions(exchange, reply);
  const configured = selectOptions(selectionOf(exchange, reply));
  for (const option of withoutEchoed(configured, reply)) options.push(option);
  addRelayAgent(options, exchange);
  return options;
}

/** Options that the server sends without configuration. */
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

function selectionOf(exchange: Exchange, reply: LeaseReply): Selection {
  const { packet, parts } = exchange;
  return {
    source: new ReplyOptions(parts, reply),
    list: reply.policy.requestList ?? packet.options.get(OptionCode.parameterRequestList),
    withFqdn: packet.options.has(OptionCode.clientFqdn),
    withSubnetMask: reply.kind !== "inform",
  };
}

/** A configured client identifier gives way to the client's own. */
function withoutEchoed(
  options: readonly OutgoingOption[],
  reply: LeaseReply,
): readonly OutgoingOption[] {
  if (!isEchoed(reply)) return options;
  return options.filter(({ code }) => code !== OptionCode.clientIdentifier);
}

/** The configured options and the options that follow from the place of the lease. */
class ReplyOptions implements OptionSource {
  readonly #parts: EngineParts;
  readonly #reply: LeaseReply;

  constructor(parts: EngineParts, reply: LeaseReply) {
    this.#parts = parts;
    this.#reply = reply;
  }

  option(code: number): Uint8Array | undefined {
    const { policy, place, kind } = this.#reply;
    const value = crossedOption(policy, code) ?? policy.settings.option(code);
    if (value !== undefined) return value;
    if (code === OptionCode.subnetMask) {
      const subnet = this.#parts.config.subnetOf(place.address);
      return subnet === undefined ? undefined : ipv4Bytes([subnet.mask]);
    }
    // The rest follows from a lease, and not from an address that the client got elsewhere.
    if (kind === "inform") return undefined;
    if (code === OptionCode.hostName) {
      const name =
        policy.useHostNames && place.host !== undefined ? place.host.name : this.#nameInDns();
      return name === undefined ? undefined : new TextEncoder().encode(name);
    }
    if (code === OptionCode.routers && policy.leaseAddressIsRouter)
      return ipv4Bytes([place.address]);
    return undefined;
  }

  /** `get-lease-hostnames` */
  #nameInDns(): string | undefined {
    const { policy, place } = this.#reply;
    return policy.leaseHostNames ? this.#parts.nameOf?.(place.address) : undefined;
  }

  optionCodes(): readonly number[] {
    return this.#reply.policy.settings.optionCodes();
  }
}

/** These are sent even when only `next-server` is configured: a client that asks for both servers gets both. */
function crossedOption({ crossedTftp }: Policy, code: number): Uint8Array | undefined {
  if (code === OptionCode.tftpServerAddress) return crossedTftp?.addresses;
  return code === OptionCode.tftpServerName ? crossedTftp?.name : undefined;
}

/**
 * Last, whole and unchanged, in every reply (RFC 3046, section 2.2). An option 82 of an earlier packet
 * is not echoed: no relay would remove it.
 */
export function addRelayAgent(options: OutgoingOption[], exchange: Exchange): void {
  const value = exchange.receivedRelayAgent;
  if (value !== undefined) options.push({ code: OptionCode.relayAgentInformation, value });
}

export function addEcho(options: OutgoingOption[], exchange: Exchange, code: number): void {
  const value = exchange.packet.options.get(code);
  if (value !== undefined) options.push({ code, value });
}

export function typeOption(type: number): OutgoingOption {
  return typeOptions[type - 1];
}
