import { latin1Bytes } from "../../../protocol/latin1.ts";
import { NEVER } from "../table/lease-codes.ts";
import { daysInMonth, daysOf } from "./lease-date.ts";

const never = latin1Bytes("never;\n");
const statementEnd = latin1Bytes(";\n");
const DAYS_KEPT = 4;

const hexDigits = new Int8Array(256).fill(-1);
for (const digit of "0123456789abcdefABCDEF") {
  hexDigits[digit.charCodeAt(0)] = Number.parseInt(digit, 16);
}

/**
 * Reads forward through lease text that is worded as we and dhcpd write it. It does not check for the end
 * of the text; the caller compares its position with the end afterwards.
 */
export class LeaseCursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  /** First seconds of recent days, indexed by the day modulo four: leases share few days. */
  readonly #dayKeys = new Float64Array(DAYS_KEPT).fill(-1);
  readonly #daySeconds = new Float64Array(DAYS_KEPT);

  /** Returns whether `text` comes next, and if so moves past it. */
  takes(text: Uint8Array): boolean {
    const bytes = this.bytes;
    const at = this.at;
    for (let place = 0; place < text.length; place += 1) {
      if (bytes[at + place] !== text[place]) return false;
    }
    this.at = at + text.length;
    return true;
  }

  /** Reads an address; negative when there is none. */
  address(): number {
    const bytes = this.bytes;
    let at = this.at;
    let address = 0;
    for (let part = 0; part < 4; part += 1) {
      if (part > 0 && bytes[at++] !== 0x2e) return -1;
      const start = at;
      let value = 0;
      while (at < start + 3 && isDigit(bytes[at])) {
        value = value * 10 + bytes[at] - 0x30;
        at += 1;
      }
      if (at === start || value > 255) return -1;
      address = address * 256 + value;
    }
    this.at = at;
    return address;
  }

  /** Reads a date; 0 when the statement is missing, negative when it is worded differently. */
  date(name: Uint8Array): number {
    if (!this.takes(name)) return 0;
    const bytes = this.bytes;
    const at = this.at;
    if (bytes[at] === never[0]) return this.takes(never) ? NEVER : -1;
    const isUsual =
      isDigit(bytes[at]) &&
      bytes[at + 1] === 0x20 &&
      bytes[at + 6] === 0x2f &&
      bytes[at + 9] === 0x2f &&
      bytes[at + 12] === 0x20 &&
      bytes[at + 15] === 0x3a &&
      bytes[at + 18] === 0x3a;
    const hours = twoDigits(bytes, at + 13);
    const minutes = twoDigits(bytes, at + 16);
    const seconds = twoDigits(bytes, at + 19);
    if (!isUsual || hours > 23 || minutes > 59 || seconds > 59) return -1;
    const daySeconds = this.#day(at + 2);
    this.at = at + 21;
    if (daySeconds < 0 || !this.takes(statementEnd)) return -1;
    return Math.min(NEVER, daySeconds + hours * 3600 + minutes * 60 + seconds);
  }

  /** First second of the day written as `YYYY/MM/DD`; negative when there is none. */
  #day(at: number): number {
    const bytes = this.bytes;
    const year = twoDigits(bytes, at) * 100 + twoDigits(bytes, at + 2);
    const month = twoDigits(bytes, at + 5);
    const day = twoDigits(bytes, at + 8);
    const key = (year * 100 + month) * 100 + day;
    const place = day % DAYS_KEPT;
    if (key === this.#dayKeys[place]) return this.#daySeconds[place];
    const isDay =
      year >= 1970 &&
      year <= 9999 &&
      month >= 1 &&
      month <= 12 &&
      day >= 1 &&
      day <= daysInMonth(year, month);
    if (!isDay) return -1;
    this.#dayKeys[place] = key;
    this.#daySeconds[place] = daysOf(year, month, day) * 86_400;
    return this.#daySeconds[place];
  }

  /** Reads 1 to 254 without leading zeros, and the blank after it; -1 for anything else. */
  optionCode(): number {
    const bytes = this.bytes;
    let at = this.at;
    let code = 0;
    while (at < this.at + 3 && isDigit(bytes[at])) {
      code = code * 10 + bytes[at] - 0x30;
      at += 1;
    }
    if (bytes[this.at] === 0x30 || code < 1 || code > 254 || bytes[at] !== 0x20) return -1;
    this.at = at + 1;
    return code;
  }

  /** Reads bytes like `a:0b:ff`; returns how many, -1 when there are too many or none. */
  hexList(to: Uint8Array, start: number, bytesMax: number): number {
    const bytes = this.bytes;
    let at = this.at;
    for (let length = 0; length < bytesMax; ) {
      let value = hexDigits[bytes[at]];
      if (!(value >= 0)) return -1;
      at += 1;
      const second = hexDigits[bytes[at]];
      if (second >= 0) {
        value = value * 16 + second;
        at += 1;
      }
      to[start + length] = value;
      length += 1;
      if (bytes[at] !== 0x3a) {
        this.at = at;
        return length;
      }
      at += 1;
    }
    return -1;
  }

  /**
   * Reads the rest of a string after its opening quote, including the closing one. Returns its length, -1
   * for anything unusual.
   */
  string(to: Uint8Array, start: number, bytesMax: number): number {
    const bytes = this.bytes;
    let at = this.at;
    let length = 0;
    for (;;) {
      let byte = bytes[at];
      while (byte >= 0x20 && byte !== 0x22 && byte !== 0x5c && length < bytesMax) {
        to[start + length] = byte;
        length += 1;
        at += 1;
        byte = bytes[at];
      }
      if (byte === 0x22) {
        this.at = at + 1;
        return length;
      }
      if (byte !== 0x5c || length === bytesMax) return -1;
      byte = bytes[at + 1];
      at += 2;
      if (byte !== 0x22 && byte !== 0x5c) {
        byte = octal(bytes, at - 1);
        if (byte < 0) return -1;
        at += 2;
      }
      to[start + length] = byte;
      length += 1;
    }
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** 0 to 99; larger when these are not digits. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - 0x30;
  const ones = bytes[at + 1] - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 1e6;
}

/** Three octal digits, at most 377; -1 for anything else. */
function octal(bytes: Uint8Array, at: number): number {
  const high = bytes[at] - 0x30;
  const middle = bytes[at + 1] - 0x30;
  const low = bytes[at + 2] - 0x30;
  const isOctal = high >= 0 && high <= 3 && middle >= 0 && middle <= 7 && low >= 0 && low <= 7;
  return isOctal ? high * 64 + middle * 8 + low : -1;
}
