import { EncodeError } from "../encode-error.ts";
import type { SyslogFields } from "./fields.ts";
import { formatPriority } from "./priority.ts";

/** RFC 3164, section 4.1: the longest message, in bytes. */
export const RFC3164_BYTES_MAX = 1024;

const months = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec";
const TIMESTAMP = new RegExp(
  `^(?:${months}) (?: [1-9]|[012][0-9]|3[01]) (?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)$`,
);
const TIMESTAMP_CHARACTERS = 15;

const HOST = /^[!-~]{1,255}$/;
// A tag has no colon and no bracket. The section allows 32 letters and digits; real tags often exceed
// that.
const TAG = /^[!-9;-Z\\^-~]{1,48}$/;
const PROCESS_ID = /^[!-Z\\^-~]{1,128}$/;
const TAG_START = /^([!-9;-Z\\^-~]{1,48})(?:\[([!-Z\\^-~]{1,128})\])?:/;

type Parsed = Pick<SyslogFields, "timestamp" | "host" | "tag" | "processId" | "text">;

/**
 * Parses the part after the PRI. Without a timestamp there is no host (section 4.3.2), but devices still
 * write a tag. After a timestamp, the first word is the host unless it ends with a colon: syslog(3)
 * leaves the host out.
 */
export function parseRfc3164(rest: string): Parsed {
  const timestamp = rest.slice(0, TIMESTAMP_CHARACTERS);
  if (!TIMESTAMP.test(timestamp)) return parseTag(rest, true);
  if (rest.length === TIMESTAMP_CHARACTERS) return { timestamp, text: "" };
  if (rest[TIMESTAMP_CHARACTERS] !== " ") return parseTag(rest, true);
  const body = rest.slice(TIMESTAMP_CHARACTERS + 1);
  const withoutHost = parseTag(body, true);
  if (withoutHost.tag !== undefined) return { timestamp, ...withoutHost };
  const blank = body.indexOf(" ");
  const host = body.slice(0, blank);
  if (blank < 0 || !HOST.test(host)) return { timestamp, text: body };
  const tagged = parseTag(body.slice(blank + 1), false);
  return host === "-" ? { timestamp, ...tagged } : { timestamp, host, ...tagged };
}

/** `blankNeeded`: a blank must follow the colon, so that an IPv6 address is not taken for a tag. */
function parseTag(body: string, blankNeeded: boolean): Parsed {
  const match = TAG_START.exec(body);
  if (match === null) return { text: body };
  const [all, tag, processId] = match;
  const next = body[all.length];
  if (blankNeeded && next !== undefined && next !== " ") return { text: body };
  const text = body.slice(all.length + (next === " " ? 1 : 0));
  return processId === undefined ? { tag: tag!, text } : { tag: tag!, processId, text };
}

/**
 * One message without its line end. A host that is absent beside a timestamp is written as `-`. This
 * format has no place for messageId, structuredData and a processId without a tag, so they are left out.
 * Throws EncodeError for other fields that do not fit and beyond 1024 bytes.
 */
export function formatRfc3164(message: SyslogFields): string {
  const { timestamp, host, tag, processId, text } = message;
  let header = formatPriority(message);
  if (timestamp !== undefined) {
    check("timestamp", timestamp, TIMESTAMP);
    header += `${timestamp} ${host === undefined ? "-" : check("host", host, HOST)} `;
  } else if (host !== undefined) {
    throw new EncodeError("RFC 3164 has no host without a timestamp");
  }
  if (tag !== undefined) {
    header += check("tag", tag, TAG);
    if (processId !== undefined) header += `[${check("process id", processId, PROCESS_ID)}]`;
    header += ": ";
  }
  const line = header + text;
  if (utf8Length(line) > RFC3164_BYTES_MAX) {
    throw new EncodeError(`a message of RFC 3164 has at most ${RFC3164_BYTES_MAX} bytes`);
  }
  return line;
}

/** `Oct  1 22:14:15` at an offset east of UTC. */
export function rfc3164Timestamp(unixMs: number, offsetMinutes = 0): string {
  const iso = new Date(unixMs + offsetMinutes * 60_000).toISOString();
  const month = months.split("|")[Number(iso.slice(5, 7)) - 1];
  const day = String(Number(iso.slice(8, 10))).padStart(2, " ");
  return `${month} ${day} ${iso.slice(11, 19)}`;
}

function check(name: string, value: string, pattern: RegExp): string {
  if (!pattern.test(value)) throw new EncodeError(`syslog ${name} "${value}" cannot be written`);
  return value;
}

function utf8Length(text: string): number {
  return text.length * 3 <= RFC3164_BYTES_MAX ? 0 : new TextEncoder().encode(text).length;
}
