import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenientUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

const isControl = (byte: number): boolean => byte < 0x20 || byte === 0x7f;

/** The index of the NUL that ends the text at `start`, or -1. */
export function endOfText(bytes: Uint8Array, start: number): number {
  return bytes.indexOf(0, start);
}

/**
 * The text in bytes `start` to `end`. Names go into file systems and logs, so control characters
 * and bytes that are not UTF-8 are refused. Throws DecodeError "bad-option-value".
 */
export function readText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (isControl(byte)) throw new DecodeError("bad-option-value", at);
    if (byte >= 0x80) return readUtf8(bytes, start, end);
    text += String.fromCharCode(byte);
  }
  return text;
}

function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  for (let at = start; at < end; at += 1) {
    if (isControl(bytes[at])) throw new DecodeError("bad-option-value", at);
  }
  try {
    return strictUtf8.decode(bytes.subarray(start, end));
  } catch {
    throw new DecodeError("bad-option-value", start);
  }
}

/** Text that is only shown to people: bytes that are not UTF-8 become U+FFFD. */
export function readAnyText(bytes: Uint8Array, start: number, end: number): string {
  return lenientUtf8.decode(bytes.subarray(start, end));
}

/** Writes the text and a NUL. Throws EncodeError when the text contains a NUL or there is no room. */
export function writeText(target: Uint8Array, start: number, text: string): number {
  if (text.includes("\0")) throw new EncodeError("text with a NUL in it cannot be sent by TFTP");
  const { read, written } = utf8.encodeInto(text, target.subarray(start));
  const end = start + written;
  if (read !== text.length || end >= target.length) {
    throw new EncodeError(`no room for a text of ${text.length} characters and its NUL`);
  }
  target[end] = 0;
  return end + 1;
}

/** As writeText, but cuts the text off at `bytesMax` (NUL included) or at its first NUL. */
export function writeTextCutOff(
  target: Uint8Array,
  start: number,
  text: string,
  bytesMax: number,
): number {
  const nul = text.indexOf("\0");
  const room = target.subarray(start, Math.min(start + bytesMax, target.length) - 1);
  const { written } = utf8.encodeInto(nul < 0 ? text : text.slice(0, nul), room);
  target[start + written] = 0;
  return start + written + 1;
}
