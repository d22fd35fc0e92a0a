import { DecodeError } from "../../protocol/decode-error.ts";
import { FILE_BYTES, SNAME_BYTES } from "../../protocol/dhcp/header.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { decodeValue, optionDefinitions } from "../../protocol/dhcp/option-table.ts";
import { type DhcpPacket, messageType } from "../../protocol/dhcp/packet.ts";
import { decodeSubOptions } from "../../protocol/dhcp/sub-options.ts";
import {
  decodeEncapsulated,
  decodeVendorClasses,
  decodeVendorOptions,
} from "../../protocol/dhcp/vendor.ts";
import { parseVendorClass } from "../../protocol/dhcp/vendor-class.ts";

/** What the decoders of the options' values made of them. */
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

/**
 * Reads everything in a decoded packet, as a careless program would. Throws Error when a field is not
 * what its type says; whatever else comes out is a fault of a decoder. Values that their decoders
 * refuse are counted and their options returned.
 */
export function readEverything(packet: DhcpPacket, tally: ValueTally): readonly number[] {
  checkNumber("op", packet.op, 0xff);
  checkNumber("htype", packet.htype, 0xff);
  checkNumber("hops", packet.hops, 0xff);
  checkNumber("secs", packet.secs, 0xffff);
  checkNumber("flags", packet.flags, 0xffff);
  checkNumber("xid", packet.xid, 0xffff_ffff);
  checkNumber("ciaddr", packet.ciaddr, 0xffff_ffff);
  checkNumber("yiaddr", packet.yiaddr, 0xffff_ffff);
  checkNumber("siaddr", packet.siaddr, 0xffff_ffff);
  checkNumber("giaddr", packet.giaddr, 0xffff_ffff);
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

function checkNumber(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw new Error(`${name} is ${value}, not a whole number in 0..${max}`);
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
