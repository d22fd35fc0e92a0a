import { latin1Bytes } from "../../../protocol/latin1.ts";

// Writes the bytes of a lease file. Each function writes at `start` and returns the end offset.

const hexDigits = latin1Bytes("0123456789abcdef");
/** dhcpd cuts longer strings and then reads their rest as statements, which loses the lease. */
export const STRING_WRITTEN_MAX = 1_499;

export function put(target: Uint8Array, start: number, text: Uint8Array): number {
  // The texts are so short that calling memcpy would cost more.
  for (let place = 0; place < text.length; place += 1) target[start + place] = text[place];
  return start + text.length;
}

export function putText(target: Uint8Array, start: number, text: string): number {
  for (let place = 0; place < text.length; place += 1) {
    target[start + place] = text.charCodeAt(place);
  }
  return start + text.length;
}

export function putNumber(target: Uint8Array, start: number, value: number): number {
  let end = start + 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end += 1;
  let rest = value;
  for (let at = end - 1; at >= start; at -= 1) {
    const tenth = Math.floor(rest / 10);
    target[at] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

export function putAddress(target: Uint8Array, start: number, address: number): number {
  let at = putByte(target, start, address >>> 24);
  for (let shift = 16; shift >= 0; shift -= 8) {
    target[at] = 0x2e;
    at = putByte(target, at + 1, (address >>> shift) & 0xff);
  }
  return at;
}

/** Writes 0 to 255 in decimal digits. */
function putByte(target: Uint8Array, start: number, value: number): number {
  let at = start;
  const tens = (value / 10) | 0;
  if (value > 99) target[at++] = 0x30 + ((value / 100) | 0);
  if (value > 9) target[at++] = 0x30 + (tens % 10);
  target[at++] = 0x30 + value - tens * 10;
  return at;
}

export function putHexPairs(
  target: Uint8Array,
  start: number,
  bytes: Uint8Array,
  first: number,
  length: number,
): number {
  let at = start;
  for (let place = first; place < first + length; place += 1) {
    if (place > first) target[at++] = 0x3a;
    target[at] = hexDigits[bytes[place] >>> 4];
    target[at + 1] = hexDigits[bytes[place] & 15];
    at += 2;
  }
  return at;
}

/** Writes a quoted string; bytes that are not printable become three octal digits. */
export function putString(
  target: Uint8Array,
  start: number,
  bytes: Uint8Array,
  first: number,
  length: number,
): number {
  let at = start;
  target[at++] = 0x22;
  for (let place = first; place < first + length; place += 1) {
    const byte = bytes[place];
    if (byte < 0x20 || byte > 0x7e) {
      target[at] = 0x5c;
      target[at + 1] = 0x30 + (byte >>> 6);
      target[at + 2] = 0x30 + ((byte >>> 3) & 7);
      target[at + 3] = 0x30 + (byte & 7);
      at += 4;
    } else {
      if (byte === 0x22 || byte === 0x5c) target[at++] = 0x5c;
      target[at++] = byte;
    }
  }
  target[at] = 0x22;
  return at + 1;
}

/** Whether dhcpd can read a string of this length. */
export function isSayable(length: number): boolean {
  return length > 0 && length <= STRING_WRITTEN_MAX;
}

/** Whether the bytes are printable ASCII without need of escapes, and at least one. */
export function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false;
  }
  return end > start;
}

/** Writes hexadecimal bytes without leading zeros, as ISC prints option data. */
export function putShortHex(
  target: Uint8Array,
  start: number,
  bytes: Uint8Array,
  first: number,
  end: number,
): number {
  let at = start;
  for (let place = first; place < end; place += 1) {
    if (place > first) target[at++] = 0x3a;
    if (bytes[place] > 15) target[at++] = hexDigits[bytes[place] >>> 4];
    target[at++] = hexDigits[bytes[place] & 15];
  }
  return at;
}
