import { blockKinds, isPurgeable, writeRecord } from "../format/lease-file.ts";
import { putText } from "../format/lease-text.ts";
import { fileHeader, formatRow, rowBytesMax } from "../format/lease-writer.ts";
import { LeaseRow } from "../table/lease-row.ts";
import type { LeaseTable } from "../table/lease-table.ts";
import { attempted, type LeaseDisk, storeError, systemCode, writeAll } from "./lease-disk.ts";
import type { LeaseJournal } from "./lease-journal.ts";
import type { CarriedItems } from "./lease-reader.ts";
import { LeaseStoreError } from "./lease-store.ts";

const BUFFER_BYTES = 1 << 19;
/** Addresses examined in a slice; most addresses of a large range may never have been used. */
const ADDRESSES_PER_SLICE = 65_536;
const TAIL_BYTES_PER_SLICE = 1 << 19;

export interface RewriteInput {
  readonly disk: LeaseDisk;
  readonly journal: LeaseJournal;
  readonly table: LeaseTable;
  readonly carried: CarriedItems;
  /** Leases written in one slice. */
  readonly leasesPerSlice: number;
  /** Leases of addresses in no range are carried over while they are active at this time. */
  readonly nowSeconds: number;
}

/**
 * Writes a new lease file beside the current one, slice by slice, while batches are still appended to the
 * old one. At the end, everything appended since the beginning is copied after the leases. The last
 * record of an address wins, so it does not matter whether a slice shows an older or a newer state. The
 * new file gets the name, by rename, only when it is whole and on the disk.
 */
export class LeaseRewrite {
  readonly #input: RewriteInput;
  readonly #asidePath: string;
  readonly #row = new LeaseRow();
  /** Texts before the leases: blocks and foreign leases, one by one. */
  readonly #items: Iterator<string>;
  #itemsDone = false;
  #file = -1;
  #end = 0;
  #nextIndex = 0;
  /** Everything in the old file before this offset is in the new one in some form. */
  #copiedTo: number;
  #journalEndSeen: number;
  #buffer = new Uint8Array(BUFFER_BYTES);
  #used = 0;

  constructor(input: RewriteInput) {
    this.#input = input;
    this.#asidePath = `${input.journal.path}.rewrite`;
    this.#items = itemsOf(input.carried, input.nowSeconds);
    this.#copiedTo = input.journal.end;
    this.#journalEndSeen = input.journal.end;
  }

  /** Size of the new file. */
  get end(): number {
    return this.#end;
  }

