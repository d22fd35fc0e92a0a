import * as fs from "node:fs";
import { dirname } from "node:path";
import { isPurgeable } from "../../format/lease-file.ts";
import { hostsOf, type LeaseHost } from "../../format/lease-host.ts";
import { fileHeader, type LeaseFormat } from "../../format/lease-writer.ts";
import { copyRecord, type LeaseRecord } from "../../lease.ts";
import { LeaseRow } from "../../table/lease-row.ts";
import type { LeaseTable } from "../../table/lease-table.ts";
import { attempted, type BackgroundSync, guarded, type LeaseDisk } from "../lease-disk.ts";
import { LeaseJournal } from "../lease-journal.ts";
import { type LeaseFileContents, readLeases } from "../lease-reader.ts";
import { type LeaseLoadReport, reportOf } from "../lease-report.ts";
import { LeaseRewrite } from "../lease-rewrite.ts";
import { type LeaseStore, LeaseStoreError } from "../lease-store.ts";

export type { LeaseLoadReport } from "../lease-report.ts";

/** After a failed rewrite, the next attempt waits this long. */
const REWRITE_RETRY_SECONDS = 60;
const newline = Uint8Array.of(0x0a);

export interface LeaseFileStoreOptions {
  /** What a commit guarantees; default "fsync". */
  readonly durability?: "fsync" | "os";
  /** Creates an empty file when there is none; default false, as in dhcpd (LEASE-1). */
  readonly create?: boolean;
  /** The file is rewritten once it has grown by this and by twice its compact size; default 8 MiB. */
  readonly rewriteBytesMin?: number;
  /** Leases that one `maintain` writes during a rewrite; default 512, which takes about a millisecond. */
  readonly leasesPerSlice?: number;
  /** Default: times in UTC by the calendar, client identifiers as strings. */
  readonly format?: LeaseFormat;
  /** Default: `nodeDisk`. */
  readonly disk?: LeaseDisk;
  /** Syncs commits that are only begun; without it every commit is synced in place. */
  readonly backgroundSync?: BackgroundSync | undefined;
}

/** The real disk, through node:fs. */
export const nodeDisk: LeaseDisk = {
  realPath: (path) => fs.realpathSync(path),
  open: (path, mode) => fs.openSync(path, mode === "new" ? "wx+" : "r+", 0o664),
  close: (file) => fs.closeSync(file),
  state: (file) => {
    const { size, nlink } = fs.fstatSync(file);
    return { sizeBytes: size, links: nlink };
  },
  read: (file, target, length, position) => fs.readSync(file, target, 0, length, position),
  write: (file, bytes, length, position) => fs.writeSync(file, bytes, 0, length, position),
  sync: (file) => fs.fdatasyncSync(file),
  truncate: (file, sizeBytes) => fs.ftruncateSync(file, sizeBytes),
  link: (path, newPath) => fs.linkSync(path, newPath),
  rename: (path, newPath) => fs.renameSync(path, newPath),
  unlink: (path) => fs.unlinkSync(path),
  syncDirectory: (path) => {
    const directory = fs.openSync(dirname(path), "r");
    try {
      fs.fsyncSync(directory);
    } finally {
      fs.closeSync(directory);
    }
  },
  copyAccess: (from, to) => {
    const { mode, uid, gid } = fs.fstatSync(from);
    attempted(() => fs.fchownSync(to, uid, gid));
    fs.fchmodSync(to, mode & 0o7777);
  },
};

/**
 * Leases in a `dhcpd.leases` file in ISC's grammar: each batch is appended, and the file is rewritten
 * when it has grown. Only one process at a time may have it open.
 */
export class LeaseFileStore implements LeaseStore {
  readonly durability: "fsync" | "os";
  readonly report: LeaseLoadReport;
  /** The hosts that the file declared when it was opened. */
  readonly hosts: readonly LeaseHost[];
  readonly #disk: LeaseDisk;
  readonly #table: LeaseTable;
  readonly #journal: LeaseJournal;
  readonly #carried: LeaseFileContents;
  readonly #rewriteBytesMin: number;
  readonly #leasesPerSlice: number;
  readonly #row = new LeaseRow();
  #rewrite: LeaseRewrite | undefined;
  /** Approximate size of the file without superseded records. */
  #compactBytes: number;
  /** A rewrite is due regardless of the size. */
  #isRewriteDue: boolean;
  #rewriteNotBefore = 0;
  #isClosed = false;

  /**
   * Reads the file into `table`, cuts off a torn last record and makes the file ready to append. Throws
   * LeaseStoreError: ENOENT when the file is missing (LEASE-1, DHCP-17), DAMAGED with file, line and a
   * remedy, or the system's code.
   */
  static open(
    path: string,
    table: LeaseTable,
    options: LeaseFileStoreOptions = {},
  ): LeaseFileStore {
    const disk = options.disk ?? nodeDisk;
    if (options.create === true) createIfMissing(disk, path);
    const { file, realPath } = openExisting(disk, path);
    try {
      const contents = readLeases(disk, realPath, file, table);
      return new LeaseFileStore(disk, realPath, file, contents, table, options);
    } catch (error) {
      attempted(() => disk.close(file));
      throw error;
    }
  }

