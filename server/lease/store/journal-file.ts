import {
  attempted,
  type BackgroundSync,
  guarded,
  type LeaseDisk,
  replaceFile,
  storeError,
  writeAll,
} from "./lease-disk.ts";
import { LeaseStoreError } from "./lease-store.ts";

/** What is synced: each commit before it counts, all commits now and then behind them (`trail`), or nothing. */
export type SyncMode = "commits" | "behind" | "nothing";

export interface JournalFileOptions {
  readonly disk: LeaseDisk;
  readonly path: string;
  /** -1 when there is no file yet: `install` gives it one. */
  readonly file: number;
  /** Size of the file; its last record must be whole. */
  readonly end: number;
  readonly syncs: SyncMode;
  readonly backgroundSync: BackgroundSync | undefined;
}

/** A file beside the lease file that is to take its place: whole and written, but not synced. */
export interface FileAside {
  readonly path: string;
  readonly file: number;
  readonly end: number;
}

/**
 * One lease file, and the bytes for it. Each method throws LeaseStoreError; then `cutBack` takes off what
 * is not durable. While its disk is at work the file is not touched, and bytes wait in memory.
 */
export class JournalFile {
  readonly path: string;
  readonly #disk: LeaseDisk;
  readonly #syncs: SyncMode;
  readonly #background: BackgroundSync | undefined;
  #file: number;
  /** Everything before this offset is durable. */
  #end: number;
  /** The same when the last sync behind the commits was begun, and whether that one is still at work. */
  #trailEnd: number;
  #isTrailing = false;
  /** End of the bytes in the file. */
  #written: number;
  /** Bytes that wait for the disk. */
  #queue = new Uint8Array(0);
  #queued = 0;
  /** What the disk is doing: `FileAside` takes the place of the lease file. */
  #job: "sync" | "directory" | FileAside | undefined;
  /** Records of the batch, for messages. */
  records = 0;
  /** Number of the last commit that is durable here, whose sync runs, and whose bytes were added. */
  #durable = 0;
  #syncing = 0;
  #wanted = 0;
  /** Uncommitted bytes may follow the end. */
  #mustTruncate = false;
  /** A rename may not have reached the disk; commits to the new file would then be lost with it. */
  #mustSyncDirectory = false;
  #isSuspect = false;

  constructor(options: JournalFileOptions) {
    this.#disk = options.disk;
    this.path = options.path;
    this.#file = options.file;
    this.#end = options.end;
    this.#written = options.end;
    this.#trailEnd = options.end;
    this.#syncs = options.syncs;
    this.#background = options.backgroundSync;
  }

  get file(): number {
    return this.#file;
  }

  get end(): number {
    return this.#end;
  }

  /** Number of the last commit whose bytes are durable in this file. */
  get durable(): number {
    return this.#durable;
  }

  /** The disk does nothing for this file, and nothing waits for it. */
  get isIdle(): boolean {
    return this.#job === undefined && this.#queued === 0 && !this.#isTrailing;
  }

  /** Part of a batch is in the file, uncommitted. */
  get isMidBatch(): boolean {
    return this.#written !== this.#end;
  }

  /** Bytes that wait in memory for the disk. */
  get queuedBytes(): number {
    return this.#queued;
  }

  /** Number of the last commit whose sync was begun. */
  get syncing(): number {
    return this.#syncing;
  }

