import { NetasciiEncoder } from "../../protocol/tftp/netascii.ts";

/** Returned by `copy` when the bytes are no longer available: the file changed, or the disk failed. */
export const READ_FAILED = -1;

/** The bytes of one transfer as they are sent. */
export interface TransferContent {
  /** Undefined when it is known only at the end, as for netascii. */
  readonly size: number | undefined;
  /**
   * Copies up to `length` bytes from `offset` into `target` at `start`. Returns how many: fewer than
   * `length` only at the end, or READ_FAILED.
   */
  copy(offset: number, target: Uint8Array, start: number, length: number): number;
  /** The transfer is over: releases the file. */
  close(): void;
}

/** Bytes in memory: a cached file, or one made on demand. */
export class BytesContent implements TransferContent {
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  copy(offset: number, target: Uint8Array, start: number, length: number): number {
    const end = Math.min(offset + length, this.#bytes.length);
    if (end <= offset) return 0;
    target.set(this.#bytes.subarray(offset, end), start);
    return end - offset;
  }

  close(): void {
    // Nothing to release.
  }
}

const READ_BYTES = 4096;
const scratch = new Uint8Array(READ_BYTES);

/**
 * Another content as netascii, converted block by block. Each of the last `blocksKept` blocks may be
 * requested again: for these it remembers where they began in the source.
 */
export class NetasciiContent implements TransferContent {
  readonly size = undefined;
  readonly #source: TransferContent;
  readonly #blockBytes: number;
  /** By block modulo `blocksKept + 1`: the source offset, and whether a pair was split there. */
  readonly #sourceOffsets: Float64Array;
  readonly #cuts: Uint8Array;
  #knownBlocks = 1;

  /** `copy` must then ask only for whole blocks of `blockBytes`. */
  constructor(source: TransferContent, blockBytes: number, blocksKept: number) {
    this.#source = source;
    this.#blockBytes = blockBytes;
    // One more place: where the next block begins.
    this.#sourceOffsets = new Float64Array(blocksKept + 1);
    this.#cuts = new Uint8Array(blocksKept + 1);
  }

  copy(offset: number, target: Uint8Array, start: number, length: number): number {
    const block = offset / this.#blockBytes;
    if (block >= this.#knownBlocks) return READ_FAILED;
    const place = block % this.#cuts.length;
    let from = this.#sourceOffsets[place];
    const encoder = new NetasciiEncoder();
    if (this.#cuts[place] === 1 && !this.#resumePair(encoder, from)) return READ_FAILED;
    let written = 0;
    while (written < length) {
      const wanted = Math.min(READ_BYTES, length - written);
      const copied = this.#source.copy(from, scratch, 0, wanted);
      if (copied === READ_FAILED) return READ_FAILED;
      if (copied === 0 && !encoder.pending) break;
      const room = target.subarray(start + written, start + length);
      const step = encoder.encodeInto(scratch.subarray(0, copied), room);
      from += step.read;
      written += step.written;
    }
    this.#rememberNext(block + 1, from, encoder.pending);
    return written;
  }

  close(): void {
    this.#source.close();
  }

  /** Puts the encoder into the middle of the pair that stands for the byte before `from`. */
  #resumePair(encoder: NetasciiEncoder, from: number): boolean {
    if (this.#source.copy(from - 1, scratch, 0, 1) !== 1) return false;
    encoder.encodeInto(scratch.subarray(0, 1), scratch.subarray(1, 2));
    return true;
  }

  #rememberNext(block: number, from: number, isCut: boolean): void {
    const place = block % this.#cuts.length;
    this.#sourceOffsets[place] = from;
    this.#cuts[place] = isCut ? 1 : 0;
    this.#knownBlocks = Math.max(this.#knownBlocks, block + 1);
  }
}
