/** 1900-01-01 to 1970-01-01 in seconds. */
const SECONDS_1900_TO_1970 = 2_208_988_800;
const TWO_32 = 2 ** 32;

/** 64-bit NTP time (RFC 5905, section 6); both halves are unsigned 32-bit numbers. */
export interface NtpTimestamp {
  /** Seconds since 1900-01-01, modulo 2^32. */
  readonly seconds: number;
  /** In units of 2^-32 s. */
  readonly fraction: number;
}

/** "Unknown or not synchronised" in a packet. */
export const ntpTimestampZero: NtpTimestamp = { seconds: 0, fraction: 0 };

/** The timestamp of a Unix time in milliseconds, which may have a fraction. */
export function ntpTimestampOf(unixMs: number): NtpTimestamp {
  const wholeSeconds = Math.floor(unixMs / 1000);
  const seconds = wholeSeconds + SECONDS_1900_TO_1970;
  const fraction = Math.floor(((unixMs - wholeSeconds * 1000) / 1000) * TWO_32);
  return { seconds: modulo(seconds), fraction: Math.min(fraction, TWO_32 - 1) };
}

/**
 * Unix milliseconds, from 1968-01-20 to 2104-02-26: a timestamp with its top bit clear belongs to
 * the era that begins in 2036 (RFC 4330, section 3).
 */
export function unixMsOfNtp({ seconds, fraction }: NtpTimestamp): number {
  const era = seconds >= TWO_32 / 2 ? 0 : TWO_32;
  return (era + seconds - SECONDS_1900_TO_1970) * 1000 + (fraction / TWO_32) * 1000;
}

/** `later` minus `earlier`; correct across the end of an era when they are within 68 years. */
export function ntpDifferenceMs(later: NtpTimestamp, earlier: NtpTimestamp): number {
  const seconds = (later.seconds - earlier.seconds) | 0;
  return seconds * 1000 + ((later.fraction - earlier.fraction) / TWO_32) * 1000;
}

export function sameNtpTimestamp(one: NtpTimestamp, other: NtpTimestamp): boolean {
  return one.seconds === other.seconds && one.fraction === other.fraction;
}

function modulo(seconds: number): number {
  return ((seconds % TWO_32) + TWO_32) % TWO_32;
}
