import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";

export const TIME_PORT = 37;
export const TIME_BYTES = 4;

/** 1900-01-01 to 1970-01-01 in seconds (RFC 868). */
export const SECONDS_1900_TO_1970 = 2_208_988_800;

const ERA_SECONDS = 2 ** 32;

/**
 * Writes the time as a Time server sends it: seconds since 1900, modulo 2^32, so that it still works
 * after 2036-02-07. A fraction of a second is cut off. Returns the end. Throws EncodeError.
 */
export function encodeTime(unixSeconds: number, target: Uint8Array, start: number): number {
  if (!Number.isFinite(unixSeconds)) throw new EncodeError(`${unixSeconds} is not a time`);
  if (start + TIME_BYTES > target.length) throw new EncodeError("no room for the time");
  const seconds = ((Math.floor(unixSeconds) + SECONDS_1900_TO_1970) % ERA_SECONDS) >>> 0;
  target[start] = seconds >>> 24;
  target[start + 1] = seconds >>> 16;
  target[start + 2] = seconds >>> 8;
  target[start + 3] = seconds;
  return start + TIME_BYTES;
}

/**
 * Unix seconds of a Time server's answer, from 1968-01-20 to 2104-02-26: a number with its top bit clear
 * belongs to the era after 2036, as in RFC 4330, section 3. Throws DecodeError "truncated" or "too-long"
 * unless the answer has four bytes.
 */
export function decodeTime(bytes: Uint8Array): number {
  if (bytes.length < TIME_BYTES) throw new DecodeError("truncated", bytes.length);
  if (bytes.length > TIME_BYTES) throw new DecodeError("too-long", TIME_BYTES);
  const seconds = ((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0;
  const era = seconds >= ERA_SECONDS / 2 ? 0 : ERA_SECONDS;
  return era + seconds - SECONDS_1900_TO_1970;
}
