import { NetasciiEncoder } from "./netascii.ts";

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

/** Length of the text in netascii, where LF and CR become pairs. */
export function netasciiLength(bytes: Uint8Array): number {
  let length = bytes.length;
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === LF || bytes[at] === CR) length += 1;
  }
  return length;
}

/** A whole text as netascii. */
export function encodeNetascii(bytes: Uint8Array): Uint8Array {
  const target = new Uint8Array(netasciiLength(bytes));
  new NetasciiEncoder().encodeInto(bytes, target);
  return target;
}

/**
 * Netascii to host text, block by block. A CR followed by neither LF nor NUL violates the standard; it is
 * kept, so that no byte of a file is lost.
 */
export class NetasciiDecoder {
  #afterCr = false;

  /** The text of the next bytes; a CR at their end waits for the next byte. */
  decode(bytes: Uint8Array): Uint8Array {
    const target = new Uint8Array(bytes.length + 1);
    let end = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (this.#afterCr) {
        this.#afterCr = false;
        if (byte === LF || byte === NUL) {
          target[end] = byte === LF ? LF : CR;
          end += 1;
          continue;
        }
        target[end] = CR;
        end += 1;
      }
      if (byte === CR) {
        this.#afterCr = true;
      } else {
        target[end] = byte;
        end += 1;
      }
    }
    return target.subarray(0, end);
  }

  /** What still waits when the transfer ends: a lone CR, or nothing. */
  end(): Uint8Array {
    const waits = this.#afterCr;
    this.#afterCr = false;
    return waits ? Uint8Array.of(CR) : new Uint8Array(0);
  }
}
