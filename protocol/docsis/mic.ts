import { createHash, createHmac } from "node:crypto";
import { concatenate } from "../bytes.ts";
import { nextTlv } from "./tlv.ts";

/** TLVs that belong to the file itself and are not settings. */
export const CM_MIC = 6;
export const CMTS_MIC = 7;
export const END_OF_DATA = 255;
export const PAD = 0;

/** MD5 has 128 bits. */
export const MIC_BYTES = 16;

/**
 * The TLVs that the CMTS MIC covers, including the CM MIC, in the order in which they are gathered
 * (MULPI, Annex D.2.1). TLVs of one type keep the order of the file.
 */
const CMTS_MIC_ORDER = [
  1, 2, 3, 4, 17, 43, 6, 18, 19, 20, 22, 23, 24, 25, 28, 29, 26, 35, 36, 37, 40,
] as const;

/**
 * The CM MIC: the MD5 of the bytes of all settings, from the start of the file (MULPI, Annex D.2). It
 * finds damage but protects nothing. Throws Node's error when OpenSSL has no MD5 (FIPS mode).
 */
export function cmMicOf(settings: Uint8Array): Uint8Array {
  return createHash("md5").update(settings).digest();
}

/**
 * The CMTS MIC: HMAC-MD5 over the settings that the CMTS enforces, with the secret that the operator
 * and the CMTS share. `settings` is the file up to the CM MIC. Throws DecodeError when the bytes are not
 * TLVs, and Node's error when OpenSSL has no MD5 (FIPS mode).
 */
export function cmtsMicOf(
  settings: Uint8Array,
  cmMic: Uint8Array,
  sharedSecret: Uint8Array,
): Uint8Array {
  const covered = new Map<number, Uint8Array[]>(CMTS_MIC_ORDER.map((type) => [type, []]));
  for (let at = 0; at < settings.length; ) {
    const next = nextTlv(settings, at);
    covered.get(settings[at])?.push(settings.subarray(at, next));
    at = next;
  }
  covered.get(CM_MIC)?.push(concatenate(Uint8Array.of(CM_MIC, MIC_BYTES), cmMic));
  const hmac = createHmac("md5", sharedSecret);
  for (const tlv of [...covered.values()].flat()) hmac.update(tlv);
  return hmac.digest();
}
