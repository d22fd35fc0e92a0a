import { BootOperation, COOKIE, Offset } from "../../protocol/dhcp/header.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { readIpv4, writeIpv4 } from "../../protocol/ipv4.ts";

/** The parts of an answer that do not come from its request. */
export interface AnswerTerms {
  readonly serverIdentifier: number;
  readonly leaseSeconds: number;
}

const MESSAGE_BYTES_MIN = 300;
/** Hosts of a network before its first device, which the simulator's population leaves free. */
const FIRST_HOST = 16;

/**
 * Writes the answer to a request to the start of `target` and returns its length: an OFFER to a
 * DISCOVER, an ACK to a REQUEST, with option 82 echoed; 0 for anything else. Keeps no state: the
 * address is ciaddr, or the relay's network plus the last three bytes of chaddr, so that the devices of one
 * CMTS have different ones.
 */
export function writeAnswer(request: Uint8Array, terms: AnswerTerms, target: Uint8Array): number {
  const { length } = request;
  if (length < Offset.options || request[Offset.op] !== BootOperation.request) return 0;
  if (readIpv4(request, Offset.cookie) !== COOKIE) return 0;
  let type = 0;
  let relayStart = -1;
  let at: number = Offset.options;
  while (at < length) {
    const code = request[at];
    if (code === OptionCode.end) break;
    if (code === OptionCode.pad) {
      at += 1;
      continue;
    }
    const next = at + 2 + (request[at + 1] ?? 0);
    if (next > length) return 0;
    if (code === OptionCode.messageType) type = request[at + 2];
    else if (code === OptionCode.relayAgentInformation) relayStart = at;
    at = next;
  }
  if (type !== MessageType.discover && type !== MessageType.request) return 0;

  for (let i = 0; i < Offset.options; i += 1) target[i] = request[i];
  target[Offset.op] = BootOperation.reply;
  target[Offset.hops] = 0;
  writeIpv4(target, Offset.yiaddr, addressFor(request));
  let end: number = Offset.options;
  target[end] = OptionCode.messageType;
  target[end + 1] = 1;
  target[end + 2] = type === MessageType.discover ? MessageType.offer : MessageType.ack;
  end = writeNumber(target, end + 3, OptionCode.serverIdentifier, terms.serverIdentifier);
  end = writeNumber(target, end, OptionCode.leaseTime, terms.leaseSeconds);
  if (relayStart >= 0) {
    const relayEnd = relayStart + 2 + request[relayStart + 1];
    for (let i = relayStart; i < relayEnd; i += 1) target[end++] = request[i];
  }
  target[end++] = OptionCode.end;
  while (end < MESSAGE_BYTES_MIN) target[end++] = OptionCode.pad;
  return end;
}

function addressFor(request: Uint8Array): number {
  const ciaddr = readIpv4(request, Offset.ciaddr);
  if (ciaddr !== 0) return ciaddr;
  const unit =
    (request[Offset.chaddr + 3] << 16) |
    (request[Offset.chaddr + 4] << 8) |
    request[Offset.chaddr + 5];
  // A relay is the first host of its network.
  return (readIpv4(request, Offset.giaddr) - 1 + FIRST_HOST + unit) >>> 0;
}

function writeNumber(target: Uint8Array, at: number, code: number, value: number): number {
  target[at] = code;
  target[at + 1] = 4;
  writeIpv4(target, at + 2, value);
  return at + 6;
}
