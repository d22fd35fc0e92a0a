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

/** The latest transaction ids sent: a bounded memory of what may be answered. */
export class RecentXids {
  readonly #ring: Uint32Array;
  readonly #counts = new Map<number, number>();
  #next = 0;
  #size = 0;

  constructor(capacity: number) {
    this.#ring = new Uint32Array(capacity);
  }

  add(xid: number): void {
    if (this.#size === this.#ring.length) this.#forget(this.#ring[this.#next]);
    else this.#size += 1;
    this.#ring[this.#next] = xid;
    this.#next = (this.#next + 1) % this.#ring.length;
    this.#counts.set(xid, (this.#counts.get(xid) ?? 0) + 1);
  }

  has(xid: number): boolean {
    return this.#counts.has(xid);
  }

  #forget(xid: number): void {
    const count = this.#counts.get(xid)! - 1;
    if (count === 0) this.#counts.delete(xid);
    else this.#counts.set(xid, count);
  }
}
