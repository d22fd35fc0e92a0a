import { EncodeError } from "../encode-error.ts";
import type { SyslogFields } from "./fields.ts";
import { formatPriority } from "./priority.ts";
import { formatStructuredData, parseStructuredData } from "./structured-data.ts";

const TIMESTAMP =
  /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$/;
const WORD = /^[!-~]+$/;
const NIL = "-";
const BYTE_ORDER_MARK = "\ufeff";

/** Longest values in characters, section 6. */
const limits = { timestamp: 32, host: 255, tag: 48, processId: 128, messageId: 32 } as const;

type Header = Pick<SyslogFields, keyof typeof limits>;
type Parsed = Omit<SyslogFields, "facility" | "severity">;

/** Parses the part after the PRI; undefined when it is not RFC 5424 version 1. */
export function parseRfc5424(rest: string): Parsed | undefined {
  if (!rest.startsWith("1 ")) return undefined;
  let at = 2;
  const header: { -readonly [name in keyof Header]: string } = {};
  for (const name of ["timestamp", "host", "tag", "processId", "messageId"] as const) {
    const blank = rest.indexOf(" ", at);
    if (blank < 0 || blank - at > limits[name]) return undefined;
    const word = rest.slice(at, blank);
    at = blank + 1;
    if (word === NIL) continue;
    if (!(name === "timestamp" ? TIMESTAMP : WORD).test(word)) return undefined;
    header[name] = word;
  }
  if (rest[at] === NIL) {
    const text = textAt(rest, at + 1);
    return text === undefined ? undefined : { ...header, text };
  }
  const data = parseStructuredData(rest, at);
  if (data === undefined) return undefined;
  const text = textAt(rest, data.end);
  return text === undefined ? undefined : { ...header, structuredData: data.elements, text };
}

/** The text after the structured data, without the byte order mark that marks it as UTF-8. */
function textAt(rest: string, at: number): string | undefined {
  if (at === rest.length) return "";
  if (rest[at] !== " ") return undefined;
  return rest.slice(rest[at + 1] === BYTE_ORDER_MARK ? at + 2 : at + 1);
}

/**
 * One message without framing. Text beyond ASCII gets the byte order mark of section 6.4. Throws
 * EncodeError for a field that its syntax or its length does not allow.
 */
export function formatRfc5424(message: SyslogFields): string {
  const { structuredData, text } = message;
  const words = (["timestamp", "host", "tag", "processId", "messageId"] as const).map((name) =>
    word(name, message[name]),
  );
  const data =
    structuredData === undefined || structuredData.length === 0
      ? NIL
      : formatStructuredData(structuredData);
  const header = `${formatPriority(message)}1 ${words.join(" ")} ${data}`;
  if (text === "") return header;
  return `${header} ${isAscii(text) ? "" : BYTE_ORDER_MARK}${text}`;
}

function word(name: keyof typeof limits, value: string | undefined): string {
  if (value === undefined) return NIL;
  const pattern = name === "timestamp" ? TIMESTAMP : WORD;
  if (value === NIL || value.length > limits[name] || !pattern.test(value)) {
    throw new EncodeError(`syslog ${name} "${value}" cannot be written`);
  }
  return value;
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII begins with them.
  return /^[\u0000-\u007f]*$/.test(text);
}

/** UTC to the millisecond: `2026-10-11T22:14:15.003Z`. */
export function rfc5424Timestamp(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