  /**
   * Does one slice; true when the new file is in force. On failure it removes what it wrote and throws
   * LeaseStoreError, and the old file stays in force. If only the directory could not be synced, the new
   * file is in force and commits wait for that sync.
   */
  step(): boolean {
    const { journal } = this.#input;
    if (journal.isMidBatch) return false;
    const grownBytes = journal.end - this.#journalEndSeen;
    this.#journalEndSeen = journal.end;
    try {
      if (this.#file < 0) this.#begin();
      else if (!this.#itemsDone) this.#writeItems();
      else if (this.#nextIndex < this.#input.table.size) this.#writeLeases();
      else return this.#copyTail(grownBytes) && this.#install();
      return false;
    } catch (error) {
      this.abandon();
      const code = error instanceof LeaseStoreError ? undefined : systemCode(error);
      if (code === undefined) throw error;
      throw storeError(code, `Can't rewrite ${journal.path}`);
    }
  }

  /** Gives up: removes what was written; the old file stays in force. */
  abandon(): void {
    if (this.#file < 0) return;
    const { disk } = this.#input;
    const file = this.#file;
    this.#file = -1;
    attempted(() => disk.close(file));
    attempted(() => disk.unlink(this.#asidePath));
  }

  #begin(): void {
    const { disk, journal } = this.#input;
    // A crash may have left one behind.
    attempted(() => disk.unlink(this.#asidePath));
    this.#file = disk.open(this.#asidePath, "new");
    disk.copyAccess(journal.file, this.#file);
    this.#buffer.set(fileHeader);
    this.#used = fileHeader.length;
    this.#flush();
  }

  #writeItems(): void {
    for (let count = 0; count < this.#input.leasesPerSlice; count += 1) {
      const item = this.#items.next();
      if (item.done === true) {
        this.#itemsDone = true;
        break;
      }
      this.#reserve(item.value.length);
      this.#used = putText(this.#buffer, this.#used, item.value);
    }
    this.#flush();
  }

  #writeLeases(): void {
    const { table, leasesPerSlice, journal } = this.#input;
    const lookEnd = Math.min(table.size, this.#nextIndex + ADDRESSES_PER_SLICE);
    let written = 0;
    while (this.#nextIndex < lookEnd && written < leasesPerSlice) {
      const index = this.#nextIndex;
      this.#nextIndex += 1;
      if (!table.isWorthKeeping(index)) continue;
      table.readRow(index, this.#row);
      this.#reserve(rowBytesMax(this.#row));
      this.#used = formatRow(this.#row, this.#buffer, this.#used, journal.format);
      written += 1;
    }
    this.#flush();
  }

  /** True when the new file has everything of the old one. */
  #copyTail(grownBytes: number): boolean {
    const { disk, journal } = this.#input;
    // At least twice the growth since the last slice, so that the copy always catches up.
    const sliceBytes = Math.max(TAIL_BYTES_PER_SLICE, 2 * grownBytes);
    const limit = Math.min(journal.end, this.#copiedTo + sliceBytes);
    while (this.#copiedTo < limit) {
      const wanted = Math.min(this.#buffer.length, limit - this.#copiedTo);
      const got = disk.read(journal.file, this.#buffer, wanted, this.#copiedTo);
      if (got === 0) throw storeError("CHANGED", "The file shrank");
      this.#used = got;
      this.#copiedTo += got;
      this.#write();
    }
    disk.sync(this.#file);
    return this.#copiedTo === journal.end;
  }

  #install(): true {
    const { disk, journal } = this.#input;
    const { path } = journal;
    // dhcpd leaves this backup too; file systems without hard links get none.
    attempted(() => disk.unlink(`${path}~`));
    attempted(() => disk.link(path, `${path}~`));
    disk.rename(this.#asidePath, path);
    const file = this.#file;
    this.#file = -1;
    const isSynced = attempted(() => disk.syncDirectory(path));
    journal.switchTo(file, this.#end, isSynced);
    if (!isSynced) throw storeError("EIO", `Can't sync the directory of ${path}`);
    return true;
  }

  #reserve(lengthBytes: number): void {
    if (this.#used + lengthBytes <= this.#buffer.length) return;
    this.#write();
    if (lengthBytes > this.#buffer.length) this.#buffer = new Uint8Array(lengthBytes);
  }

  /** Syncs each slice, so that the last sync has little left to wait for. */
  #flush(): void {
    this.#write();
    this.#input.disk.sync(this.#file);
  }

  #write(): void {
    if (this.#used === 0) return;
    const { disk, journal } = this.#input;
    const taken = writeAll(disk, this.#file, this.#buffer, this.#used, this.#end);
    if (taken !== this.#used) {
      throw storeError("SHORT_WRITE", `Can't rewrite ${journal.path}`);
    }
    this.#end += taken;
    this.#used = 0;
  }
}

function* itemsOf(carried: CarriedItems, nowSeconds: number): Generator<string> {
  const blocks = [...carried.blocks.values()].filter((block) => !isPurgeable(block));
  // In dhcpd's order: hosts refer to groups, and leases to classes.
  for (const kind of blockKinds) {
    for (const block of blocks) if (block.kind === kind) yield `${block.text}\n`;
  }
  for (const record of carried.foreign.values()) {
    const isOver = record.endsAt !== null && record.endsAt < nowSeconds;
    if (record.bindingState === "active" && !isOver) yield writeRecord(record);
  }
}
