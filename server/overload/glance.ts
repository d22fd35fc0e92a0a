import { OptionCode } from "../../protocol/dhcp/option-code.ts";

/** A few fields of a datagram, read without decoding it. */
export interface Glance {
  /** The DHCP message type; 0 when it is not among the first options (BOOTP, or no DHCP at all). */
  type: number;
  /** ciaddr is set: the client has an address and uses it. */
  isAddressed: boolean;
  hardwareType: number;
  /** chaddr, in a buffer that the next glance overwrites; undefined when there is none. */
  address: Uint8Array | undefined;
}

/** Places in the BOOTP header (RFC 2131, section 2). */
const At = { hardwareType: 1, hardwareLength: 2, ciaddr: 12, chaddr: 28, options: 240 } as const;
const chaddrBytes = 16;
/** Clients put the message type first, or nearly so. */
const optionsMax = 8;

/** One buffer for each length, so that a glance leaves no garbage. */
const addresses = Array.from({ length: chaddrBytes + 1 }, (_, length) => new Uint8Array(length));

/** Never throws, whatever the bytes are. */
export function glanceAt(bytes: Uint8Array, glance: Glance): void {
  glance.type = 0;
  glance.isAddressed = false;
  glance.address = undefined;
  if (bytes.length < At.options) return;
  glance.type = messageTypeIn(bytes);
  for (let at = At.ciaddr; at < At.ciaddr + 4; at += 1) {
    if (bytes[at] !== 0) glance.isAddressed = true;
  }
  const length = bytes[At.hardwareLength];
  if (length === 0 || length > chaddrBytes) return;
  const address = addresses[length];
  for (let at = 0; at < length; at += 1) address[at] = bytes[At.chaddr + at];
  glance.hardwareType = bytes[At.hardwareType];
  glance.address = address;
}

function messageTypeIn(bytes: Uint8Array): number {
  let at: number = At.options;
  for (let seen = 0; seen < optionsMax && at + 2 < bytes.length; seen += 1) {
    const code = bytes[at];
    if (code === OptionCode.messageType) return bytes[at + 2];
    if (code === OptionCode.end) return 0;
    at += code === OptionCode.pad ? 1 : 2 + bytes[at + 1];
  }
  return 0;
}
