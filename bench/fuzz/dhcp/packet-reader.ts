import { DecodeError } from "../../../protocol/decode-error.ts";
import { FILE_BYTES, SNAME_BYTES } from "../../../protocol/dhcp/header.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { decodeValue, optionDefinitions } from "../../../protocol/dhcp/option-table.ts";
import { type DhcpPacket, messageType } from "../../../protocol/dhcp/packet.ts";
import { decodeSubOptions } from "../../../protocol/dhcp/sub-options.ts";
import {
  decodeEncapsulated,
  decodeVendorClasses,
  decodeVendorOptions,
} from "../../../protocol/dhcp/vendor.ts";
import { parseVendorClass } from "../../../protocol/dhcp/vendor-class.ts";
import { checkNumber } from "../campaign/checks.ts";

/** How many option values their decoders took and refused. */
export interface ValueTally {
  decoded: number;
  rejected: number;
}

type ValueDecoder = (bytes: Uint8Array) => unknown;

/** Every decoder that an option has: by the type in the option table, and by its own structure. */
const decodersByCode = new Map<number, ValueDecoder[]>();
for (const { space, code, type } of optionDefinitions) {
  if (space === "dhcp") decodersByCode.set(code, [(bytes) => decodeValue(type, bytes)]);
}
for (const [code, decode] of [
  [OptionCode.relayAgentInformation, decodeSubOptions],
  [OptionCode.cablelabsClientConfiguration, decodeSubOptions],
  [OptionCode.vendorEncapsulatedOptions, decodeEncapsulated],
  [OptionCode.vendorClass, decodeVendorClasses],
  [OptionCode.vendorOptions, decodeVendorOptions],
  [OptionCode.vendorClassIdentifier, parseVendorClass],
] as readonly (readonly [number, ValueDecoder])[]) {
  decodersByCode.set(code, [...(decodersByCode.get(code) ?? []), decode]);
}

const fieldLimits = [
  ...(["op", "htype", "hops"] as const).map((field) => [field, 0xff] as const),
  ...(["secs", "flags"] as const).map((field) => [field, 0xffff] as const),
  ...(["xid", "ciaddr", "yiaddr", "siaddr", "giaddr"] as const).map(
    (field) => [field, 0xffff_ffff] as const,
  ),
];

/**
 * Reads everything in a decoded packet, as a careless program would. Throws Error when a field is not
 * what its type says; anything else thrown is a fault of a decoder. Values that their decoders refuse are
 * counted, and their options returned.
 */
export function readEverything(packet: DhcpPacket, tally: ValueTally): readonly number[] {
  for (const [field, max] of fieldLimits) checkNumber(field, packet[field], max);
  checkNumber("the message type", messageType(packet), 0xff);
  checkNumber("the length of sname", packet.sname.length, SNAME_BYTES);
  checkNumber("the length of file", packet.file.length, FILE_BYTES);
  if (packet.chaddr.length !== packet.hlen) {
    throw new Error(`chaddr has ${packet.chaddr.length} bytes, hlen says ${packet.hlen}`);
  }
  return readOptions(packet, tally);
}

const NONE: readonly number[] = [];

function readOptions(packet: DhcpPacket, tally: ValueTally): readonly number[] {
  let refused: number[] | undefined;
  for (const code of packet.options.codes()) {
    const value = packet.options.get(code);
    if (value === undefined) throw new Error(`option ${code} is listed and has no value`);
    for (const decode of decodersByCode.get(code) ?? []) {
      if (isDecodable(decode, value)) {
        tally.decoded += 1;
      } else {
        tally.rejected += 1;
        refused ??= [];
        refused.push(code);
      }
    }
  }
  return refused ?? NONE;
}

function isDecodable(decode: ValueDecoder, value: Uint8Array): boolean {
  try {
    decode(value);
    return true;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return false;
  }
}
