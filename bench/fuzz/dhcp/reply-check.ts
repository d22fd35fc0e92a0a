import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import {
  BootOperation,
  type DhcpPacket,
  decodePacket,
  messageType,
} from "../../../protocol/dhcp/packet.ts";
import { type CheckedReply, checkedReply } from "../campaign/checks.ts";
import { readEverything, type ValueTally } from "./packet-reader.ts";

const replyTypes: readonly number[] = [MessageType.offer, MessageType.ack, MessageType.nak];
/** Echoes of the client's or its relay's options (RFC 3046, RFC 6842), good or bad. */
const echoedOptions: readonly number[] = [
  OptionCode.relayAgentInformation,
  OptionCode.clientIdentifier,
];

/**
 * Reads a datagram of the server strictly: it must decode, be a reply of a known type to a request
 * that was sent, and have no option that its own decoder refuses, unless it is an echo.
 */
export function checkReply(
  bytes: Uint8Array,
  isKnownXid: (xid: number) => boolean,
  tally: ValueTally,
): CheckedReply<DhcpPacket> {
  return checkedReply(() => {
    const packet = decodePacket(bytes);
    const problem = problemOf(packet, readEverything(packet, tally), isKnownXid);
    return problem === undefined ? { kind: "good", packet } : { kind: "bad", problem };
  });
}

function problemOf(
  packet: DhcpPacket,
  refused: readonly number[],
  isKnownXid: (xid: number) => boolean,
): string | undefined {
  const type = messageType(packet);
  if (packet.op !== BootOperation.reply) return `op is ${packet.op}`;
  if (!replyTypes.includes(type)) return `the message type is ${type}`;
  if (!packet.options.has(OptionCode.serverIdentifier)) return "the server identifier is missing";
  if (!isKnownXid(packet.xid)) return `transaction ${packet.xid} was never asked for`;
  if (type === MessageType.offer && packet.yiaddr === 0) return "an OFFER of no address";
  const faulty = refused.find((code) => !echoedOptions.includes(code));
  return faulty === undefined ? undefined : `the value of option ${faulty} does not decode`;
}

/** The latest transaction ids sent: a server may answer these, and their number is bounded. */
export class RecentXids {
  readonly #capacity: number;
  readonly #xids = new Set<number>();
  /** Goes on where it was: a new one would step over every id that was deleted. */
  readonly #oldestFirst = this.#xids.values();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(xid: number): void {
    this.#xids.delete(xid);
    this.#xids.add(xid);
    if (this.#xids.size > this.#capacity) this.#xids.delete(this.#oldestFirst.next().value!);
  }

  has(xid: number): boolean {
    return this.#xids.has(xid);
  }
}
