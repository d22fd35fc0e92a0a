import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import type { SyslogFields } from "./fields.ts";
import { PRIORITY_DEFAULT, parsePriority } from "./priority.ts";
import { formatRfc3164, parseRfc3164 } from "./rfc3164.ts";
import { formatRfc5424, parseRfc5424 } from "./rfc5424.ts";

export type { SyslogFields } from "./fields.ts";
export { facilityNames, severityNames } from "./priority.ts";
export { formatRfc3164, rfc3164Timestamp } from "./rfc3164.ts";
export { formatRfc5424, rfc5424Timestamp } from "./rfc5424.ts";
export type { StructuredElement, StructuredParameter } from "./structured-data.ts";

export const SYSLOG_PORT = 514;
/** Longest part of a message that is read; RFC 5424, section 6.1 lets a receiver cut off the rest. */
export const SYSLOG_BYTES_MAX = 8192;

export type SyslogFormat = "rfc3164" | "rfc5424" | "bare";

export interface SyslogMessage extends SyslogFields {
  /** "bare" when there was no valid PRI: then it counts as user.notice, and all of it is text. */
  readonly format: SyslogFormat;
}

const utf8Decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const utf8Encoder = new TextEncoder();

/**
 * Parses one message, from a datagram or a frame. No message is refused for its form: a header that is
 * not understood becomes text. Bytes that are not UTF-8 become U+FFFD, NULs and line ends after the
 * message are dropped, bytes after SYSLOG_BYTES_MAX are not read. Throws DecodeError "truncated" for an
 * empty message.
 */
export function parseSyslog(bytes: Uint8Array): SyslogMessage {
  let end = Math.min(bytes.length, SYSLOG_BYTES_MAX);
  while (end > 0 && isLineEnd(bytes[end - 1])) end -= 1;
  if (end === 0) throw new DecodeError("truncated", 0);
  const text = utf8Decoder.decode(bytes.subarray(0, end));
  const priority = parsePriority(text);
  const value = priority?.value ?? PRIORITY_DEFAULT;
  const facility = value >>> 3;
  const severity = value & 7;
  if (priority === undefined) return { facility, severity, format: "bare", text };
  const rest = text.slice(priority.length);
  const modern = parseRfc5424(rest);
  if (modern !== undefined) return { facility, severity, format: "rfc5424", ...modern };
  return { facility, severity, format: "rfc3164", ...parseRfc3164(rest) };
}

/**
 * Writes the message in its `format`, "bare" as its text alone; returns the end. Throws EncodeError for a
 * field that the format cannot carry, and when there is no room.
 */
export function encodeSyslog(message: SyslogMessage, target: Uint8Array, start: number): number {
  const text = formatSyslog(message);
  const { read, written } = utf8Encoder.encodeInto(text, target.subarray(start));
  if (read !== text.length) {
    throw new EncodeError(`no room for a syslog message of ${text.length} characters`);
  }
  return start + written;
}

function formatSyslog(message: SyslogMessage): string {
  switch (message.format) {
    case "rfc3164":
      return formatRfc3164(message);
    case "rfc5424":
      return formatRfc5424(message);
    case "bare":
      return message.text;
  }
}

function isLineEnd(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d || byte === 0;
}

/** How each control character is written; a flood may consist of them, so nothing is formatted then. */
const escapes = Array.from({ length: 0xa0 }, (_, code) => `#${code.toString(8).padStart(3, "0")}`);

/**
 * The text as one line of a log file. Control characters become `#` and three octal digits, as in
 * rsyslog, so that no sender can forge a line or move a terminal's cursor.
 */
export function printableText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters on purpose.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (control) => escapes[control.charCodeAt(0)]);
}
