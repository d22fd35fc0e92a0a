import { createHash } from "node:crypto";
import { bytesEqual, concatenate } from "../bytes.ts";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { decodeVarBind, encodeVarBind, type VarBind } from "./ber.ts";
import { CONFIG_BYTES_MAX } from "./cm-config.ts";
import type { Plain } from "./plain.ts";
import {
  describeSettings,
  readSettings,
  type SettingsFormat,
  type SettingsReading,
} from "./settings.ts";
import {
  decodeTlvs,
  encodeTlvs,
  type LengthBytesOf,
  LONG_TLV_BYTES_MAX,
  TLV_BYTES_MAX,
  type Tlv,
} from "./tlv.ts";
import { field, tlvTable } from "./tlv-definition.ts";
import { vendorSpecific } from "./vendor-tlvs.ts";

const SNMP_OBJECT = 11;
const LONG_SNMP_OBJECT = 64;
const PAD = 0;
const DELIMITER = 254;
const START = 1;
const END = 255;
const DELIMITER_BYTES = 3;
const SHA1_BYTES = 20;

/** The object that holds the hash of the file: PacketCable's, or the one of its European edition. */
export const hashOids = {
  "north-america": "1.3.6.1.4.1.4491.2.2.1.1.2.7.0",
  europe: "1.3.6.1.4.1.7432.1.1.2.9.0",
} as const;

export type HashRealm = keyof typeof hashOids;

/** The content of a PacketCable MTA's configuration file. */
export interface MtaConfig {
  /** Without the delimiters and the hash. */
  readonly tlvs: readonly Tlv[];
  readonly hash: { readonly realm: HashRealm; readonly isRight: boolean } | undefined;
}

// TLV 64 holds objects that are too long for TLV 11, and has two bytes of length (PKT-SP-PROV, 9.1).
const lengthBytesOf: LengthBytesOf = (type) => (type === LONG_SNMP_OBJECT ? 2 : 1);

const mtaSettings: SettingsFormat = {
  table: tlvTable(
    field(SNMP_OBJECT, "snmpObject", "snmp-object", [0, LONG_TLV_BYTES_MAX]),
    vendorSpecific,
  ),
  reserved: new Map([[DELIMITER, "the delimiter"]]),
  lengthBytesOf,
};

/** Reads the settings of an MTA's file from YAML or JSON data: see `readSettings`. */
export function readMtaSettings(data: unknown): SettingsReading {
  const reading = readSettings(data, mtaSettings);
  if (reading.kind === "failed") return reading;
  return { kind: "ok", tlvs: reading.tlvs.map(withTypeForLength) };
}

/** Describes the TLVs as data that `readMtaSettings` reads back to the same TLVs. */
export function describeMtaSettings(tlvs: readonly Tlv[]): Plain[] {
  return tlvs.flatMap((tlv) => {
    const isLong = tlv.type === LONG_SNMP_OBJECT && tlv.value.length > TLV_BYTES_MAX;
    const shown = isLong ? { type: SNMP_OBJECT, value: tlv.value } : tlv;
    const [described] = describeSettings([shown], mtaSettings.table);
    const reading = readMtaSettings([described]);
    const isSame = reading.kind === "ok" && reading.tlvs[0].type === tlv.type;
    return isSame ? [described] : describeSettings([tlv], tlvTable());
  });
}

/**
 * The whole file: a delimiter, the settings, the hash if requested, a delimiter. Throws EncodeError when
 * a setting or the file is too big.
 */
export function encodeMtaConfig(tlvs: readonly Tlv[], realm?: HashRealm): Uint8Array {
  const own = tlvs.find(({ type }) => type === DELIMITER || type === PAD);
  if (own !== undefined) throw new EncodeError(`TLV ${own.type} is not a setting`);
  const settings = encodeTlvs(tlvs, lengthBytesOf);
  const plain = concatenate(delimiter(START), settings, delimiter(END));
  if (plain.length > CONFIG_BYTES_MAX) {
    throw new EncodeError(`the file has ${plain.length} bytes, the most is ${CONFIG_BYTES_MAX}`);
  }
  if (realm === undefined) return plain;
  const hash = encodeTlvs([{ type: SNMP_OBJECT, value: encodeVarBind(hashObject(realm, plain)) }]);
  return concatenate(plain.subarray(0, -DELIMITER_BYTES), hash, delimiter(END));
}

/**
 * Strict: everything is between the two delimiters. Values are views. If the last setting is the hash
 * object, the hash is checked. Throws DecodeError.
 */
export function decodeMtaConfig(bytes: Uint8Array): MtaConfig {
  if (bytes.length > CONFIG_BYTES_MAX) throw new DecodeError("too-long", CONFIG_BYTES_MAX);
  const tlvs = decodeTlvs(bytes, lengthBytesOf);
  if (!isDelimiter(tlvs[0], START)) throw new DecodeError("bad-option-value", 0);
  if (tlvs.length < 2 || !isDelimiter(tlvs[tlvs.length - 1], END)) {
    throw new DecodeError("missing-end", bytes.length);
  }
  const settings = tlvs.slice(1, -1);
  const stray = settings.find(({ type }) => type === DELIMITER || type === PAD);
  if (stray !== undefined) {
    throw new DecodeError("bad-option-value", stray.value.byteOffset - bytes.byteOffset);
  }
  const found = hashOf(settings[settings.length - 1]);
  if (found === undefined) return { tlvs: settings, hash: undefined };
  const hashed = concatenate(
    bytes.subarray(0, bytes.length - DELIMITER_BYTES - found.tlvBytes),
    delimiter(END),
  );
  const isRight = bytesEqual(found.value, sha1(hashed));
  return { tlvs: settings.slice(0, -1), hash: { realm: found.realm, isRight } };
}

function sha1(bytes: Uint8Array): Uint8Array {
  return createHash("sha1").update(bytes).digest();
}

function withTypeForLength(tlv: Tlv): Tlv {
  const isLong = tlv.type === SNMP_OBJECT && tlv.value.length > TLV_BYTES_MAX;
  return isLong ? { type: LONG_SNMP_OBJECT, value: tlv.value } : tlv;
}

function delimiter(value: number): Uint8Array {
  return Uint8Array.of(DELIMITER, 1, value);
}

function isDelimiter(tlv: Tlv | undefined, value: number): boolean {
  return tlv?.type === DELIMITER && tlv.value.length === 1 && tlv.value[0] === value;
}

function hashObject(realm: HashRealm, plain: Uint8Array): VarBind {
  return { oid: hashOids[realm], value: { kind: "octetString", value: sha1(plain) } };
}

interface FoundHash {
  readonly realm: HashRealm;
  readonly value: Uint8Array;
  /** Length of the TLV including its header. */
  readonly tlvBytes: number;
}

function hashOf(tlv: Tlv | undefined): FoundHash | undefined {
  if (tlv?.type !== SNMP_OBJECT) return undefined;
  const object = varBindOrUndefined(tlv.value);
  if (object?.value.kind !== "octetString") return undefined;
  const { value } = object.value;
  const realm = (Object.keys(hashOids) as HashRealm[]).find((key) => hashOids[key] === object.oid);
  if (realm === undefined || value.length !== SHA1_BYTES) return undefined;
  return { realm, value, tlvBytes: tlv.value.length + 2 };
}

function varBindOrUndefined(bytes: Uint8Array): VarBind | undefined {
  try {
    return decodeVarBind(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
