import { randomBytes } from "node:crypto";
import { isPurgeable } from "../../format/lease-file.ts";
import { hostsOf, type LeaseHosts } from "../../format/lease-host.ts";
import { fileHeader, type LeaseFormat } from "../../format/lease-writer.ts";
import { copyRecord, type LeaseRecord } from "../../lease.ts";
import { LeaseRow } from "../../table/lease-row.ts";
import type { LeaseTable } from "../../table/lease-table.ts";
import { JournalFile } from "../journal-file.ts";
import { attempted, type BackgroundSync, guarded, type LeaseDisk } from "../lease-disk.ts";
import { LeaseJournal } from "../lease-journal.ts";
import type { LeaseFileContents } from "../lease-reader.ts";
import { type LeaseFileState, type LeaseLoadReport, reportOf } from "../lease-report.ts";
import { LeaseRewrite } from "../lease-rewrite.ts";
import { type LeaseStore, LeaseStoreError } from "../lease-store.ts";
import {
  closeQuietly,
  type LeasePaths,
  type OpenLeaseFile,
  type OpenLeaseFiles,
  openLeaseFiles,
  pathsOf,
  revoke,
} from "../open-lease-files.ts";
import { nodeDisk } from "./node-disk.ts";

export type { LeaseLoadReport } from "../lease-report.ts";

/** After a failed rewrite, the next attempt waits this long. */
const REWRITE_RETRY_SECONDS = 60;
const syncModes = { fsync: "commits", os: "nothing", behind: "behind" } as const;
const newline = Uint8Array.of(0x0a);
const nothing = new Uint8Array(0);
const forbidden: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS"]);

export interface LeaseFileStoreOptions {
  /**
   * What a commit guarantees; default "fsync". "behind" is "os", and about a second later the background syncs have
   * what was committed.
   */
  readonly durability?: "fsync" | "os" | "behind";
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
  /** Syncs commits that are only begun, one for each file; without it every commit is synced in place. */
  readonly backgroundSyncs?: readonly BackgroundSync[];
  /** Gets a sentence when one of two files is left out, and when it is written again. */
  readonly tell?: (message: string, isTrouble: boolean) => void;
  /** Draws the name of a new set of two files: 16 hexadecimal digits. Default: at random. */
  readonly newSet?: () => string;
}

interface RunningRewrite {
  readonly slices: LeaseRewrite;
  readonly of: JournalFile;
  /** The file is left out, and is written again afterwards. */
  readonly isCatchUp: boolean;
  /** Of the mark that it writes. */
  readonly generation: number;
  /** Only the disk still has to end its work. */
  isWritten: boolean;
}

/**
 * Leases in a `dhcpd.leases` file in ISC's grammar, or in two on two disks: each batch is appended, and a
 * file is rewritten when it has grown. Only one process at a time may have them open.
 */
export class LeaseFileStore implements LeaseStore {
  readonly durability: "fsync" | "os";
  readonly report: LeaseLoadReport;
  /** The hosts that the file declared when it was opened. */
  readonly hosts: LeaseHosts;
  readonly #disk: LeaseDisk;
  readonly #table: LeaseTable;
  readonly #journal: LeaseJournal;
  readonly #files: readonly JournalFile[];
  readonly #carried: LeaseFileContents;
  readonly #rewriteBytesMin: number;
  readonly #leasesPerSlice: number;
  readonly #tell: NonNullable<LeaseFileStoreOptions["tell"]>;
  readonly #row = new LeaseRow();
  #rewrite: RunningRewrite | undefined;
  /** Approximate size of each file without superseded records. */
  readonly #compactBytes = new Map<JournalFile, number>();
  /** A rewrite is due regardless of the size. */
  #isRewriteDue: boolean;
  /** When the next rewrite of a file may be tried, after one that failed. */
  readonly #notBefore = new Map<JournalFile, number>();
  #isClosed = false;

  /**
   * Reads the file into `table`, cuts off a torn last record and makes the file ready to append; of two
   * files, the one that `chooseLeaseFile` takes. Throws LeaseStoreError: ENOENT when the file is missing
   * (LEASE-1, DHCP-17), DAMAGED with file, line and a remedy, UNSURE when neither of two files is sure to
   * have every lease, or the system's code.
   */
  static open(
    paths: LeasePaths,
    table: LeaseTable,
    options: LeaseFileStoreOptions = {},
  ): LeaseFileStore {
    const disk = options.disk ?? nodeDisk;
    if (options.create === true) createIfMissing(disk, pathsOf(paths)[0]);
    const opened = openLeaseFiles(disk, paths, table, options.newSet ?? newSet);
    const { main, other } = opened;
    try {
      const store = new LeaseFileStore(disk, opened, table, options);
      if (other?.kind === "behind") closeQuietly(disk, other.opened);
      return store;
    } catch (error) {
      closeQuietly(disk, main);
      closeQuietly(disk, other?.opened);
      throw error;
    }
  }

