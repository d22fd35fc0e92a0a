import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { readIpv4, writeIpv4 } from "../ipv4.ts";
import type { NtpTimestamp } from "./timestamp.ts";

export {
  type NtpTimestamp,
  ntpDifferenceMs,
  ntpTimestampOf,
  ntpTimestampZero,
  sameNtpTimestamp,
  unixMsOfNtp,
} from "./timestamp.ts";

export const NTP_PORT = 123;
export const NTP_BYTES = 48;

export const NtpMode = {
  symmetricActive: 1,
  symmetricPassive: 2,
  client: 3,
  server: 4,
} as const;

export const NtpLeap = {
  none: 0,
  lastMinuteHas61Seconds: 1,
  lastMinuteHas59Seconds: 2,
  unsynchronised: 3,
} as const;

/** The header of RFC 5905, section 7.3. */
export interface NtpPacket {
  /** 0 to 3, NtpLeap. */
  readonly leap: number;
  /** 0 to 7; 3 and 4 are in use. */
  readonly version: number;
  /** 0 to 7, NtpMode. */
  readonly mode: number;
  /** 1 for a reference clock, 2 to 15 below one, 0 for a kiss-o'-death, 16 unsynchronised. */
  readonly stratum: number;
  /** Signed log2 of seconds. */
  readonly poll: number;
  /** Signed log2 of seconds. */
  readonly precision: number;
  /** 0 to below 65,536 in steps of 2^-16. */
  readonly rootDelaySeconds: number;
  readonly rootDispersionSeconds: number;
  /** 32 bits: an IPv4 address, or four ASCII characters (referenceIdOf). */
  readonly referenceId: number;
  readonly reference: NtpTimestamp;
  readonly originate: NtpTimestamp;
  readonly receive: NtpTimestamp;
  readonly transmit: NtpTimestamp;
}

/**
 * Decodes the first 48 bytes; extension fields and a MAC after them are ignored. Every version and mode
 * is accepted: the server decides whether to answer. Throws DecodeError "truncated".
 */
export function decodeNtp(bytes: Uint8Array): NtpPacket {
  if (bytes.length < NTP_BYTES) throw new DecodeError("truncated", bytes.length);
  return {
    leap: bytes[0] >>> 6,
    version: (bytes[0] >>> 3) & 7,
    mode: bytes[0] & 7,
    stratum: bytes[1],
    poll: (bytes[2] << 24) >> 24,
    precision: (bytes[3] << 24) >> 24,
    rootDelaySeconds: readIpv4(bytes, 4) / 65_536,
    rootDispersionSeconds: readIpv4(bytes, 8) / 65_536,
    referenceId: readIpv4(bytes, 12),
    reference: readTimestamp(bytes, 16),
    originate: readTimestamp(bytes, 24),
    receive: readTimestamp(bytes, 32),
    transmit: readTimestamp(bytes, 40),
  };
}

/** Writes 48 bytes at `start`; returns the end. Throws EncodeError for a field out of its range. */
export function encodeNtp(packet: NtpPacket, target: Uint8Array, start: number): number {
  if (start + NTP_BYTES > target.length) throw new EncodeError("no room for an NTP packet");
  checkRange("leap", packet.leap, 0, 3);
  checkRange("version", packet.version, 0, 7);
  checkRange("mode", packet.mode, 0, 7);
  checkRange("stratum", packet.stratum, 0, 255);
  checkRange("poll", packet.poll, -128, 127);
  checkRange("precision", packet.precision, -128, 127);
  target[start] = (packet.leap << 6) | (packet.version << 3) | packet.mode;
  target[start + 1] = packet.stratum;
  target[start + 2] = packet.poll;
  target[start + 3] = packet.precision;
  writeIpv4(target, start + 4, shortOf("rootDelaySeconds", packet.rootDelaySeconds));
  writeIpv4(target, start + 8, shortOf("rootDispersionSeconds", packet.rootDispersionSeconds));
  checkRange("referenceId", packet.referenceId, 0, 0xffff_ffff);
  writeIpv4(target, start + 12, packet.referenceId);
  writeTimestamp(target, start + 16, packet.reference);
  writeTimestamp(target, start + 24, packet.originate);
  writeTimestamp(target, start + 32, packet.receive);
  writeTimestamp(target, start + 40, packet.transmit);
  return start + NTP_BYTES;
}

/** "LOCL", "GPS", a kiss code: up to four ASCII characters, padded with zeros. Throws EncodeError. */
export function referenceIdOf(text: string): number {
  if (!/^[\x21-\x7e]{1,4}$/.test(text)) {
    throw new EncodeError(`reference id "${text}" is not 1 to 4 ASCII characters`);
  }
  let id = 0;
  for (let at = 0; at < 4; at += 1) {
    id = (id << 8) | (at < text.length ? text.charCodeAt(at) : 0);
  }
  return id >>> 0;
}

/** The four characters of a reference id; undefined when they are not ASCII text. */
export function referenceText(id: number): string | undefined {
  const text = String.fromCharCode(id >>> 24, (id >>> 16) & 255, (id >>> 8) & 255, id & 255);
  const trimmed = text.replace(/[\0 ]+$/, "");
  return /^[\x21-\x7e]{1,4}$/.test(trimmed) ? trimmed : undefined;
}

/**
 * The code ("RATE", "DENY", "RSTR" …) of a kiss-o'-death, by which a server rejects a client; otherwise
 * undefined.
 */
export function kissCode(packet: NtpPacket): string | undefined {
  if (packet.stratum !== 0 || packet.mode !== NtpMode.server) return undefined;
  return referenceText(packet.referenceId);
}

function readTimestamp(bytes: Uint8Array, offset: number): NtpTimestamp {
  return { seconds: readIpv4(bytes, offset), fraction: readIpv4(bytes, offset + 4) };
}

function writeTimestamp(target: Uint8Array, offset: number, timestamp: NtpTimestamp): void {
  checkRange("seconds", timestamp.seconds, 0, 0xffff_ffff);
  checkRange("fraction", timestamp.fraction, 0, 0xffff_ffff);
  writeIpv4(target, offset, timestamp.seconds);
  writeIpv4(target, offset + 4, timestamp.fraction);
}

function shortOf(name: string, seconds: number): number {
  if (!(seconds >= 0 && seconds < 65_536)) {
    throw new EncodeError(`${name} ${seconds} is not in 0 to 65535`);
  }
  return Math.floor(seconds * 65_536);
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new EncodeError(`NTP ${name} ${value} is not in ${min} to ${max}`);
  }
}
