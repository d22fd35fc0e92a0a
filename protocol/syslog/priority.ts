import { EncodeError } from "../encode-error.ts";

/** Facilities by number: RFC 5424, table 1, in the short names that syslog.conf uses. */
export const facilityNames = [
  "kern",
  "user",
  "mail",
  "daemon",
  "auth",
  "syslog",
  "lpr",
  "news",
  "uucp",
  "cron",
  "authpriv",
  "ftp",
  "ntp",
  "audit",
  "alert",
  "clock",
  "local0",
  "local1",
  "local2",
  "local3",
  "local4",
  "local5",
  "local6",
  "local7",
] as const;

/** Severities by number: RFC 5424, table 2. */
export const severityNames = [
  "emerg",
  "alert",
  "crit",
  "err",
  "warning",
  "notice",
  "info",
  "debug",
] as const;

export const PRIORITY_MAX = 191;
/** user.notice, for messages without a priority (RFC 3164, section 4.3.3). */
export const PRIORITY_DEFAULT = 13;

export interface Priority {
  readonly facility: number;
  readonly severity: number;
}

/** The number between the angle brackets. */
export function priorityOf({ facility, severity }: Priority): number {
  return facility * 8 + severity;
}

/** `<PRI>`. Throws EncodeError when facility or severity is out of range. */
export function formatPriority({ facility, severity }: Priority): string {
  if (!Number.isInteger(facility) || facility < 0 || facility >= facilityNames.length) {
    throw new EncodeError(`syslog facility ${facility} is not in 0 to 23`);
  }
  if (!Number.isInteger(severity) || severity < 0 || severity >= severityNames.length) {
    throw new EncodeError(`syslog severity ${severity} is not in 0 to 7`);
  }
  return `<${priorityOf({ facility, severity })}>`;
}

/**
 * Reads `<PRI>` at the start of a message: 0 to 191, no leading zero. `length` includes the brackets.
 * Undefined when there is none.
 */
export function parsePriority(text: string): { value: number; length: number } | undefined {
  const digits = /^<(0|[1-9][0-9]{0,2})>/.exec(text)?.[1];
  if (digits === undefined || Number(digits) > PRIORITY_MAX) return undefined;
  return { value: Number(digits), length: digits.length + 2 };
}
