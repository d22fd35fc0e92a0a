import { assert } from "../../../base/assert.ts";
import { formatRow, type LeaseFormat, rowBytesMax, usualFormat } from "../format/lease-writer.ts";
import type { LeaseRow } from "../table/lease-row.ts";
import {
  attempted,
  type BackgroundSync,
  guarded,
  type LeaseDisk,
  storeError,
  writeAll,
} from "./lease-disk.ts";
import { LeaseStoreError } from "./lease-store.ts";

const BUFFER_BYTES = 1 << 20;

export interface LeaseJournalOptions {
  readonly disk: LeaseDisk;
  readonly path: string;
  readonly file: number;
  /** Size of the file; its last record must be whole. */
  readonly end: number;
  readonly isSynced: boolean;
  readonly backgroundSync: BackgroundSync | undefined;
  readonly format: LeaseFormat | undefined;
}

/** State of the sync that `beginCommit` began; its result is kept until `endCommit` returns it. */
type SyncState = "none" | "running" | "durable" | LeaseStoreError;

/**
 * The end of the lease file, where batches are appended with one write and one sync each. A batch larger
 * than the buffer is written in parts, but still synced or taken back as a whole. While a sync runs in
 * the background the file is not touched: what is appended stays in the buffer.
 */
export class LeaseJournal {
  readonly path: string;
  readonly format: LeaseFormat;
  readonly #disk: LeaseDisk;
  readonly #isSynced: boolean;
  readonly #background: BackgroundSync | undefined;
  #file: number;
  /** Everything before this offset is committed. */
  #end: number;
  /** End of the current batch's bytes in the file. */
  #written: number;
  #buffer = new Uint8Array(BUFFER_BYTES);
  #used = 0;
  #records = 0;
  #sync: SyncState = "none";
  /** Number of records in the batch being synced. */
  #syncedRecords = 0;
  /** Why this batch can no longer be committed. */
  #failure: LeaseStoreError | undefined;
  /** Uncommitted bytes may follow the end. */
  #mustTruncate = false;
  /** A rename may not have reached the disk; commits to the new file would then be lost with it. */
  #mustSyncDirectory = false;
  #isSuspect = false;

  constructor(options: LeaseJournalOptions) {
    this.format = options.format ?? usualFormat;
    this.#disk = options.disk;
    this.path = options.path;
    this.#file = options.file;
    this.#end = options.end;
    this.#written = options.end;
    this.#isSynced = options.isSynced;
    this.#background = options.backgroundSync;
  }

  get file(): number {
    return this.#file;
  }

  get end(): number {
    return this.#end;
  }

  /** Part of a batch is in the file, uncommitted. */
  get isMidBatch(): boolean {
    return this.#written !== this.#end;
  }

  /** A sync failed. What the system reports about older pages cannot be trusted, so rewrite the file. */
  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  append(row: LeaseRow): void {
    this.#records += 1;
    this.#reserve(rowBytesMax(row));
    if (this.#failure === undefined) {
      this.#used = formatRow(row, this.#buffer, this.#used, this.format);
    }
  }

