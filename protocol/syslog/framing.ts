import { SYSLOG_BYTES_MAX } from "./message.ts";

const LF = 0x0a;
const SPACE = 0x20;

/** Most digits of an octet count; more digits begin a line of text. */
const COUNT_DIGITS_MAX = 7;

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

type Part = "start" | "count" | "counted" | "line";

/**
 * Cuts a TCP stream into messages (RFC 6587). Digits that begin with 1 to 9 and end with a blank are an
 * octet count; anything else is a line that LF ends. Every message may use either form. It stores one
 * message of at most `frameBytesMax` bytes, whatever arrives: the rest of a longer one is skipped. Empty
 * messages are left out.
 */
export class SyslogFramer {
  readonly #frame: Uint8Array;
  #length = 0;
  #part: Part = "start";
  /** Octets of the counted message that have not arrived yet. */
  #left = 0;
  #cutOff = false;
  #truncated = 0;

  constructor(frameBytesMax: number = SYSLOG_BYTES_MAX) {
    this.#frame = new Uint8Array(Math.max(frameBytesMax, COUNT_DIGITS_MAX + 1));
  }

  /** Number of messages that were cut off at the limit. */
  get truncated(): number {
    return this.#truncated;
  }

  /** Takes the next bytes. `onFrame` gets a view that is overwritten after it returns. */
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

  /** The connection has ended: an unfinished message counts as a message too. */
  end(onFrame: (frame: Uint8Array) => void): void {
    this.#finish(onFrame);
  }

  /** Keeps the digits in the frame, because they may turn out to begin a line. */
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
