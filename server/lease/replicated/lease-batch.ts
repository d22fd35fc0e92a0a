import { formatRow, rowBytesMax } from "../format/lease-writer.ts";
import type { LeaseRow } from "../table/lease-row.ts";

/** Bytes before each record: its address and its length. */
const HEAD_BYTES = 8;
const FIRST_BYTES = 1 << 18;
/** Far more than needed: a batch has a few hundred records. */
const BYTES_MAX = 1 << 30;

/**
 * Records of one commit in memory that another thread reads: for each its address, its length and its
 * lease-file text. It grows to the largest batch.
 */
export class LeaseBatch {
  #shared = new SharedArrayBuffer(FIRST_BYTES);
  #bytes = new Uint8Array(this.#shared);
  #view = new DataView(this.#shared);
  #used = 0;

  get shared(): SharedArrayBuffer {
    return this.#shared;
  }

  get lengthBytes(): number {
    return this.#used;
  }

  append(row: LeaseRow): void {
    this.#reserve(HEAD_BYTES + rowBytesMax(row));
    const start = this.#used + HEAD_BYTES;
    const end = formatRow(row, this.#bytes, start);
    this.#view.setUint32(this.#used, row.address);
    this.#view.setUint32(this.#used + 4, end - start);
    this.#used = end;
  }

  clear(): void {
    this.#used = 0;
  }

  #reserve(lengthBytes: number): void {
    const needed = this.#used + lengthBytes;
    if (needed <= this.#bytes.length) return;
    if (needed > BYTES_MAX) throw new RangeError(`a batch of ${needed} bytes`);
    const before = this.#bytes.subarray(0, this.#used);
    this.#shared = new SharedArrayBuffer(Math.min(BYTES_MAX, Math.max(needed, 2 * before.length)));
    this.#bytes = new Uint8Array(this.#shared);
    this.#view = new DataView(this.#shared);
    this.#bytes.set(before);
  }
}

/** The records by address, the last one of an address winning; the texts are views of one copy. */
export function readBatch(shared: SharedArrayBuffer, lengthBytes: number): Map<number, Uint8Array> {
  const bytes = new Uint8Array(lengthBytes);
  bytes.set(new Uint8Array(shared, 0, lengthBytes));
  return unpackRecords(bytes);
}

/** Texts and the addresses that they are for, as a batch has them. */
export function packRecords(
  records: readonly (readonly [address: number, text: Uint8Array])[],
): Uint8Array {
  const lengthBytes = records.reduce((total, [, text]) => total + HEAD_BYTES + text.length, 0);
  const bytes = new Uint8Array(lengthBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [address, text] of records) {
    view.setUint32(at, address);
    view.setUint32(at + 4, text.length);
    bytes.set(text, at + HEAD_BYTES);
    at += HEAD_BYTES + text.length;
  }
  return bytes;
}

/** The reverse; the last text of an address wins, and the texts are views. */
export function unpackRecords(bytes: Uint8Array): Map<number, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records = new Map<number, Uint8Array>();
  let at = 0;
  while (at < bytes.length) {
    const start = at + HEAD_BYTES;
    const end = start + view.getUint32(at + 4);
    records.set(view.getUint32(at), bytes.subarray(start, end));
    at = end;
  }
  return records;
}
