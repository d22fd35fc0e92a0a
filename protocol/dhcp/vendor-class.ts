import { EncodeError } from "../encode-error.ts";
import { formatHex, parseHex } from "../hex.ts";
import { latin1Bytes } from "../latin1.ts";
import {
  areSubOptions,
  decodeSubOptions,
  encodeSubOptions,
  type SubOption,
} from "./sub-options.ts";

/** Capability numbers of a cable modem: TLV 5 of DOCSIS, also in option 125, sub-option 5. */
export const ModemCapability = {
  concatenation: 1,
  docsisVersion: 2,
  fragmentation: 3,
  headerSuppression: 4,
  igmp: 5,
  privacy: 6,
  downstreamSaids: 7,
  upstreamServiceFlows: 8,
  optionalFiltering: 9,
  tapsPerInterval: 10,
  equalizerTaps: 11,
  channelChange: 12,
  ipFilters: 13,
  llcFilters: 14,
  multipleTransmitChannels: 24,
  multipleReceiveChannels: 29,
  ipv6: 39,
} as const;

/** Values of ModemCapability.docsisVersion. */
export const DocsisVersion = { "1.0": 0, "1.1": 1, "2.0": 2, "3.0": 3, "3.1": 4 } as const;

/** Capability numbers of a PacketCable MTA. */
export const MtaCapability = {
  version: 0x01,
  endpoints: 0x02,
  ticketGrantingTicket: 0x03,
  httpDownload: 0x04,
  syslog: 0x05,
  ticketStorage: 0x09,
  codecs: 0x0b,
  silenceSuppression: 0x0c,
  echoCancellation: 0x0d,
  interfaceIndexStart: 0x10,
  supportedFlows: 0x12,
} as const;

/** Option 60 of a DOCSIS or PacketCable device: `docsis3.0:0503…` or `pktc1.0:051f…`. */
export interface CableVendorClass {
  readonly family: "docsis" | "pktc";
  /** `3.0`, `1.5`, … as it is written. */
  readonly version: string;
  /** The part after the colon; undefined when it is empty, as DOCSIS 3.0 allows. */
  readonly capabilities?: readonly SubOption[];
}

const CAPABILITIES = 5;
// The longest TLV 5 in hexadecimal and the text before it.
const VENDOR_CLASS_BYTES_MAX = 600;
const shape = /^(docsis|pktc)(\d\.\d)(?::((?:[0-9a-f]{2})*))?$/i;

/** The value of option 60; capabilities as lower-case hexadecimal text. Throws EncodeError. */
export function buildVendorClass(vendorClass: CableVendorClass): Uint8Array {
  const { family, version, capabilities } = vendorClass;
  if (!/^\d\.\d$/.test(version)) throw new EncodeError(`"${version}" is not a version like 3.0`);
  const text = `${family}${version}:`;
  if (capabilities === undefined) return latin1Bytes(text);
  const value = encodeSubOptions(capabilities);
  return latin1Bytes(text + formatHex(encodeSubOptions([{ code: CAPABILITIES, value }])));
}

/**
 * Reads option 60 of a cable device. Undefined for any other vendor class, and when the capabilities are
 * not one whole TLV 5: half a string is not guessed at.
 */
export function parseVendorClass(bytes: Uint8Array): CableVendorClass | undefined {
  const match = shape.exec(String.fromCharCode(...bytes.subarray(0, VENDOR_CLASS_BYTES_MAX)));
  if (match === null || bytes.length > VENDOR_CLASS_BYTES_MAX) return undefined;
  const family = match[1].toLowerCase() === "pktc" ? "pktc" : "docsis";
  const version = match[2];
  const tlv = parseHex(match[3] ?? "");
  if (tlv === undefined || tlv.length === 0) return { family, version };
  if (tlv.length < 2 || tlv[0] !== CAPABILITIES || tlv[1] !== tlv.length - 2) return undefined;
  const elements = tlv.subarray(2);
  if (!areSubOptions(elements)) return undefined;
  return { family, version, capabilities: decodeSubOptions(elements) };
}
