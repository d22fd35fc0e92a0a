import { DecodeError } from "../decode-error.ts";
import { readIpv4, writeIpv4 } from "../ipv4.ts";
import {
  areSubOptions,
  decodeSubOptions,
  encodeSubOptions,
  findSubOption,
  type SubOption,
} from "./sub-options.ts";
import { decodeVendorClasses, encodeVendorClasses, type VendorClass } from "./vendor.ts";

/** Sub-option numbers of option 82 (RFC 3046, 3256, 3527, 4243, 5107, 8357). */
export const RelayAgentCode = {
  circuitId: 1,
  remoteId: 2,
  deviceClass: 4,
  linkSelection: 5,
  vendorInformation: 9,
  serverIdentifierOverride: 11,
  relaySourcePort: 19,
} as const;

/** Option 82 as a CMTS writes it (RFC 3046). Byte values are views of what was decoded. */
export interface RelayAgentInformation {
  readonly circuitId?: Uint8Array;
  /** The cable modem's hardware address, 6 bytes, for the modem and all devices behind it. */
  readonly remoteId?: Uint8Array;
  /** DOCSIS device class (RFC 3256): a 32-bit set, bit 0 is "CPE controlled cable modem". */
  readonly deviceClass?: number;
  /** An address of the client's subnet, which beats giaddr (RFC 3527). */
  readonly linkSelection?: number;
  /** Sub-option 9 (RFC 4243), which has the layout of option 124. */
  readonly vendorInformation?: readonly VendorClass[];
  /** The relay does not use port 67: send the answer to its source port (RFC 8357). */
  readonly relaySourcePort?: boolean;
  /** All other sub-options, in the order of appearance. */
  readonly unknown: readonly SubOption[];
}

/** Whether the bytes are whole sub-options: RFC 3046 has neither pads nor an end marker. */
export function isRelayAgentInformation(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  return end > start && areSubOptions(bytes, start, end);
}

/** The first sub-option with this code, as a view; undefined when there is none. */
export function subOption(bytes: Uint8Array, code: number): Uint8Array | undefined {
  return findSubOption(bytes, code);
}

/**
 * Throws DecodeError unless the sub-options fill the bytes and those with a fixed length have it. A
 * second instance of a known sub-option is kept in `unknown`.
 */
export function decodeRelayAgent(bytes: Uint8Array): RelayAgentInformation {
  const information: {
    -readonly [Key in keyof RelayAgentInformation]: RelayAgentInformation[Key];
  } = { unknown: [] };
  const unknown: SubOption[] = [];
  for (const element of decodeSubOptions(bytes)) {
    const { code, value } = element;
    const offset = value.byteOffset - bytes.byteOffset;
    if (code === RelayAgentCode.circuitId && information.circuitId === undefined) {
      information.circuitId = value;
    } else if (code === RelayAgentCode.remoteId && information.remoteId === undefined) {
      information.remoteId = value;
    } else if (code === RelayAgentCode.deviceClass && information.deviceClass === undefined) {
      information.deviceClass = uint32(value, offset);
    } else if (code === RelayAgentCode.linkSelection && information.linkSelection === undefined) {
      information.linkSelection = uint32(value, offset);
    } else if (
      code === RelayAgentCode.vendorInformation &&
      information.vendorInformation === undefined
    ) {
      information.vendorInformation = decodeVendorClasses(value);
    } else if (
      code === RelayAgentCode.relaySourcePort &&
      information.relaySourcePort === undefined
    ) {
      if (value.length !== 0) throw new DecodeError("bad-option-length", offset);
      information.relaySourcePort = true;
    } else {
      unknown.push(element);
    }
  }
  information.unknown = unknown;
  return information;
}

/** Writes sub-options in the order of their codes, the unknown ones last and unchanged. */
export function encodeRelayAgent(information: RelayAgentInformation): Uint8Array {
  const { circuitId, remoteId, deviceClass, linkSelection, vendorInformation } = information;
  const elements: SubOption[] = [];
  if (circuitId !== undefined) elements.push({ code: RelayAgentCode.circuitId, value: circuitId });
  if (remoteId !== undefined) elements.push({ code: RelayAgentCode.remoteId, value: remoteId });
  if (deviceClass !== undefined) {
    elements.push({ code: RelayAgentCode.deviceClass, value: fourBytes(deviceClass) });
  }
  if (linkSelection !== undefined) {
    elements.push({ code: RelayAgentCode.linkSelection, value: fourBytes(linkSelection) });
  }
  if (vendorInformation !== undefined) {
    const value = encodeVendorClasses(vendorInformation);
    elements.push({ code: RelayAgentCode.vendorInformation, value });
  }
  if (information.relaySourcePort === true) {
    elements.push({ code: RelayAgentCode.relaySourcePort, value: new Uint8Array(0) });
  }
  return encodeSubOptions([...elements, ...information.unknown]);
}

function uint32(value: Uint8Array, offset: number): number {
  if (value.length !== 4) throw new DecodeError("bad-option-length", offset);
  return readIpv4(value, 0);
}

function fourBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeIpv4(bytes, 0, value);
  return bytes;
}