  /**
   * For `-T`: reads the file into `table` and checks that a rewrite could write beside it. The lease file
   * itself is not changed. Throws as `open` does.
   */
  static check(
    path: string,
    table: LeaseTable,
    disk: LeaseDisk = nodeDisk,
  ): LeaseLoadReport & Pick<LeaseFileStore, "hosts"> {
    const { file, realPath } = openExisting(disk, path);
    try {
      const contents = readLeases(disk, realPath, file, table);
      tryWriting(disk, `${realPath}.test`);
      const hosts = hostsOf(contents.blocks.values());
      return { ...reportOf(realPath, contents, hosts), hosts: hosts.hosts };
    } finally {
      attempted(() => disk.close(file));
    }
  }

  private constructor(
    disk: LeaseDisk,
    path: string,
    file: number,
    contents: LeaseFileContents,
    table: LeaseTable,
    options: LeaseFileStoreOptions,
  ) {
    this.durability = options.durability ?? "fsync";
    this.#disk = disk;
    this.#table = table;
    this.#carried = contents;
    this.#rewriteBytesMin = options.rewriteBytesMin ?? 8 << 20;
    this.#leasesPerSlice = options.leasesPerSlice ?? 512;
    const hosts = hostsOf(contents.blocks.values());
    this.hosts = hosts.hosts;
    this.report = reportOf(path, contents, hosts);
    if (contents.torn !== undefined) {
      guarded(`Can't cut the torn record off ${path}`, () => {
        disk.truncate(file, contents.end);
        disk.sync(file);
      });
    }
    this.#journal = new LeaseJournal({
      ...{ disk, path, file, end: contents.end },
      isSynced: this.durability === "fsync",
      backgroundSync: options.backgroundSync,
      format: options.format,
    });
    if (contents.end === 0) this.#journal.appendBytes(fileHeader);
    else if (!contents.endsWithNewline) this.#journal.appendBytes(newline);
    this.#journal.commit();
    this.#compactBytes = compactBytesOf(contents, table);
    this.#isRewriteDue = [...contents.blocks.values()].some(isPurgeable);
  }

  /** Whether a rewrite is under way: for logs and tests. */
  get isRewriting(): boolean {
    return this.#rewrite !== undefined;
  }

  append(record: LeaseRecord): void {
    if (this.#table.indexOf(record.address) < 0) {
      this.#carried.foreign.set(record.address, copyRecord(record));
    }
    this.#row.setRecord(record);
    this.#journal.append(this.#row);
  }

  appendLease(index: number): void {
    this.#table.readRow(index, this.#row);
    this.#journal.append(this.#row);
  }

  commit(): void {
    this.#journal.commit();
  }

  beginCommit(): boolean {
    return this.#journal.beginCommit();
  }

  endCommit(msMax: number): boolean {
    return this.#journal.endCommit(msMax);
  }

  maintain(nowSeconds: number): boolean {
    if (this.#rewrite === undefined) {
      if (!this.#needsRewrite() || nowSeconds < this.#rewriteNotBefore) return false;
      this.#rewrite = new LeaseRewrite({
        disk: this.#disk,
        journal: this.#journal,
        table: this.#table,
        carried: this.#carried,
        leasesPerSlice: this.#leasesPerSlice,
        nowSeconds,
      });
    }
    try {
      if (!this.#rewrite.step()) return true;
    } catch (error) {
      this.#rewrite = undefined;
      this.#rewriteNotBefore = nowSeconds + REWRITE_RETRY_SECONDS;
      throw error;
    }
    this.#compactBytes = this.#rewrite.end;
    this.#isRewriteDue = false;
    this.#rewrite = undefined;
    return false;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#rewrite?.abandon();
    this.#rewrite = undefined;
    this.#journal.close();
  }

  #needsRewrite(): boolean {
    if (this.#isRewriteDue || this.#journal.isSuspect) return true;
    const grownBytes = this.#journal.end - this.#compactBytes;
    return grownBytes >= Math.max(this.#rewriteBytesMin, 2 * this.#compactBytes);
  }
}

function openExisting(disk: LeaseDisk, path: string): { file: number; realPath: string } {
  try {
    return guarded(`Can't open lease database ${path}`, () => {
      const realPath = disk.realPath(path);
      return { file: disk.open(realPath, "existing"), realPath };
    });
  } catch (error) {
    if (!(error instanceof LeaseStoreError) || error.code !== "ENOENT") throw error;
    throw new LeaseStoreError(
      "ENOENT",
      `Can't open lease database ${path}: No such file or directory --\n` +
        "  check for failed database rewrite attempt!",
      `\nAn empty file is enough for a new server: touch ${path}`,
    );
  }
}

function createIfMissing(disk: LeaseDisk, path: string): void {
  // EEXIST is the usual case; any other trouble shows again when the file is opened.
  if (!attempted(() => disk.close(disk.open(path, "new")))) return;
  guarded(`Can't sync the directory of ${path}`, () => disk.syncDirectory(path));
}

function tryWriting(disk: LeaseDisk, path: string): void {
  guarded(`Can't create ${path}`, () => {
    attempted(() => disk.unlink(path));
    const file = disk.open(path, "new");
    try {
      disk.write(file, fileHeader, fileHeader.length, 0);
      disk.sync(file);
    } finally {
      disk.close(file);
      disk.unlink(path);
    }
  });
}

function compactBytesOf(contents: LeaseFileContents, table: LeaseTable): number {
  const { total, neverUsed } = table.counts();
  const live = total - neverUsed + contents.foreign.size;
  const share = contents.records === 0 ? 1 : Math.min(1, live / contents.records);
  return Math.round(contents.end * share);
}
