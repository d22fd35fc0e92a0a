import { unreachable } from "../../../base/assert.ts";
import type { Logger } from "../../../base/log.ts";
import type { UdpSocket } from "../../../base/net/udp-socket.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { OutgoingOption, OutgoingPacket } from "../../../protocol/dhcp/packet.ts";
import { encodeReply, TemplatedReply } from "../../../protocol/dhcp/reply-template.ts";
import { EncodeError } from "../../../protocol/encode-error.ts";
import type { UdpFrame } from "../../../protocol/udp-frame.ts";
import type { Destination, LocalInterface, Reply } from "../exchange/outcome.ts";
import { logPacket, type PacketLog } from "../exchange/packet-log.ts";
import type { DhcpCounters } from "./counters.ts";

/** A datagram to a client that cannot answer ARP yet. */
export interface LinkDatagram extends Omit<UdpFrame, "sourceMac" | "destinationMac"> {
  readonly interfaceIndex: number;
  /** The client's Ethernet address, from chaddr. */
  readonly hardware: Uint8Array;
}

/** Sends frames without ARP. */
export interface LinkSender {
  /** The interfaces that can send frames. */
  readonly interfaceIndexes: readonly number[];
  /** False when no frame was sent: no packet socket there, or a client that is not on Ethernet. */
  send(datagram: LinkDatagram): boolean;
}

/** The longest UDP payload of one frame: Ethernet's 1,500 bytes less the two headers. */
const framePayloadBytesMax = 1472;
const headerBytes = 236;
const limitedBroadcast = 0xffff_ffff;
const loopbackNetwork = 127;

export interface ReplySenderOptions {
  readonly socket: Pick<UdpSocket, "slot" | "push" | "flush">;
  /** For clients that cannot answer ARP; a reply that it refuses is broadcast. */
  readonly links: Pick<LinkSender, "send">;
  readonly interfaces: readonly LocalInterface[];
  /** Addresses of this machine that a reply may come from. */
  readonly ownAddresses: ReadonlySet<number>;
  readonly serverPort: number;
  /** The destination of broadcasts: 255.255.255.255, unless `-s` names another. */
  readonly broadcastAddress: number;
  readonly counters: DhcpCounters;
  readonly logger: Logger;
}

/** What is needed, besides the encoded bytes, to send a reply. */
export interface ReplyWay {
  readonly destination: Destination;
  /** The address that the request was sent to. */
  readonly asked: number;
  readonly messageType: number;
  readonly log: PacketLog | undefined;
}

export function wayOf({ destination, reply, log }: Reply, asked: number): ReplyWay {
  return { destination, asked, messageType: typeOf(reply), log };
}

/** Sends replies to the destinations that the engine chose (RFC 2131, section 4.1). */
export class ReplySender {
  readonly #options: ReplySenderOptions;
  #interfaces: ReadonlyMap<number, LocalInterface>;
  #ownAddresses: ReadonlySet<number>;
  #queued = 0;

  constructor(options: ReplySenderOptions) {
    this.#options = options;
    this.#interfaces = byIndex(options.interfaces);
    this.#ownAddresses = options.ownAddresses;
  }

  /** From now on these interfaces are served, and the machine has these addresses. */
  turnTo(interfaces: readonly LocalInterface[], ownAddresses: readonly number[]): void {
    this.#interfaces = byIndex(interfaces);
    this.#ownAddresses = new Set(ownAddresses);
  }

  /** The longest reply that can be sent. */
  get replyBytesMax(): number {
    return this.#options.socket.slot().length;
  }

