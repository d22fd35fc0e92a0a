import { bytesEqual, concatenate } from "../bytes.ts";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { cmTlvs } from "./cm-tlvs.ts";
import { CM_MIC, CMTS_MIC, cmMicOf, cmtsMicOf, END_OF_DATA, MIC_BYTES, PAD } from "./mic.ts";
import type { Plain } from "./plain.ts";
import {
  describeSettings,
  readSettings,
  type SettingsFormat,
  type SettingsReading,
} from "./settings.ts";
import { encodeTlvs, nextTlv, type Tlv } from "./tlv.ts";

/** A larger file is not a configuration file. */
export const CONFIG_BYTES_MAX = 262_144;

const PADDED_TO_BYTES = 4;

/** The content of a cable modem's configuration file. */
export interface CmConfig {
  /** Without the MICs, the end mark and the padding. */
  readonly tlvs: readonly Tlv[];
  /** 16 bytes as the file has them, right or wrong; undefined when it has none. */
  readonly cmMic: Uint8Array | undefined;
  readonly cmtsMic: Uint8Array | undefined;
}

export type MicState = "right" | "wrong" | "missing";

const cmSettings: SettingsFormat = {
  table: cmTlvs,
  reserved: new Map([
    [CM_MIC, "the CM MIC"],
    [CMTS_MIC, "the CMTS MIC"],
    [END_OF_DATA, "the end mark"],
  ]),
  lengthBytesOf: () => 1,
};

/** Reads the settings of a cable modem's file from YAML or JSON data: see `readSettings`. */
export function readCmSettings(data: unknown): SettingsReading {
  return readSettings(data, cmSettings);
}

/** Describes the TLVs as data that `readCmSettings` reads back to the same TLVs. */
export function describeCmSettings(tlvs: readonly Tlv[]): Plain[] {
  return describeSettings(tlvs, cmTlvs);
}

/**
 * The whole file: settings, CM MIC, CMTS MIC, end mark, zeros up to a multiple of four bytes. Throws
 * EncodeError when a setting or the file is too big, or when a setting is one that this function adds.
 */
export function encodeCmConfig(tlvs: readonly Tlv[], sharedSecret: Uint8Array): Uint8Array {
  const own = tlvs.find(({ type }) => type === PAD || cmSettings.reserved.has(type));
  if (own !== undefined) throw new EncodeError(`TLV ${own.type} is not a setting`);
  const settings = encodeTlvs(tlvs);
  const cmMic = cmMicOf(settings);
  const mics = encodeTlvs([
    { type: CM_MIC, value: cmMic },
    { type: CMTS_MIC, value: cmtsMicOf(settings, cmMic, sharedSecret) },
  ]);
  const length = settings.length + mics.length + 1;
  const padding = new Uint8Array((PADDED_TO_BYTES - (length % PADDED_TO_BYTES)) % PADDED_TO_BYTES);
  if (length + padding.length > CONFIG_BYTES_MAX) {
    throw new EncodeError(`the file has ${length} bytes, the most is ${CONFIG_BYTES_MAX}`);
  }
  return concatenate(settings, mics, Uint8Array.of(END_OF_DATA), padding);
}

/**
 * Strict: settings, at most one MIC of each kind, and nothing between or after them but the end mark and
 * zeros. Values are views. Throws DecodeError. The MICs are not checked: see `checkCmMic` and `checkCmtsMic`.
 */
export function decodeCmConfig(bytes: Uint8Array): CmConfig {
  const layout = layoutOf(bytes);
  const tlvs: Tlv[] = [];
  for (let at = 0; at < layout.settingsEnd; ) {
    const next = nextTlv(bytes, at);
    tlvs.push({ type: bytes[at], value: bytes.subarray(at + 2, next) });
    at = next;
  }
  const { cmMicAt, cmtsMicAt } = layout;
  return { tlvs, cmMic: micAt(bytes, cmMicAt), cmtsMic: micAt(bytes, cmtsMicAt) };
}

/** Checks the CM MIC against the file, as a modem does. Throws DecodeError. */
export function checkCmMic(bytes: Uint8Array): MicState {
  const { settingsEnd, cmMicAt } = layoutOf(bytes);
  const cmMic = micAt(bytes, cmMicAt);
  if (cmMic === undefined) return "missing";
  return bytesEqual(cmMic, cmMicOf(bytes.subarray(0, settingsEnd))) ? "right" : "wrong";
}

/** Checks the CMTS MIC against the file and the secret, as a CMTS does. Throws DecodeError. */
export function checkCmtsMic(bytes: Uint8Array, sharedSecret: Uint8Array): MicState {
  const { settingsEnd, cmMicAt, cmtsMicAt } = layoutOf(bytes);
  const cmMic = micAt(bytes, cmMicAt);
  const cmtsMic = micAt(bytes, cmtsMicAt);
  if (cmMic === undefined || cmtsMic === undefined) return "missing";
  const expected = cmtsMicOf(bytes.subarray(0, settingsEnd), cmMic, sharedSecret);
  return bytesEqual(cmtsMic, expected) ? "right" : "wrong";
}

interface Layout {
  readonly settingsEnd: number;
  /** Where the TLV starts; -1 when there is none. */
  readonly cmMicAt: number;
  readonly cmtsMicAt: number;
}

function layoutOf(bytes: Uint8Array): Layout {
  if (bytes.length > CONFIG_BYTES_MAX) throw new DecodeError("too-long", CONFIG_BYTES_MAX);
  let at = 0;
  while (at < bytes.length && !isOwn(bytes[at])) at = nextTlv(bytes, at);
  const settingsEnd = at;
  let cmMicAt = -1;
  let cmtsMicAt = -1;
  if (bytes[at] === CM_MIC) {
    cmMicAt = at;
    at = endOfMic(bytes, at);
  }
  if (bytes[at] === CMTS_MIC) {
    cmtsMicAt = at;
    at = endOfMic(bytes, at);
  }
  if (at >= bytes.length) throw new DecodeError("missing-end", at);
  // A setting after a MIC would not be covered by it.
  if (bytes[at] !== END_OF_DATA) throw new DecodeError("bad-option-value", at);
  for (let i = at + 1; i < bytes.length; i += 1) {
    if (bytes[i] !== PAD) throw new DecodeError("bad-option-value", i);
  }
  return { settingsEnd, cmMicAt, cmtsMicAt };
}

function isOwn(type: number): boolean {
  return type === CM_MIC || type === CMTS_MIC || type === END_OF_DATA || type === PAD;
}

function endOfMic(bytes: Uint8Array, at: number): number {
  const end = nextTlv(bytes, at);
  if (end !== at + 2 + MIC_BYTES) throw new DecodeError("bad-option-length", at);
  return end;
}

function micAt(bytes: Uint8Array, at: number): Uint8Array | undefined {
  return at < 0 ? undefined : bytes.subarray(at + 2, at + 2 + MIC_BYTES);
}
