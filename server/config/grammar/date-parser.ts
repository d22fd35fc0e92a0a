import { Token } from "../text/lexer.ts";
import type { Parser } from "./parser.ts";

/** The last time that dhcpd can express: 2038-01-19. */
const NEVER_SECONDS = 0x7fff_ffff;
const OFFSET_SECONDS_MAX = 86_400;

/**
 * A date as dhcpd.conf and dhcpd.leases write it: `W YYYY/MM/DD HH:MM:SS [OFFSET]` in UTC (the day
 * of the week W is ignored), `epoch SECONDS`, or `never`. Returns seconds since 1970.
 */
export function takeDate(parser: Parser): number {
  if (parser.acceptWord("never")) return NEVER_SECONDS;
  if (parser.acceptWord("epoch"))
    return takePart(parser, "Seconds since epoch expected.", 0xffff_ffff);
  takePart(parser, "numeric day of week expected.", 0xffff);
  const { at } = parser;
  const year = takePart(parser, "numeric year expected.", 9999);
  parser.expect("/", "expected slash separating year from month.");
  const month = takePart(parser, "numeric month expected.", 99);
  parser.expect("/", "expected slash separating month from day.");
  const day = takePart(parser, "numeric day of month expected.", 99);
  const hour = takePart(parser, "numeric hour expected.", 99);
  parser.expect(":", "expected colon separating hour from minute.");
  const minute = takePart(parser, "numeric minute expected.", 99);
  parser.expect(":", "expected colon separating minute from second.");
  const second = takePart(parser, "numeric second expected.", 99);
  const hasOffset = /^-?\d+$/.test(parser.lexer.raw);
  const offset = hasOffset ? parser.takeNumber(-OFFSET_SECONDS_MAX, OFFSET_SECONDS_MAX) : 0;
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31) {
    parser.warn("this date is in no calendar.", "W YYYY/MM/DD HH:MM:SS.", at);
  }
  if (year >= 2038) return NEVER_SECONDS;
  const monthIndex = Math.min(Math.max(month, 1), 12) - 1;
  const daySeconds = new Date(0).setUTCFullYear(year, monthIndex, day) / 1000;
  return Math.max(0, daySeconds + hour * 3600 + minute * 60 + second + offset);
}

/** Decimal: `08` is eight. */
function takePart(parser: Parser, message: string, max: number): number {
  const { raw, kind } = parser.lexer;
  const value = kind === Token.word && /^\d{1,10}$/.test(raw) ? Number(raw) : Number.NaN;
  if (!(value <= max)) parser.fail(message, "W YYYY/MM/DD HH:MM:SS, epoch SECONDS or never.");
  parser.lexer.next();
  return value;
}
