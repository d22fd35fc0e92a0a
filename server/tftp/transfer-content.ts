import { NetasciiEncoder } from "../../protocol/tftp/netascii.ts";

/** What `copy` returns when the bytes cannot be had any more: the file changed, or the disk failed. */
export const READ_FAILED = -1;

/** The bytes of one transfer, in the form in which they go out. */
export interface TransferContent {
  /** Undefined when only reading to the end tells, as for netascii. */
  readonly size: number | undefined;
  /**
   * Copies up to `length` bytes from `offset` on to `target` at `start`. Returns how many: fewer
   * than `length` only at the end, READ_FAILED when there is nothing to be had.
   */
  copy(offset: number, target: Uint8Array, start: number, length: number): number;
  /** The transfer is over: lets go of the file. */
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
    // The memory is the collector's.
  }
}

const READ_BYTES = 4096;
const scratch = new Uint8Array(READ_BYTES);

/**
 * Another content as netascii, converted block by block. A block may be asked for again as long as
 * it is one of the last `blocksKept`: for each of those it knows where in the source it began.
 */
export class NetasciiContent implements TransferContent {
  readonly size = undefined;
  readonly #source: TransferContent;
  readonly #blockBytes: number;
  /** By block modulo `blocksKept`: the source offset, and whether a pair was cut in two there. */
  readonly #sourceOffsets: Float64Array;
  readonly #cuts: Uint8Array;
  #knownBlocks = 1;

  /** `copy` is then asked for whole blocks of `blockBytes` only. */
  constructor(source: TransferContent, blockBytes: number, blocksKept: number) {
    this.#source = source;
    this.#blockBytes = blockBytes;
    // One more than may be asked for again: the place where the next block begins.
    this.#sourceOffsets = new Float64Array(blocksKept + 1);
    this.#cuts = new Uint8Array(blocksKept + 1);
  }

  copy(offset: number, target: Uint8Array, start: number, length: number): number {
    const block = offset / this.#blockBytes;
    if (block >= this.#knownBlocks) return READ_FAILED;
    const place = block % this.#cuts.length;
    let from = this.#sourceOffsets[place]!;
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

  /** Puts the encoder between the two bytes of the pair that the byte before `from` became. */
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
