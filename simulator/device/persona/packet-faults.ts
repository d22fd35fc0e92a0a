import { Offset } from "../../../protocol/dhcp/header.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { PacketFault } from "./behaviours.ts";

/** Where a message ends: its End option, how far it is filled, and how much of it is sent at most. */
export interface MessageEnd {
  /** Where the End option is; a relay adds its option there. */
  endOffset: number;
  length: number;
  /** Bytes beyond this are not sent, whatever the relay has added. */
  lengthMax: number;
}

/** A fault depends on these besides the message. */
interface FaultContext {
  /** Boots of the device so far. */
  readonly boots: number;
  /** Transmissions of the same message before this one. */
  readonly attempt: number;
}

/** Leaves room for the relay's option in an Ethernet frame, which carries 1500 - 28 octets. */
export const GIANT_BYTES = 1440;
/** For private use (RFC 3942 section 4): no server knows it. */
const FILLER_OPTION = 224;
const FILLER_BYTES_MAX = 255;
const MESSAGE_BYTES_MIN = 300;
const BOOT_COUNT_BYTES = 2;
const RELAY_OPTION_PART = 5;

type Spoil = (bytes: Uint8Array, end: MessageEnd, context: FaultContext) => void;

const spoilers: Readonly<Record<PacketFault, Spoil>> = {
  none: () => {},
  "swapped-secs": swapSecs,
  giant: fill,
  "no-client-id": removeClientId,
  "changing-client-id": changeClientId,
  malformed: malform,
};

/** Spoils a finished message of a device, in place. */
export function spoil(
  fault: PacketFault,
  bytes: Uint8Array,
  end: MessageEnd,
  context: FaultContext,
): void {
  spoilers[fault](bytes, end, context);
}

/** The clients that dhcpd's `secs` heuristics exist for: 1 s is sent as 256. */
function swapSecs(bytes: Uint8Array): void {
  const high = bytes[Offset.secs];
  bytes[Offset.secs] = bytes[Offset.secs + 1];
  bytes[Offset.secs + 1] = high;
}

function fill(bytes: Uint8Array, end: MessageEnd): void {
  let at = end.endOffset;
  while (at < GIANT_BYTES - 3) {
    const value = Math.min(FILLER_BYTES_MAX, GIANT_BYTES - 3 - at);
    bytes[at] = FILLER_OPTION;
    bytes[at + 1] = value;
    bytes.fill(0x5a, at + 2, at + 2 + value);
    at += 2 + value;
  }
  bytes[at] = OptionCode.end;
  end.endOffset = at;
  end.length = at + 1;
}

function removeClientId(bytes: Uint8Array, end: MessageEnd): void {
  const at = offsetOf(bytes, OptionCode.clientIdentifier);
  if (at < 0) return;
  const removed = 2 + bytes[at + 1];
  bytes.copyWithin(at, at + removed, end.endOffset + 1);
  end.endOffset -= removed;
  end.length = Math.max(MESSAGE_BYTES_MIN, end.endOffset + 1);
  bytes.fill(0, end.endOffset + 1, end.length);
}

/**
 * Type 0, which is no hardware address (RFC 2132 section 9.14), then two octets that count the boots, then
 * the whole MAC, because no other device may have the same identifier.
 */
function changeClientId(bytes: Uint8Array, end: MessageEnd, { boots }: FaultContext): void {
  const at = offsetOf(bytes, OptionCode.clientIdentifier);
  if (at < 0) return;
  bytes.copyWithin(at + 3 + BOOT_COUNT_BYTES, at + 3, end.endOffset + 1);
  bytes[at + 1] += BOOT_COUNT_BYTES;
  bytes[at + 2] = 0;
  bytes[at + 3] = boots >>> 8;
  bytes[at + 4] = boots;
  end.endOffset += BOOT_COUNT_BYTES;
  end.length = Math.max(end.length, end.endOffset + 1);
}

/** Spoils the first copy only. Boots take turns: an option longer than the packet, or a packet cut inside one. */
function malform(bytes: Uint8Array, end: MessageEnd, { attempt, boots }: FaultContext): void {
  if (attempt > 0) return;
  const last = lastOption(bytes);
  if (boots % 2 === 1) {
    bytes[last + 1] = FILLER_BYTES_MAX;
    end.length = end.endOffset + 1;
    return;
  }
  // Behind a relay the cut is in the relay's own option, else in the device's last.
  end.lengthMax = end.endOffset + RELAY_OPTION_PART;
  end.length = last + 3;
}

/** Where an option of a well-formed message begins; -1 when it has none. */
function offsetOf(bytes: Uint8Array, code: number): number {
  let at: number = Offset.options;
  while (bytes[at] !== OptionCode.end) {
    if (bytes[at] === code) return at;
    at += 2 + bytes[at + 1];
  }
  return -1;
}

function lastOption(bytes: Uint8Array): number {
  let last: number = Offset.options;
  for (let at = last; bytes[at] !== OptionCode.end; at += 2 + bytes[at + 1]) last = at;
  return last;
}
