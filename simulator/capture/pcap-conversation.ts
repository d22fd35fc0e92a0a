import { DecodeError } from "../../protocol/decode-error.ts";
import { Offset } from "../../protocol/dhcp/header.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import {
  BootOperation,
  type DhcpPacket,
  decodePacket,
  messageType,
} from "../../protocol/dhcp/packet.ts";
import { formatMac } from "../../protocol/mac.ts";
import { type CapturedContent, datagramOf } from "../../protocol/pcap/captured-datagram.ts";
import type { CapturedFrame } from "../../protocol/pcap/captured-frame.ts";
import type { MessageShape } from "../../scenarios/population/captured-persona.ts";

/** One message of a device; `bytes` is a view of the capture. */
export interface ClientMessage {
  readonly atMs: number;
  readonly bytes: Uint8Array;
  /** `inform` is seen, but no device plays it. */
  readonly shape: MessageShape | "inform";
  readonly xid: number;
  readonly secs: number;
  /** Captured behind a relay agent, which has changed hops and giaddr and may have added option 82. */
  readonly isRelayed: boolean;
}

/** Frames of a capture that belong to no device's conversation. */
export type LeftOut = ReturnType<typeof nothingLeftOut>;

function nothingLeftOut() {
  return {
    fragments: 0,
    /** The capture kept less than the whole frame. */
    cut: 0,
    unknownLinks: 0,
    /** On DHCP's ports, but malformed or no DHCP message. */
    malformed: 0,
    /** From hardware that is not Ethernet. */
    otherHardware: 0,
  };
}

export interface CaptureSurvey {
  /** By MAC, as text; messages in the order of the capture. */
  readonly devices: ReadonlyMap<string, readonly ClientMessage[]>;
  readonly leftOut: Readonly<LeftOut>;
}

export const DHCP_SERVER_PORT = 67;
const ETHERNET = 1;
const MAC_BYTES = 6;

/**
 * Finds the devices that ask for addresses in a capture, on the servers' port and the next one. Throws
 * CaptureError when the frames come from an incomplete file.
 */
export function surveyCapture(
  frames: Iterable<CapturedFrame>,
  serverPort = DHCP_SERVER_PORT,
): CaptureSurvey {
  const devices = new Map<string, ClientMessage[]>();
  const leftOut = nothingLeftOut();
  const isDhcp = (port: number): boolean => port === serverPort || port === serverPort + 1;
  for (const frame of frames) {
    const content = datagramOf(frame);
    const reason = reasonOf(content);
    if (reason !== undefined) leftOut[reason] += 1;
    if (content.kind !== "datagram" || !isDhcp(content.destinationPort)) continue;
    const packet = tryDecode(content.payload);
    if (packet === undefined) leftOut.malformed += 1;
    if (packet?.op !== BootOperation.request) continue;
    if (packet.htype !== ETHERNET || packet.hlen !== MAC_BYTES) {
      leftOut.otherHardware += 1;
      continue;
    }
    const shape = shapeOf(packet);
    if (shape === undefined) continue;
    const mac = formatMac(packet.chaddr);
    const messages = devices.get(mac) ?? [];
    if (messages.length === 0) devices.set(mac, messages);
    messages.push({
      atMs: frame.atMs,
      bytes: content.payload,
      shape,
      xid: packet.xid,
      secs: packet.secs,
      isRelayed: packet.giaddr !== 0,
    });
  }
  return { devices, leftOut };
}

function reasonOf(content: CapturedContent): keyof LeftOut | undefined {
  if (content.kind === "fragment") return "fragments";
  if (content.kind === "cut") return "cut";
  return content.kind === "unknown-link" ? "unknownLinks" : undefined;
}

function tryDecode(bytes: Uint8Array): DhcpPacket | undefined {
  try {
    return decodePacket(bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return undefined;
  }
}

/** Tells REQUESTs apart by RFC 2131 section 4.3.2; undefined for a message that no client sends. */
function shapeOf(packet: DhcpPacket): ClientMessage["shape"] | undefined {
  switch (messageType(packet)) {
    case MessageType.discover:
      return "discover";
    case MessageType.request:
      if (packet.options.has(OptionCode.serverIdentifier)) return "request-selecting";
      return packet.ciaddr === 0 ? "request-rebooting" : "request-extending";
    case MessageType.decline:
      return "decline";
    case MessageType.release:
      return "release";
    case MessageType.inform:
      return "inform";
    default:
      return undefined;
  }
}

/** An option as on the wire: instances are not joined (RFC 3396), and padding is an option of code 0. */
interface WireOption {
  readonly code: number;
  readonly value: Uint8Array;
}

/** The options field of a message that a decoder has accepted; `end` is the offset of its End. */
export function wireOptions(bytes: Uint8Array): {
  readonly options: readonly WireOption[];
  readonly end: number;
} {
  const options: WireOption[] = [];
  let at: number = Offset.options;
  while (at < bytes.length && bytes[at] !== OptionCode.end) {
    const code = bytes[at];
    const isPad = code === OptionCode.pad;
    const next = isPad ? at + 1 : at + 2 + bytes[at + 1];
    options.push({ code, value: isPad ? bytes.subarray(at, at) : bytes.subarray(at + 2, next) });
    at = next;
  }
  return { options, end: at };
}