  /** Encodes and queues a reply. `asked` is the address that the request was sent to. */
  send(outcome: Reply, asked: number): void {
    const length = this.encode(outcome, this.#options.socket.slot(), 0);
    if (length > 0) this.#queue(length, wayOf(outcome, asked));
  }

  /** Queues a reply that `encode` wrote earlier. */
  sendEncoded(bytes: Uint8Array, way: ReplyWay): void {
    this.#options.socket.slot().set(bytes);
    this.#queue(bytes.length, way);
  }

  #queue(length: number, { destination, asked, messageType, log }: ReplyWay): void {
    const { socket, counters, logger, broadcastAddress } = this.#options;
    counters.countReplied(messageType);
    logPacket(log, logger);
    if (destination.kind === "link" && this.#sendFrame(destination, length)) return;
    this.#queued += 1;
    switch (destination.kind) {
      case "relay":
      case "unicast": {
        const chosen = destination.kind === "unicast" ? destination.source : undefined;
        const source = chosen ?? this.#sourceOf(asked);
        socket.push(length, destination.address, destination.port, source);
        break;
      }
      case "link":
      case "broadcast": {
        const source = this.#addressOf(destination.interfaceIndex);
        // The destination of -s is reached by routes, not through one interface.
        const device = broadcastAddress === limitedBroadcast ? destination.interfaceIndex : 0;
        socket.push(length, broadcastAddress, destination.port, source, device);
        break;
      }
      default:
        unreachable(destination);
    }
  }

  #sendFrame(destination: Extract<Destination, { kind: "link" }>, length: number): boolean {
    const { socket, links, serverPort } = this.#options;
    if (length > framePayloadBytesMax) return false;
    return links.send({
      interfaceIndex: destination.interfaceIndex,
      hardware: destination.hardware,
      source: this.#addressOf(destination.interfaceIndex) ?? 0,
      destination: destination.address,
      sourcePort: serverPort,
      destinationPort: destination.port,
      payload: socket.slot().subarray(0, length),
    });
  }

  /**
   * Writes a reply at `start` of `target`, where there is room for the longest. Returns its length in
   * bytes, or 0 when it cannot be sent because the configuration's values are too long.
   */
  encode({ reply, limits }: Reply, target: Uint8Array, start: number): number {
    const echoed = relayAgentOf(reply)?.length ?? 0;
    const echoedBytes = echoed + 2 * Math.ceil(echoed / 255);
    try {
      if (headerBytes + limits.optionBytesMax + echoedBytes <= this.replyBytesMax) {
        return encodeReply(reply, target, start, limits) - start;
      }
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      this.#options.logger.error(`Cannot send a reply: ${error.message}`);
    }
    this.#options.counters.countDropped("reply-does-not-fit");
    return 0;
  }

  /** A reply comes from the address that was asked, unless that was a broadcast. */
  #sourceOf(asked: number): number | undefined {
    if (asked >>> 24 === loopbackNetwork || this.#ownAddresses.has(asked)) return asked;
    return undefined;
  }

  #addressOf(interfaceIndex: number): number | undefined {
    return this.#interfaces.get(interfaceIndex)?.addresses[0]?.address;
  }

  /** One system call for everything queued. */
  flush(): void {
    if (this.#queued === 0) return;
    this.#options.socket.flush();
    this.#queued = 0;
  }
}

function byIndex(interfaces: readonly LocalInterface[]): ReadonlyMap<number, LocalInterface> {
  return new Map(interfaces.map((one) => [one.index, one]));
}

/** The message type that a reply carries: option 53 comes first in every reply of ours. */
export function typeOf(reply: OutgoingPacket): number {
  const [first] = leadingOf(reply);
  return first?.code === OptionCode.messageType ? (first.value[0] ?? 0) : 0;
}

// Asking a templated reply for `options` makes a list of them all.
function leadingOf(reply: OutgoingPacket): readonly OutgoingOption[] {
  return reply instanceof TemplatedReply ? reply.leading : reply.options;
}

function relayAgentOf(reply: OutgoingPacket): Uint8Array | undefined {
  if (reply instanceof TemplatedReply) return reply.relayAgent;
  const last = reply.options.at(-1);
  return last?.code === OptionCode.relayAgentInformation ? last.value : undefined;
}
