const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Host text to netascii (RFC 764, as RFC 1350 uses it): LF becomes CR LF, CR becomes CR NUL. Fills blocks
 * of any size from pieces of any size: a pair may be split between two blocks.
 */
export class NetasciiEncoder {
  #second = -1;

  /** True while the second byte of a pair waits for the next target. */
  get pending(): boolean {
    return this.#second >= 0;
  }

  /** Takes from `source` until it is empty or `target` is full. */
  encodeInto(source: Uint8Array, target: Uint8Array): { read: number; written: number } {
    let read = 0;
    let written = 0;
    while (written < target.length) {
      if (this.#second >= 0) {
        target[written] = this.#second;
        this.#second = -1;
      } else {
        if (read === source.length) break;
        const byte = source[read];
        read += 1;
        if (byte === LF) this.#second = LF;
        else if (byte === CR) this.#second = NUL;
        target[written] = byte === LF ? CR : byte;
      }
      written += 1;
    }
    return { read, written };
  }
}
