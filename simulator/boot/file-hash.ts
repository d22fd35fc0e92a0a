import { Rows } from "../../base/rows.ts";
/**
 * What a file must be: its length and its hash. 64 bits tell a damaged file from a good one; they are
 * no defence against an attacker who wants two files to look alike.
 */
export interface FileExpectation {
  readonly lengthBytes: number;
  readonly hashHigh: number;
  readonly hashLow: number;
}

const HIGH_SEED = 0x243f_6a88;
const LOW_SEED = 0x85a3_08d3;

/**
 * A file hash for each device, fed block by block: 21 bytes a device, and nothing of the file is kept. Two
 * independent 32-bit lanes run over little-endian words, each mixed by multiplication and rotation. The
 * size of the blocks makes no difference.
 */
export class FileHashes extends Rows {
  readonly #high = new Uint32Array(this.size);
  readonly #low = new Uint32Array(this.size);
  /** Up to three bytes that do not fill a word yet, the first in the lowest bits. */
  readonly #carry = new Uint32Array(this.size);
  readonly #carryBytes = new Uint8Array(this.size);
  readonly #lengthBytes = new Float64Array(this.size);

  /** A new, empty file. */
  reset(local: number): void {
    this.#high[local] = HIGH_SEED;
    this.#low[local] = LOW_SEED;
    this.#carry[local] = 0;
    this.#carryBytes[local] = 0;
    this.#lengthBytes[local] = 0;
  }

  /** The next bytes of the file. */
  update(local: number, bytes: Uint8Array): void {
    let high = this.#high[local];
    let low = this.#low[local];
    let carry = this.#carry[local];
    let carryBytes = this.#carryBytes[local];
    const length = bytes.length;
    let at = 0;
    while (at < length && carryBytes !== 0) {
      carry |= bytes[at] << (8 * carryBytes);
      at += 1;
      carryBytes = (carryBytes + 1) & 3;
      if (carryBytes === 0) {
        high = mixHigh(high, carry);
        low = mixLow(low, carry);
        carry = 0;
      }
    }
    for (; at + 4 <= length; at += 4) {
      const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      high = mixHigh(high, word);
      low = mixLow(low, word);
    }
    for (; at < length; at += 1) {
      carry |= bytes[at] << (8 * carryBytes);
      carryBytes += 1;
    }
    this.#high[local] = high;
    this.#low[local] = low;
    this.#carry[local] = carry;
    this.#carryBytes[local] = carryBytes;
    this.#lengthBytes[local] += length;
  }

  lengthBytes(local: number): number {
    return this.#lengthBytes[local];
  }

  high(local: number): number {
    return finish(mixHigh(this.#high[local], this.#carry[local]) ^ this.#lengthBytes[local]);
  }

  low(local: number): number {
    return finish(mixLow(this.#low[local], this.#carry[local]) ^ this.#lengthBytes[local]);
  }
}

/** The length and hash of a whole file. */
export function expectationOf(bytes: Uint8Array): FileExpectation {
  const hashes = new FileHashes(1);
  hashes.reset(0);
  hashes.update(0, bytes);
  return { lengthBytes: bytes.length, hashHigh: hashes.high(0), hashLow: hashes.low(0) };
}

// Every step is invertible in the lane and in the word, so one changed word always changes both
// lanes; the last words go through the same mixer, and `finish` spreads them over all bits.
function mixHigh(lane: number, word: number): number {
  const product = Math.imul(word, 0xcc9e_2d51);
  const mixed = lane ^ Math.imul((product << 15) | (product >>> 17), 0x1b87_3593);
  return Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0x52dc_e729;
}

function mixLow(lane: number, word: number): number {
  const product = Math.imul(word, 0x9e37_79b1);
  const mixed = lane ^ Math.imul((product << 11) | (product >>> 21), 0x85eb_ca77);
  return Math.imul((mixed << 17) | (mixed >>> 15), 9) + 0x27d4_eb2f;
}

function finish(lane: number): number {
  let h = lane;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