  /**
   * For `-T`: reads the leases into `table` and checks that a rewrite could write beside each file. The
   * lease files themselves are not changed. Throws as `open` does.
   */
  static check(
    paths: LeasePaths,
    table: LeaseTable,
    disk: LeaseDisk = nodeDisk,
  ): LeaseLoadReport & Pick<LeaseFileStore, "hosts"> {
    const { main, other, warnings } = openLeaseFiles(disk, paths, table, newSet);
    try {
      tryCreating(disk, `${main.path}.test`, (file) => {
        disk.write(file, fileHeader, fileHeader.length, 0);
        disk.sync(file);
      });
      const report = reportOf(main.path, main.contents);
      const hosts = hostsOf(main.contents.blocks.values());
      return { ...report, warnings: [...warnings, ...report.warnings], hosts };
    } finally {
      closeQuietly(disk, main);
      closeQuietly(disk, other?.opened);
    }
  }

  private constructor(
    disk: LeaseDisk,
    { main, other, mark, warnings }: OpenLeaseFiles,
    table: LeaseTable,
    options: LeaseFileStoreOptions,
  ) {
    const { durability = "fsync" } = options;
    this.durability = durability === "behind" ? "os" : durability;
    this.#disk = disk;
    this.#table = table;
    this.#carried = main.contents;
    this.#rewriteBytesMin = options.rewriteBytesMin ?? 8 << 20;
    this.#leasesPerSlice = options.leasesPerSlice ?? 512;
    this.#tell = options.tell ?? (() => undefined);
    this.hosts = hostsOf(main.contents.blocks.values());
    const report = reportOf(main.path, main.contents);
    this.report = { ...report, warnings: [...warnings, ...report.warnings] };
    const syncs = options.backgroundSyncs ?? [];
    const journalFile = (path: string, opened: OpenLeaseFile | undefined, place: number) =>
      new JournalFile({
        ...{ disk, path, file: opened?.file ?? -1, end: opened?.contents.end ?? 0 },
        syncs: syncModes[durability],
        backgroundSync: syncs[place],
      });
    const members = [main, ...(other?.kind === "in-step" ? [other.opened] : [])];
    const files = members.map((opened, place) => journalFile(opened.path, opened, place));
    for (const opened of members) cutTornEnd(disk, opened);
    if (other?.kind === "behind") {
      files.push(journalFile(other.path, undefined, 1));
      const { opened } = other;
      const before = main.contents.mark;
      if (opened?.contents.mark?.standing === "alone" && before !== undefined) {
        revoke(disk, opened, before);
      }
    }
    this.#files = files;
    this.#journal = new LeaseJournal({
      files: files.slice(0, members.length),
      format: options.format,
      mark,
      onLeft: (path, why) => this.#tell(`${why} ${path} is left out until it is caught up.`, true),
    });
    this.#journal.begin(members.map(({ contents }) => openingOf(contents)));
    members.forEach(({ contents }, place) => {
      this.#compactBytes.set(files[place], compactBytesOf(contents, table, main.contents));
    });
    this.#isRewriteDue = [...main.contents.blocks.values()].some(isPurgeable);
  }

  /** Whether a rewrite is under way: for logs and tests. */
  get isRewriting(): boolean {
    return this.#rewrite !== undefined;
  }

  /** The state of each of two files; of a single one there is nothing to tell. */
  get files(): readonly LeaseFileState[] {
    if (this.#files.length === 1) return [];
    const { members } = this.#journal;
    return this.#files.map((file) => {
      const { path, queuedBytes } = file;
      return { path, isInStep: members.includes(file), queuedBytes };
    });
  }

  /**
   * Throws LeaseStoreError where the process may not create the file of a rewrite: then a lease file would grow until
   * its disk is full. A disk that is full or broken at this moment is no reason.
   */
  checkRewrites(): void {
    for (const { path } of this.#journal.members) {
      try {
        tryCreating(this.#disk, `${path}.rewrite`, () => undefined);
      } catch (error) {
        if (!(error instanceof LeaseStoreError) || forbidden.has(error.code)) throw error;
      }
    }
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
    for (const file of this.#files) file.trail(this.#rewrite !== undefined);
    if (this.#files.length > 1) this.#tend(nowSeconds);
    this.#rewrite ??= this.#nextRewrite(nowSeconds);
    if (this.#rewrite === undefined || this.#rewrite.isWritten) return false;
    const { slices, of, isCatchUp } = this.#rewrite;
    try {
      const state = slices.step();
      if (state !== "done") return state === "more";
    } catch (error) {
      this.#giveUpRewrite(of, nowSeconds);
      throw error;
    }
    this.#compactBytes.set(of, slices.end);
    this.#rewrite.isWritten = true;
    if (isCatchUp) return false;
    this.#rewrite = undefined;
    this.#isRewriteDue = false;
    return false;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#rewrite?.slices.abandon();
    this.#rewrite = undefined;
    this.#journal.close();
    for (const file of this.#files) file.close();
  }

  /** Two files: gives the disks what waits, and takes a file that has been rewritten in again. */
  #tend(nowSeconds: number): void {
    const journal = this.#journal;
    journal.tend(nowSeconds);
    const rewrite = this.#rewrite;
    // A file that was left out or came back since, or a new mark, makes what it writes wrong.
    if (
      rewrite !== undefined &&
      (rewrite.generation !== journal.mark?.generation ||
        rewrite.isCatchUp === journal.members.includes(rewrite.of))
    ) {
      rewrite.slices.abandon();
      this.#rewrite = undefined;
    }
    const out = this.#files.find((file) => !journal.members.includes(file));
    if (out === undefined) return;
    try {
      out.poll(0);
      if (this.#rewrite?.isWritten !== true || !out.isIdle || !journal.isSettled) return;
      journal.join(out, this.#rewrite.slices.copiedTo, this.#disk);
    } catch (error) {
      out.cutBack();
      this.#giveUpRewrite(out, nowSeconds);
      throw error;
    }
    this.#rewrite = undefined;
    journal.tend(nowSeconds);
    if (journal.members.includes(out)) {
      this.#tell(`${out.path} is caught up: both lease files are written again.`, false);
    }
  }

  #giveUpRewrite(file: JournalFile, nowSeconds: number): void {
    this.#rewrite?.slices.abandon();
    this.#rewrite = undefined;
    this.#notBefore.set(file, nowSeconds + REWRITE_RETRY_SECONDS);
  }

  #nextRewrite(nowSeconds: number): RunningRewrite | undefined {
    const { members, mark, format, isSettled } = this.#journal;
    if (this.#files.length > 1 && !isSettled) {
      this.#leaveBusy();
      return undefined;
    }
    const target = this.#files.find((file) => {
      if (nowSeconds < (this.#notBefore.get(file) ?? 0)) return false;
      return members.includes(file) ? this.#needsRewrite(file) : file.isIdle;
    });
    if (target === undefined) return undefined;
    const isCatchUp = !members.includes(target);
    const slices = new LeaseRewrite({
      ...{ disk: this.#disk, table: this.#table, carried: this.#carried, format, nowSeconds },
      ...{ target, source: isCatchUp ? members[0] : target },
      mark: isCatchUp && mark !== undefined ? { ...mark, standing: "behind" } : mark,
      // Nobody waits for the target's disk when the other one is in step, or is the only one written.
      inBackground: isCatchUp || members.length > 1,
      leasesPerSlice: this.#leasesPerSlice,
    });
    const generation = mark?.generation ?? 0;
    return { slices, of: target, isCatchUp, generation, isWritten: false };
  }

  #needsRewrite(file: JournalFile): boolean {
    return this.#isRewriteDue || file.isSuspect || this.#growthOf(file) >= 1;
  }

  /** How far a file has grown, in parts of what makes a rewrite due. */
  #growthOf(file: JournalFile): number {
    const compactBytes = this.#compactBytes.get(file) ?? 0;
    return (file.end - compactBytes) / Math.max(this.#rewriteBytesMin, 2 * compactBytes);
  }

  /** A disk that is at work whenever one looks would let both files grow for ever. */
  #leaveBusy(): void {
    const { members } = this.#journal;
    const busy = members.find(({ isIdle }) => !isIdle);
    if (busy === undefined || members.length === 1) return;
    if (members.some((file) => this.#growthOf(file) >= 2)) {
      this.#journal.leaveBehind(busy, "its disk has no time for a rewrite");
    }
  }
}

/** What has to come before anything is appended. */
function openingOf({ end, endsWithNewline }: LeaseFileContents): Uint8Array {
  if (end === 0) return fileHeader;
  return endsWithNewline ? nothing : newline;
}

function newSet(): string {
  return randomBytes(8).toString("hex");
}

function cutTornEnd(disk: LeaseDisk, { path, file, contents }: OpenLeaseFile): void {
  if (contents.torn === undefined) return;
  guarded(`Can't cut the torn record off ${path}`, () => {
    disk.truncate(file, contents.end);
    disk.sync(file);
  });
}

function createIfMissing(disk: LeaseDisk, path: string): void {
  // EEXIST is the usual case; any other trouble shows again when the file is opened.
  if (!attempted(() => disk.close(disk.open(path, "new")))) return;
  guarded(`Can't sync the directory of ${path}`, () => disk.syncDirectory(path));
}

function tryCreating(disk: LeaseDisk, path: string, use: (file: number) => void): void {
  guarded(`Can't create ${path}`, () => {
    attempted(() => disk.unlink(path));
    const file = disk.open(path, "new");
    try {
      use(file);
    } finally {
      disk.close(file);
      disk.unlink(path);
    }
  });
}

/** `main` has been read into the table. */
function compactBytesOf(
  contents: LeaseFileContents,
  table: LeaseTable,
  main: LeaseFileContents,
): number {
  const { total, neverUsed } = table.counts();
  const live = total - neverUsed + main.foreign.size;
  const share = contents.records === 0 ? 1 : Math.min(1, live / contents.records);
  return Math.round(contents.end * share);
}
