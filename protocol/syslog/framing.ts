import { SYSLOG_BYTES_MAX } from "./message.ts";

const LF = 0x0a;
const SPACE = 0x20;

/** Digits of an octet count; more than these begin a line of text. */
const COUNT_DIGITS_MAX = 7;

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

type Part = "start" | "count" | "counted" | "line";

/**
 * Cuts a TCP stream into messages (RFC 6587): a digit 1 to 9 and a blank after the digits is octet
 * counting, anything else a line that LF ends; every message may choose anew. Holds one message of
 * at most `frameBytesMax` bytes, whatever arrives: the rest of a longer one is skipped, never
 * stored. Empty messages are left out.
 */
export class SyslogFramer {
  readonly #frame: Uint8Array;
  #length = 0;
  #part: Part = "start";
  /** Octets of the counted message that are still to come. */
  #left = 0;
  #cutOff = false;
  #truncated = 0;

  constructor(frameBytesMax: number = SYSLOG_BYTES_MAX) {
    this.#frame = new Uint8Array(Math.max(frameBytesMax, COUNT_DIGITS_MAX + 1));
  }

  /** Messages that were longer than the limit and were cut off there. */
  get truncated(): number {
    return this.#truncated;
  }

  /** Takes the next bytes; a frame is lent to `onFrame` and is overwritten after it returns. */
  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    let at = 0;
    while (at < chunk.length) {
      switch (this.#part) {
        case "start":
          this.#part = chunk[at] >= 0x31 && chunk[at] <= 0x39 ? "count" : "line";
          break;
        case "count":
          at = this.#takeCount(chunk, at);
          break;
        case "counted":
          at = this.#takeCounted(chunk, at, onFrame);
          break;
        case "line":
          at = this.#takeLine(chunk, at, onFrame);
          break;
      }
    }
  }

  /** The connection has ended: what was still without its end is a message too. */
  end(onFrame: (frame: Uint8Array) => void): void {
    this.#finish(onFrame);
  }

  /** Keeps the digits in the frame, for they may turn out to begin a line. */
  #takeCount(chunk: Uint8Array, start: number): number {
    const byte = chunk[start];
    if (isDigit(byte) && this.#length < COUNT_DIGITS_MAX) {
      this.#frame[this.#length] = byte;
      this.#length += 1;
      return start + 1;
    }
    if (byte !== SPACE) {
      this.#part = "line";
      return start;
    }
    let count = 0;
    for (let at = 0; at < this.#length; at += 1) count = count * 10 + (this.#frame[at] - 0x30);
    this.#left = count;
    this.#length = 0;
    this.#part = "counted";
    return start + 1;
  }

  #takeCounted(chunk: Uint8Array, start: number, onFrame: (frame: Uint8Array) => void): number {
    const end = Math.min(start + this.#left, chunk.length);
    this.#keep(chunk, start, end);
    this.#left -= end - start;
    if (this.#left === 0) this.#finish(onFrame);
    return end;
  }

  #takeLine(chunk: Uint8Array, start: number, onFrame: (frame: Uint8Array) => void): number {
    const lf = chunk.indexOf(LF, start);
    this.#keep(chunk, start, lf < 0 ? chunk.length : lf);
    if (lf < 0) return chunk.length;
    this.#finish(onFrame);
    return lf + 1;
  }

  #keep(chunk: Uint8Array, start: number, end: number): void {
    const room = this.#frame.length - this.#length;
    const kept = Math.min(end, start + room);
    this.#frame.set(chunk.subarray(start, kept), this.#length);
    this.#length += kept - start;
    if (kept < end) this.#cutOff = true;
  }

  #finish(onFrame: (frame: Uint8Array) => void): void {
    const length = this.#length;
    if (this.#cutOff) this.#truncated += 1;
    this.#length = 0;
    this.#left = 0;
    this.#cutOff = false;
    this.#part = "start";
    if (length > 0) onFrame(this.#frame.subarray(0, length));
  }
}

/** The message with its octet count before it, as RFC 6587, section 3.4.1 frames it. */
export function frameCounted(message: Uint8Array): Uint8Array {
  const count = `${message.length} `;
  const framed = new Uint8Array(count.length + message.length);
  for (let at = 0; at < count.length; at += 1) framed[at] = count.charCodeAt(at);
  framed.set(message, count.length);
  return framed;
}
