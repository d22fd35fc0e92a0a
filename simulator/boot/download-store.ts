import { ContentPool } from "./content-pool.ts";
import type { DownloadPolicy, DownloadProblem } from "./download.ts";
import { type DownloadTable, NO_SLOT, NOT_ANNOUNCED } from "./download-table.ts";
import { FileHashes } from "./file-hash.ts";

/** Takes the bytes of files: hashes and counts them, and keeps them when something will look at them. */
export class DownloadStore {
  readonly #table: DownloadTable;
  readonly #fileBytesMax: number;
  readonly #hashes: FileHashes;
  readonly #contents: ContentPool;

  constructor(policy: DownloadPolicy, table: DownloadTable) {
    this.#table = table;
    this.#fileBytesMax = policy.fileBytesMax;
    this.#hashes = new FileHashes(table.size);
    this.#contents = new ContentPool(policy.contentBytesMax, policy.contentsMax);
  }

  /** A new, empty file. */
  begin(local: number): void {
    this.#hashes.reset(local);
    this.drop(local);
  }

  /** False when the file gets longer than it may, or than the server said. */
  append(local: number, bytes: Uint8Array): boolean {
    const table = this.#table;
    const offset = this.#hashes.lengthBytes(local);
    const announcedBytes = table.announcedBytes[local];
    const limitBytes = announcedBytes === NOT_ANNOUNCED ? this.#fileBytesMax : announcedBytes;
    if (offset + bytes.length > limitBytes) return false;
    this.#hashes.update(local, bytes);
    if (table.request[local].keepContent === true) this.#keep(local, offset, bytes);
    return true;
  }

  // The first block takes a slot, not the request: devices in a server's queue need none.
  #keep(local: number, offset: number, bytes: Uint8Array): void {
    const table = this.#table;
    if (offset === 0) table.contentSlot[local] = this.#contents.take();
    const slot = table.contentSlot[local];
    if (slot === NO_SLOT || this.#contents.write(slot, offset, bytes)) return;
    this.drop(local);
  }

  lengthBytes(local: number): number {
    return this.#hashes.lengthBytes(local);
  }

  /** What is wrong with the file now that it has ended. */
  problemOf(local: number): DownloadProblem | undefined {
    const { expected } = this.#table.request[local];
    const lengthBytes = this.#hashes.lengthBytes(local);
    const announcedBytes = this.#table.announcedBytes[local];
    if (announcedBytes !== NOT_ANNOUNCED && announcedBytes !== lengthBytes) return "wrong-length";
    if (expected === undefined) return undefined;
    if (expected.lengthBytes !== lengthBytes) return "wrong-length";
    const isSame =
      expected.hashHigh === this.#hashes.high(local) &&
      expected.hashLow === this.#hashes.low(local);
    return isSame ? undefined : "wrong-hash";
  }

  /** Takes the contents' slot away from the row, so that the row is free for another download. */
  detach(local: number): number {
    const slot = this.#table.contentSlot[local];
    this.#table.contentSlot[local] = NO_SLOT;
    return slot;
  }

  view(slot: number, lengthBytes: number): Uint8Array {
    return this.#contents.view(slot, lengthBytes);
  }

  release(slot: number): void {
    if (slot !== NO_SLOT) this.#contents.release(slot);
  }

  drop(local: number): void {
    this.release(this.detach(local));
  }
}
