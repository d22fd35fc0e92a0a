import { fixedOptionLengths } from "../../protocol/dhcp/fixed-lengths.ts";
import { COOKIE, Offset } from "../../protocol/dhcp/header.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import type { OptionList } from "../../protocol/dhcp/option-list.ts";
import { BootOperation, type DhcpPacket, decodePacket } from "../../protocol/dhcp/packet.ts";
import { isRelayAgentInformation } from "../../protocol/dhcp/relay-agent.ts";

/** The parts of a reply that a device and its relay read. A decoded packet is a Reply, too. */
export interface Reply
  extends Pick<DhcpPacket, "op" | "xid" | "ciaddr" | "yiaddr" | "giaddr" | "chaddr" | "bytes"> {
  readonly options: Pick<OptionList, "get" | "getUInt8" | "getUInt32">;
}

const ETHERNET_BYTES = 6;
const MESSAGE_BYTES_MIN = Offset.options + 1;
const OPTION_BYTES_MAX = 255;

// By option: the length that the decoder demands; 0 is any length, LEAVE_IT none. The decoder reads replies
// with another length, and all others that are not plain.
const LEAVE_IT = -1;
const lengthOf = Int16Array.from(fixedOptionLengths);
lengthOf[OptionCode.overload] = LEAVE_IT;

/**
 * Reads plain replies without garbage: one walk over the options notes where each of them is, and a value is
 * decoded only when somebody asks for it. The ordinary decoder reads everything else (overloaded fields, an
 * option in several instances, anything wrong). The reply and its values are good until the next `read`.
 */
export class ReplyReader {
  readonly #plain = new PlainReply();

  /** Throws DecodeError exactly when `decodePacket` does. */
  read(bytes: Uint8Array): Reply {
    return this.#plain.read(bytes) ? this.#plain : decodePacket(bytes);
  }
}

class PlainReply implements Reply {
  readonly options = this;
  bytes: Uint8Array = new Uint8Array(0);
  /** By code: where the option begins, if it was met in the reply of this `#stamp`. */
  readonly #offsetOf = new Uint16Array(256);
  readonly #stampOf = new Float64Array(256);
  #stamp = 0;
  readonly #chaddr = new Uint8Array(ETHERNET_BYTES);
  readonly #value = new Uint8Array(OPTION_BYTES_MAX);
  /** By length: the first bytes of `#value`. */
  readonly #valueViews: Uint8Array[] = Array.from({ length: OPTION_BYTES_MAX + 1 }, (_, length) =>
    this.#value.subarray(0, length),
  );

  /** False: leave it to the decoder. */
  read(bytes: Uint8Array): boolean {
    const { length } = bytes;
    if (length < MESSAGE_BYTES_MIN || length > 0xffff) return false;
    if (bytes[Offset.op] !== BootOperation.reply) return false;
    if (bytes[Offset.hlen] !== ETHERNET_BYTES || numberAt(bytes, Offset.cookie) !== COOKIE) {
      return false;
    }
    this.bytes = bytes;
    this.#stamp += 1;
    return this.#noteOptions(bytes, length) && this.#hasPlainValues();
  }

  get op(): number {
    return this.bytes[Offset.op];
  }
  get xid(): number {
    return numberAt(this.bytes, Offset.xid);
  }
  get ciaddr(): number {
    return numberAt(this.bytes, Offset.ciaddr);
  }
  get yiaddr(): number {
    return numberAt(this.bytes, Offset.yiaddr);
  }
  get giaddr(): number {
    return numberAt(this.bytes, Offset.giaddr);
  }
  get chaddr(): Uint8Array {
    const chaddr = this.#chaddr;
    for (let i = 0; i < ETHERNET_BYTES; i += 1) chaddr[i] = this.bytes[Offset.chaddr + i];
    return chaddr;
  }

  get(code: number): Uint8Array | undefined {
    if (this.#stampOf[code] !== this.#stamp) return undefined;
    const { bytes } = this;
    const offset = this.#offsetOf[code];
    const view = this.#valueViews[bytes[offset + 1]];
    for (let i = 0; i < view.length; i += 1) view[i] = bytes[offset + 2 + i];
    return view;
  }

  getUInt8(code: number): number | undefined {
    if (this.#stampOf[code] !== this.#stamp) return undefined;
    const offset = this.#offsetOf[code];
    return this.bytes[offset + 1] === 1 ? this.bytes[offset + 2] : undefined;
  }

  getUInt32(code: number): number | undefined {
    if (this.#stampOf[code] !== this.#stamp) return undefined;
    const offset = this.#offsetOf[code];
    return this.bytes[offset + 1] === 4 ? numberAt(this.bytes, offset + 2) : undefined;
  }

  #noteOptions(bytes: Uint8Array, length: number): boolean {
    let at: number = Offset.options;
    while (at < length) {
      const code = bytes[at];
      if (code === OptionCode.end) return true;
      if (code === OptionCode.pad) {
        at += 1;
        continue;
      }
      const next = at + 2 + bytes[at + 1];
      const wanted = lengthOf[code];
      if (!(next <= length) || this.#stampOf[code] === this.#stamp) return false;
      if (wanted !== 0 && bytes[at + 1] !== wanted) return false;
      this.#stampOf[code] = this.#stamp;
      this.#offsetOf[code] = at;
      at = next;
    }
    return false;
  }

  #hasPlainValues(): boolean {
    if (this.getUInt8(OptionCode.messageType) === 0) return false;
    const information = this.get(OptionCode.relayAgentInformation);
    return information === undefined || isRelayAgentInformation(information);
  }
}

function numberAt(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] << 24) |
      (bytes[offset + 1] << 16) |
      (bytes[offset + 2] << 8) |
      bytes[offset + 3]) >>>
    0
  );
}