  /** Adds text other than leases: the header of a new file, a missing newline. */
  appendBytes(bytes: Uint8Array): void {
    this.#records += 1;
    this.#reserve(bytes.length);
    if (this.#failure !== undefined) return;
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** All or nothing; throws LeaseStoreError after taking the batch back. */
  commit(): void {
    this.#commit(undefined);
  }

  /** As `commit`; returns false while the sync runs, and `endCommit` then gives the result. */
  beginCommit(): boolean {
    return this.#commit(this.#background);
  }

  /**
   * True when the batch of `beginCommit` is durable. Throws after cutting a failed batch off the file.
   */
  endCommit(msMax: number): boolean {
    this.#awaitSync(msMax);
    if (this.#sync === "running") return false;
    const ended = this.#sync;
    this.#sync = "none";
    if (ended instanceof LeaseStoreError) throw ended;
    return true;
  }

  /** Replaces the old file, which is closed, by the rewritten one. */
  switchTo(file: number, end: number, isDirectorySynced: boolean): void {
    const old = this.#file;
    this.#file = file;
    this.#end = end;
    this.#written = end;
    this.#mustTruncate = false;
    this.#mustSyncDirectory = !isDirectorySynced;
    this.#isSuspect = false;
    attempted(() => this.#disk.close(old));
  }

  close(): void {
    this.#awaitSync(Number.POSITIVE_INFINITY);
    if (this.isMidBatch) this.#takeBack();
    this.#used = 0;
    this.#records = 0;
    guarded(`Can't close ${this.path}`, () => this.#disk.close(this.#file));
  }

  #commit(background: BackgroundSync | undefined): boolean {
    assert(this.#sync === "none", "a commit while another is under way");
    if (this.#records === 0) return true;
    let isRunning = false;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#write();
      isRunning = this.#isSynced && background?.begin(this.#file) === true;
      if (this.#isSynced && !isRunning) this.#syncNow();
    } catch (error) {
      this.#takeBack();
      throw error;
    }
    this.#syncedRecords = this.#records;
    this.#records = 0;
    if (isRunning) this.#sync = "running";
    else this.#settle();
    return !isRunning;
  }

  #reserve(lengthBytes: number): void {
    if (this.#failure !== undefined || this.#used + lengthBytes <= this.#buffer.length) return;
    this.#awaitSync(Number.POSITIVE_INFINITY);
    try {
      this.#write();
    } catch (error) {
      if (!(error instanceof LeaseStoreError)) throw error;
      this.#failure = error;
      return;
    }
    if (lengthBytes > this.#buffer.length) this.#buffer = new Uint8Array(lengthBytes);
  }

  #write(): void {
    if (this.#used === 0) return;
    if (!this.isMidBatch) this.#prepare();
    const length = this.#used;
    this.#mustTruncate = true;
    const taken = guarded(this.#what("append"), () =>
      writeAll(this.#disk, this.#file, this.#buffer, length, this.#written),
    );
    this.#written += taken;
    this.#used = 0;
    if (taken !== length) {
      throw storeError("SHORT_WRITE", this.#what("append"));
    }
  }

  /** Before the first write of a batch: checks that this is still our file and ends where we expect. */
  #prepare(): void {
    const { path } = this;
    if (this.#mustTruncate) {
      guarded(`Can't take back a failed write to ${path}`, () =>
        this.#disk.truncate(this.#file, this.#end),
      );
      this.#mustTruncate = false;
    }
    if (this.#mustSyncDirectory) {
      guarded(`Can't sync the directory of ${path}`, () => this.#disk.syncDirectory(path));
      this.#mustSyncDirectory = false;
    }
    const { sizeBytes, links } = guarded(this.#what("append"), () => this.#disk.state(this.#file));
    if (sizeBytes === this.#end && links > 0) return;
    throw new LeaseStoreError(
      "CHANGED",
      links === 0
        ? `${path} was removed or replaced while it was in use.`
        : `${path} was changed by another process: it has ${sizeBytes} bytes and not ${this.#end}.`,
      "Stop whatever writes to it (a second server?), then restart this server.",
    );
  }

  #syncNow(): void {
    try {
      guarded(this.#what("sync"), () => this.#disk.sync(this.#file));
    } catch (error) {
      this.#isSuspect = true;
      throw error;
    }
  }

  /** Waits at most `msMax` for the background sync, and keeps its result. */
  #awaitSync(msMax: number): void {
    const background = this.#background;
    if (this.#sync !== "running" || background === undefined) return;
    try {
      const what = this.#what("sync", this.#syncedRecords);
      if (!guarded(what, () => background.end(msMax))) return;
      this.#sync = "durable";
      this.#settle();
    } catch (error) {
      if (!(error instanceof LeaseStoreError)) throw error;
      this.#isSuspect = true;
      this.#sync = error;
      this.#cutBack();
    }
  }

  /** Marks everything written as committed. */
  #settle(): void {
    this.#end = this.#written;
    this.#mustTruncate = false;
  }

  #takeBack(): void {
    this.#used = 0;
    this.#records = 0;
    this.#failure = undefined;
    this.#cutBack();
  }

  #cutBack(): void {
    this.#written = this.#end;
    if (!this.#mustTruncate) return;
    const isDone = attempted(() => this.#disk.truncate(this.#file, this.#end));
    this.#mustTruncate = !isDone;
  }

  #what(verb: string, count = this.#records): string {
    const records = count === 1 ? "1 record" : `${count} records`;
    return `Can't ${verb} ${records} to ${this.path}`;
  }
}