  /** A sync failed. What the system reports about older pages cannot be trusted, so rewrite the file. */
  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  /** Appends the first `length` bytes; they may change after the call. */
  add(bytes: Uint8Array, length: number): void {
    if (this.#job === undefined) this.#write(bytes, length);
    else this.#keep(bytes, length);
  }

  /**
   * Makes everything added until now durable as part of commit `number`. In the background it does not
   * wait; without one, or before its thread runs, it syncs in place.
   */
  commit(number: number, inBackground: boolean): void {
    this.#wanted = number;
    if (this.#job === undefined) this.#sync(inBackground);
  }

  /**
   * Housekeeping of a file that is synced behind its commits, about once a second: looks whether the last sync has
   * ended, and begins one for what was committed since, unless a rewrite waits for the disk.
   */
  trail(isRewriting: boolean): void {
    if (this.#syncs !== "behind" || this.#background === undefined) return;
    if (this.#isTrailing) {
      try {
        const isOver = guarded(`Can't sync ${this.path}`, () => this.#background?.end(0));
        if (isOver === false) return;
        this.#isTrailing = false;
      } catch (error) {
        this.#isTrailing = false;
        this.#isSuspect = true;
        throw error;
      }
    }
    if (isRewriting || this.#trailEnd === this.#end) return;
    this.#isTrailing = this.#background.begin(this.#file);
    if (this.#isTrailing) this.#trailEnd = this.#end;
  }

  /** Waits at most `msMax` for the disk, and gives it what waits. */
  poll(msMax: number): void {
    const job = this.#job;
    if (job === undefined || !this.#hasEnded(job, msMax)) return;
    const isInstalled = job !== "sync" && job !== "directory";
    if (isInstalled && this.#background?.beginDirectory(this.path) === true) {
      this.#job = "directory";
      return;
    }
    const queued = this.#queued;
    this.#queued = 0;
    this.#write(this.#queue, queued);
    if (this.#wanted > this.#durable) this.#sync(true);
  }

  /** Takes off everything that is not durable, and forgets what waits. */
  cutBack(): void {
    this.#queued = 0;
    this.#wanted = this.#durable;
    if (this.#job !== undefined) return;
    this.#written = this.#end;
    if (!this.#mustTruncate) return;
    this.#mustTruncate = !attempted(() => this.#disk.truncate(this.#file, this.#end));
  }

  /**
   * Puts `aside` in the place of the lease file. In place it has been synced already. In the background
   * it is synced, too, and bytes wait in memory meanwhile. If only the directory could not be synced, the
   * new file is in force and commits wait for that sync.
   */
  install(aside: FileAside, inBackground: boolean): void {
    const { file, path } = aside;
    if (inBackground && this.#background?.beginInstall(file, path, this.path) === true) {
      this.#job = aside;
      return;
    }
    try {
      if (inBackground) this.#disk.sync(file);
      replaceFile(this.#disk, path, this.path);
    } catch (error) {
      this.#discard(aside);
      throw error;
    }
    const isSynced = attempted(() => this.#disk.syncDirectory(this.path));
    this.#switchTo(aside, isSynced);
    if (!isSynced) throw storeError("EIO", `Can't sync the directory of ${this.path}`);
  }

  /** Everything in the file counts as part of commit `number`. */
  countFrom(number: number): void {
    this.#durable = number;
    this.#wanted = number;
  }

  /** A disk that is still at work keeps its file until the process ends. */
  close(): void {
    if (this.#file < 0) return;
    const file = this.#file;
    if (this.#syncs === "behind") {
      attempted(() => this.#disk.sync(file));
      attempted(() => this.trail(true));
    }
    if (!this.isIdle) return;
    this.#file = -1;
    guarded(`Can't close ${this.path}`, () => this.#disk.close(file));
  }

  #hasEnded(job: "sync" | "directory" | FileAside, msMax: number): boolean {
    const what = job === "sync" ? this.#what("sync") : `Can't rewrite ${this.path}`;
    try {
      if (!guarded(what, () => this.#background?.end(msMax) ?? true)) return false;
      this.#job = undefined;
      if (job === "sync") this.#settle();
      else if (job === "directory") this.#mustSyncDirectory = false;
      else this.#switchTo(job, false);
    } catch (error) {
      if (!(error instanceof LeaseStoreError)) throw error;
      this.#job = undefined;
      // A directory is synced again before the next write.
      if (job === "directory") return true;
      if (job === "sync") this.#isSuspect = true;
      else this.#discard(job);
      throw error;
    }
    return true;
  }

  #keep(bytes: Uint8Array, length: number): void {
    if (this.#queued + length > this.#queue.length) {
      const larger = new Uint8Array(Math.max(2 * this.#queue.length, this.#queued + length));
      larger.set(this.#queue.subarray(0, this.#queued));
      this.#queue = larger;
    }
    this.#queue.set(bytes.subarray(0, length), this.#queued);
    this.#queued += length;
  }

  #write(bytes: Uint8Array, length: number): void {
    if (length === 0) return;
    if (!this.isMidBatch) this.#prepare();
    this.#mustTruncate = true;
    const taken = guarded(this.#what("append"), () =>
      writeAll(this.#disk, this.#file, bytes, length, this.#written),
    );
    this.#written += taken;
    if (taken !== length) throw storeError("SHORT_WRITE", this.#what("append"));
  }

  #sync(inBackground: boolean): void {
    this.#syncing = this.#wanted;
    if (this.#syncs === "commits" && this.isMidBatch) {
      if (inBackground && this.#background?.begin(this.#file) === true) {
        this.#job = "sync";
        return;
      }
      try {
        guarded(this.#what("sync"), () => this.#disk.sync(this.#file));
      } catch (error) {
        this.#isSuspect = true;
        throw error;
      }
    }
    this.#settle();
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

  /** Marks everything written as durable. */
  #settle(): void {
    this.#end = this.#written;
    this.#durable = this.#syncing;
    this.#mustTruncate = false;
  }

  #switchTo({ file, end }: FileAside, isDirectorySynced: boolean): void {
    const old = this.#file;
    this.#file = file;
    this.#end = end;
    this.#written = end;
    this.#trailEnd = end;
    this.#mustTruncate = false;
    this.#mustSyncDirectory = !isDirectorySynced;
    this.#isSuspect = false;
    if (old >= 0) attempted(() => this.#disk.close(old));
  }

  #what(verb: string): string {
    const count = this.records;
    return `Can't ${verb} ${count === 1 ? "1 record" : `${count} records`} to ${this.path}`;
  }

  #discard({ file, path }: FileAside): void {
    attempted(() => this.#disk.close(file));
    attempted(() => this.#disk.unlink(path));
  }
}
