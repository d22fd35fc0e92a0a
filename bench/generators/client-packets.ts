import { Offset } from "../../protocol/dhcp/header.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { RelayAgentCode } from "../../protocol/dhcp/relay-agent.ts";
import { encodeSubOptions } from "../../protocol/dhcp/sub-options.ts";
import { writeIpv4 } from "../../protocol/ipv4.ts";
import { encodedPacket } from "./encoded-packet.ts";

/** The REQUEST of a modem in RENEWING (RFC 2131, table 4), as it is sent from `address`. */
export function renewal(mac: Uint8Array, address: number, xid: number): Uint8Array {
  const options = [
    { code: OptionCode.messageType, value: Uint8Array.of(MessageType.request) },
    { code: OptionCode.clientIdentifier, value: Uint8Array.of(1, ...mac) },
  ];
  return encodedPacket({ xid, ciaddr: address, chaddr: mac, options });
}

/** Writes relayed DISCOVERs of modems that no server knows, one after the other. */
export class StrangerPackets {
  readonly #template: Uint8Array;
  /** Where the template has the modem's MAC address: chaddr and remote-id. */
  readonly #macOffsets: readonly number[];
  readonly #giaddrs: readonly number[];
  #count = 0;

  /** `giaddrs`: of the relays that forward them, in turns. */
  constructor(giaddrs: readonly number[]) {
    this.#giaddrs = giaddrs;
    const information = encodeSubOptions([
      { code: RelayAgentCode.circuitId, value: Uint8Array.of(0, 0, 0, 9) },
      { code: RelayAgentCode.remoteId, value: strangerMac },
    ]);
    const options = [
      { code: OptionCode.messageType, value: Uint8Array.of(MessageType.discover) },
      { code: OptionCode.vendorClassIdentifier, value: new TextEncoder().encode("docsis3.0:") },
      { code: OptionCode.parameterRequestList, value: Uint8Array.of(1, 3, 2, 4, 7, 66, 67) },
      { code: OptionCode.relayAgentInformation, value: information },
    ];
    this.#template = encodedPacket({ chaddr: strangerMac, hops: 1, options });
    this.#macOffsets = occurrences(this.#template, strangerMac);
  }

  /** Each modem asks once; they begin again after 2^24. Returns the length and where it leaves from. */
  writeNext(target: Uint8Array): { readonly length: number; readonly giaddr: number } {
    const modem = this.#count & 0xff_ffff;
    const giaddr = this.#giaddrs[this.#count % this.#giaddrs.length];
    target.set(this.#template);
    writeIpv4(target, Offset.xid, this.#count >>> 0);
    writeIpv4(target, Offset.giaddr, giaddr);
    for (const offset of this.#macOffsets) {
      target[offset + 3] = modem >>> 16;
      target[offset + 4] = modem >>> 8;
      target[offset + 5] = modem;
    }
    this.#count += 1;
    return { length: this.#template.length, giaddr };
  }
}

// Locally administered, and of no kind of device that a population has.
const strangerMac = Uint8Array.of(0x02, 0x50, 0, 0, 0, 0);

function occurrences(bytes: Uint8Array, part: Uint8Array): readonly number[] {
  const found: number[] = [];
  for (let at = 0; at + part.length <= bytes.length; at += 1) {
    if (part.every((byte, index) => bytes[at + index] === byte)) found.push(at);
  }
  return found;
}
