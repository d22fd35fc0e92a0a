import { blockKinds, isPurgeable, writeRecord } from "../format/lease-file.ts";
import { putText } from "../format/lease-text.ts";
import { fileHeader, formatRow, type LeaseFormat, rowBytesMax } from "../format/lease-writer.ts";
import { LeaseRow } from "../table/lease-row.ts";
import type { LeaseTable } from "../table/lease-table.ts";
import type { JournalFile } from "./journal-file.ts";
import { attempted, type LeaseDisk, storeError, systemCode, writeAll } from "./lease-disk.ts";
import { type LeaseFileMark, markLine } from "./lease-file-mark.ts";
import type { CarriedItems } from "./lease-reader.ts";
import { LeaseStoreError } from "./lease-store.ts";

const BUFFER_BYTES = 1 << 19;
/** Addresses examined in a slice; most addresses of a large range may never have been used. */
const ADDRESSES_PER_SLICE = 65_536;
const TAIL_BYTES_PER_SLICE = 1 << 19;

export interface RewriteInput {
  readonly disk: LeaseDisk;
  /** The file that gets a new one in its place. */
  readonly target: JournalFile;
  /** The file that gets every record: the same, unless `target` is caught up from it. */
  readonly source: JournalFile;
  readonly format: LeaseFormat;
  /** Of one of two files: stands where `source` ends now. */
  readonly mark: LeaseFileMark | undefined;
  /** Leaves the syncs and the rename to the target's thread, in one call at the end. */
  readonly inBackground: boolean;
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
  #marked = false;
  /** Everything in the source before this offset is in the new file in some form. */
  #copiedTo: number;
  #sourceEndSeen: number;
  #buffer = new Uint8Array(BUFFER_BYTES);
  #used = 0;

  constructor(input: RewriteInput) {
    this.#input = input;
    this.#asidePath = `${input.target.path}.rewrite`;
    this.#items = itemsOf(input.carried, input.nowSeconds);
    this.#copiedTo = input.source.end;
    this.#sourceEndSeen = input.source.end;
  }

  /** Size of the new file. */
  get end(): number {
    return this.#end;
  }

  get copiedTo(): number {
    return this.#copiedTo;
  }

  /**
   * Does one slice. "waiting": the source's disk is at work. "done": the new file is in force, or the
   * target's thread puts it there. On failure it removes what it wrote and throws LeaseStoreError, and the
   * old file stays in force. If only the directory could not be synced, the new file is in force and
   * commits wait for that sync.
   */
  step(): "more" | "waiting" | "done" {
    const { source, target, table, inBackground } = this.#input;
    const isAtTail = this.#itemsDone && this.#nextIndex >= table.size;
    if (source.isMidBatch && (isAtTail || !inBackground)) return "waiting";
    const grownBytes = source.end - this.#sourceEndSeen;
    this.#sourceEndSeen = source.end;
    try {
      if (this.#file < 0) this.#begin();
      else if (!this.#itemsDone) this.#writeItems();
      else if (!isAtTail) this.#writeLeases();
      else if (this.#copyTail(grownBytes)) return this.#install();
      return "more";
    } catch (error) {
      this.abandon();
      const code = error instanceof LeaseStoreError ? undefined : systemCode(error);
      if (code === undefined) throw error;
      throw storeError(code, `Can't rewrite ${target.path}`);
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
    const { disk, source } = this.#input;
    // A crash may have left one behind.
    attempted(() => disk.unlink(this.#asidePath));
    this.#file = disk.open(this.#asidePath, "new");
    disk.copyAccess(source.file, this.#file);
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
    const { table, leasesPerSlice, format } = this.#input;
    const lookEnd = Math.min(table.size, this.#nextIndex + ADDRESSES_PER_SLICE);
    let written = 0;
    while (this.#nextIndex < lookEnd && written < leasesPerSlice) {
      const index = this.#nextIndex;
      this.#nextIndex += 1;
      if (!table.isWorthKeeping(index)) continue;
      table.readRow(index, this.#row);
      this.#reserve(rowBytesMax(this.#row));
      this.#used = formatRow(this.#row, this.#buffer, this.#used, format);
      written += 1;
    }
    this.#flush();
  }

  /** True when the new file has everything of the old one. */
  #copyTail(grownBytes: number): boolean {
    const { disk, source } = this.#input;
    this.#putMark();
    // At least twice the growth since the last slice, so that the copy always catches up.
    const sliceBytes = Math.max(TAIL_BYTES_PER_SLICE, 2 * grownBytes);
    const limit = Math.min(source.end, this.#copiedTo + sliceBytes);
    while (this.#copiedTo < limit) {
      const wanted = Math.min(this.#buffer.length, limit - this.#copiedTo);
      const got = disk.read(source.file, this.#buffer, wanted, this.#copiedTo);
      if (got === 0) throw storeError("CHANGED", "The file shrank");
      this.#used = got;
      this.#copiedTo += got;
      this.#write();
    }
    this.#sync();
    return this.#copiedTo === source.end;
  }

  #putMark(): void {
    const { mark } = this.#input;
    if (mark === undefined || this.#marked) return;
    this.#marked = true;
    const line = markLine(mark);
    this.#buffer.set(line);
    this.#used = line.length;
    this.#write();
  }

  /** When the source's disk is at work, more may wait for it. */
  #install(): "waiting" | "done" {
    const { source, target, inBackground } = this.#input;
    if (!source.isIdle || !target.isIdle) return "waiting";
    const file = this.#file;
    this.#file = -1;
    target.install({ path: this.#asidePath, file, end: this.#end }, inBackground);
    return "done";
  }

  #reserve(lengthBytes: number): void {
    if (this.#used + lengthBytes <= this.#buffer.length) return;
    this.#write();
    if (lengthBytes > this.#buffer.length) this.#buffer = new Uint8Array(lengthBytes);
  }

  /** Syncs each slice, so that the last sync has little left to wait for. */
  #flush(): void {
    this.#write();
    this.#sync();
  }

  #sync(): void {
    const { disk, inBackground } = this.#input;
    if (!inBackground) disk.sync(this.#file);
  }

  #write(): void {
    if (this.#used === 0) return;
    const { disk, target } = this.#input;
    const taken = writeAll(disk, this.#file, this.#buffer, this.#used, this.#end);
    if (taken !== this.#used) {
      throw storeError("SHORT_WRITE", `Can't rewrite ${target.path}`);
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
