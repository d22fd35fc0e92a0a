import { assert } from "../../../base/assert.ts";
import { formatRow, type LeaseFormat, rowBytesMax, usualFormat } from "../format/lease-writer.ts";
import type { LeaseRow } from "../table/lease-row.ts";
import type { JournalFile } from "./journal-file.ts";
import { guarded, type LeaseDisk, storeError } from "./lease-disk.ts";
import { type LeaseFileMark, markLine, type Standing } from "./lease-file-mark.ts";
import { LeaseStoreError } from "./lease-store.ts";

const BUFFER_BYTES = 1 << 20;
/** A file is left out when this much waits for its disk while the other file is in step. */
const QUEUED_BYTES_MAX = 8 << 20;
/** A file is left out when one sync of it takes this long while the other file is in step. */
const SYNC_SECONDS_MAX = 10;
/** With two disks, the loop waits for one and the other in turn, for this long. */
const LOOK_MS = 1;
const CLOSE_MS_MAX = 2000;

export interface LeaseJournalOptions {
  /** One file, or two that are written together; both with nothing under way. */
  readonly files: readonly JournalFile[];
  readonly format: LeaseFormat | undefined;
  /** The mark that the first commit begins with; undefined for a file that is not one of two. */
  readonly mark: LeaseFileMark | undefined;
  readonly onLeft: (path: string, why: string) => void;
}

/** State of the sync that `beginCommit` began; its result is kept until `endCommit` returns it. */
type SyncState = "none" | "running" | "durable" | LeaseStoreError;

/**
 * The end of one lease file or of two, where batches are appended with one write and one sync each. A
 * batch larger than the buffer is written in parts, but still synced or taken back as a whole.
 *
 * With two files a batch is durable as soon as one has it; the other one follows when its disk has time.
 * A file that fails or stays behind is left out, and the next commit says so in the other one.
 */
export class LeaseJournal {
  readonly format: LeaseFormat;
  readonly #onLeft: LeaseJournalOptions["onLeft"];
  /** The files that are written. */
  #members: JournalFile[];
  #buffer = new Uint8Array(BUFFER_BYTES);
  #used = 0;
  #records = 0;
  #sync: SyncState = "none";
  /** Why this batch can no longer be committed. */
  #failure: LeaseStoreError | undefined;
  /** Number of the last commit that was begun. */
  #number = 0;
  /** The mark in force; `bytes` are those of its generation that are committed. */
  #mark: LeaseFileMark | undefined;
  /** The same after the batch that is being written; undefined between two. */
  #nextMark: LeaseFileMark | undefined;
  /** The mark that the next commit begins with. */
  #due: LeaseFileMark | undefined;
  /** Highest generation that was ever written. */
  #generation: number;
  /**
   * A member that counts only when the other one says so durably: until then that one says of itself that
   * it has every lease.
   */
  #newcomer: { readonly file: JournalFile; readonly number: number } | undefined;
  /** A file that was left out, and has acknowledged leases that the member has not yet. */
  #fallback: JournalFile | undefined;
  /** The sync that the slower file is at, and since when. */
  #watched:
    | { readonly file: JournalFile; readonly number: number; readonly seconds: number }
    | undefined;

  constructor({ files, format, mark, onLeft }: LeaseJournalOptions) {
    this.format = format ?? usualFormat;
    this.#members = [...files];
    this.#due = mark;
    this.#generation = mark?.generation ?? 0;
    this.#onLeft = onLeft;
  }

  /** The files that are written, the one that others are caught up from first. */
  get members(): readonly JournalFile[] {
    return this.#members;
  }

  /** The mark for a rewrite of a file that has every commit; undefined for one that is not one of two. */
  get mark(): LeaseFileMark | undefined {
    return this.#mark;
  }

  /** Nothing is under way, and every member has every commit. */
  get isSettled(): boolean {
    return (
      this.#sync === "none" &&
      this.#due === undefined &&
      this.#newcomer === undefined &&
      this.#members.every(
        (file) => file.isIdle && !file.isMidBatch && file.durable === this.#number,
      )
    );
  }

  append(row: LeaseRow): void {
    this.#records += 1;
    this.#reserve(rowBytesMax(row));
    if (this.#failure === undefined) {
      this.#used = formatRow(row, this.#buffer, this.#used, this.format);
    }
  }

  /**
   * Adds text other than leases to each file (the header of a new one, a missing newline: empty for
   * none), then the first mark, and makes both durable in every file, in place. Throws LeaseStoreError.
   */
  begin(openings: readonly Uint8Array[]): void {
    [...this.#members].forEach((file, place) => {
      const opening = openings[place];
      if (opening.length === 0) return;
      this.#records = 1;
      this.#try(file, () => file.add(opening, opening.length));
    });
    while (this.#due !== undefined || this.#records > 0) this.#commit(false);
  }

  /** All or nothing; throws LeaseStoreError after taking the batch back. */
  commit(): void {
    if (this.#commit(this.#members.length > 1)) return;
    this.endCommit(Number.POSITIVE_INFINITY);
  }

  /** As `commit`; returns false while the sync runs, and `endCommit` then gives the result. */
  beginCommit(): boolean {
    return this.#commit(true);
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

  /**
   * Housekeeping of two files, about once a second and between two commits: gives a slow disk what waits
   * for it, leaves its file out when it stays behind, and tells the other file so. Throws LeaseStoreError.
   */
  tend(nowSeconds: number): void {
    this.#each((file) => file.poll(0));
    this.#settleMembers();
    this.#watch(nowSeconds);
    if (this.#due !== undefined && this.#fallback === undefined) this.commit();
  }

  /**
   * Takes `file` in again, which was rewritten from the only member up to `copiedTo`: gives it what that
   * one got since. Both files say so in the next commit.
   */
  join(file: JournalFile, copiedTo: number, disk: LeaseDisk): void {
    const [source] = this.#members;
    for (let from = copiedTo; from < source.end; ) {
      const bytes = new Uint8Array(Math.min(BUFFER_BYTES, source.end - from));
      const length = guarded(`Can't read ${source.path}`, () =>
        disk.read(source.file, bytes, bytes.length, from),
      );
      if (length === 0) throw storeError("CHANGED", `Can't read ${source.path} to its end`);
      file.add(bytes, length);
      from += length;
    }
    file.countFrom(this.#number);
    this.#members = [source, file];
    this.#newcomer = { file, number: this.#number + 1 };
    this.#dueIs("both");
  }

  /** Leaves a file out that stays behind, unless the other one does not count yet. */
  leaveBehind(file: JournalFile, why: string): void {
    if (this.#newcomer !== undefined && this.#newcomer.file !== file) return;
    this.#leave(file, `${file.path} is behind: ${why}.`);
  }

  /** Waits for the commit under way, and for a while for the slower file: so a start finds both in step. */
  close(): void {
    this.#awaitSync(Number.POSITIVE_INFINITY);
    for (let waits = 0; waits < 2 && this.#members.length > 1; waits += 1) {
      this.#each((file) => file.poll(CLOSE_MS_MAX));
    }
    for (const file of this.#members) file.cutBack();
    this.#used = 0;
    this.#records = 0;
  }

  #commit(inBackground: boolean): boolean {
    assert(this.#sync === "none", "a commit while another is under way");
    if (this.#records === 0 && this.#due === undefined) return true;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#write();
      const number = this.#number + 1;
      this.#each((file) => file.commit(number, inBackground));
      this.#number = number;
    } catch (error) {
      this.#used = 0;
      this.#records = 0;
      this.#failure = undefined;
      this.#takeBack();
      throw error;
    }
    this.#records = 0;
    this.#sync = "running";
    if (!this.#isDurable()) return false;
    this.#sync = "none";
    return true;
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

  /** Gives the buffer to the files, and before the first part of a batch the mark that is due. */
  #write(): void {
    for (const file of this.#members) file.records = this.#records;
    if (this.#nextMark === undefined) this.#writeMark();
    const length = this.#used;
    this.#used = 0;
    this.#each((file) => file.add(this.#buffer, length));
    if (this.#nextMark !== undefined) {
      this.#nextMark = { ...this.#nextMark, bytes: this.#nextMark.bytes + length };
    }
    if (this.#members.length > 1) this.#leaveFullQueue();
  }

  #writeMark(): void {
    this.#nextMark = this.#mark;
    const due = this.#due;
    if (due === undefined || this.#fallback !== undefined) return;
    const line = markLine(due);
    this.#each((file) => file.add(line, line.length));
    this.#nextMark = due;
  }

  /** Waits at most `msMax` for the commit under way, and keeps its result. */
  #awaitSync(msMax: number): void {
    let leftMs = msMax;
    for (let turn = 0; this.#sync === "running"; turn += 1) {
      try {
        this.#each((file) => file.poll(0));
        if (this.#isDurable() || leftMs <= 0) return;
        const files = this.#members;
        const waitMs = files.length === 1 ? leftMs : Math.min(leftMs, LOOK_MS);
        this.#try(files[turn % files.length], (file) => file.poll(waitMs));
        if (leftMs !== Number.POSITIVE_INFINITY) leftMs -= waitMs;
      } catch (error) {
        if (!(error instanceof LeaseStoreError)) throw error;
        this.#sync = error;
        this.#number -= 1;
        this.#takeBack();
      }
    }
  }

  /** Whether a file that counts has the commit under way; then it is settled. */
  #isDurable(): boolean {
    this.#settleMembers();
    const newcomer = this.#newcomer?.file;
    if (!this.#members.some((file) => file !== newcomer && file.durable >= this.#number))
      return false;
    this.#sync = "durable";
    if (this.#nextMark !== undefined) {
      if (this.#nextMark.generation === this.#due?.generation) this.#due = undefined;
      this.#mark = this.#nextMark;
      this.#nextMark = undefined;
    }
    return true;
  }

  #settleMembers(): void {
    const [first] = this.#members;
    if (this.#newcomer !== undefined && first.durable >= this.#newcomer.number) {
      this.#newcomer = undefined;
    }
    if (this.#fallback !== undefined && first.durable >= this.#fallback.durable) {
      this.#fallback = undefined;
    }
  }

  #takeBack(): void {
    this.#nextMark = undefined;
    for (const file of this.#members) file.cutBack();
  }

  #each(call: (file: JournalFile) => void): void {
    if (this.#members.length === 1) {
      this.#try(this.#members[0], call);
      return;
    }
    for (const file of [...this.#members]) if (this.#members.includes(file)) this.#try(file, call);
  }

  #try(file: JournalFile, call: (file: JournalFile) => void): void {
    try {
      call(file);
    } catch (error) {
      if (!(error instanceof LeaseStoreError)) throw error;
      const other = this.#members.find((member) => member !== file);
      if (other === undefined) {
        this.#fallBack(file, error);
        throw error;
      }
      // The file that a newcomer follows cannot be left for it: nobody else has every lease.
      const isFollowed = other === this.#newcomer?.file;
      this.#leave(isFollowed ? other : file, error.message);
      if (isFollowed) throw error;
    }
  }

  /** The only member failed: goes back to a file that has more. */
  #fallBack(file: JournalFile, { message }: LeaseStoreError): void {
    const better = this.#fallback;
    if (better === undefined || better.durable <= file.durable) return;
    file.cutBack();
    this.#members = [better];
    this.#fallback = undefined;
    this.#onLeft(file.path, message);
  }

  #leave(file: JournalFile, why: string): void {
    file.cutBack();
    this.#members = this.#members.filter((member) => member !== file);
    if (this.#newcomer?.file === file) this.#newcomer = undefined;
    else if (this.#members[0].durable < file.durable) this.#fallback = file;
    this.#dueIs("alone");
    this.#onLeft(file.path, why);
  }

  #dueIs(standing: Standing): void {
    const set = (this.#due ?? this.#mark)?.set ?? "";
    this.#generation += 1;
    this.#due = { set, generation: this.#generation, standing, bytes: 0 };
  }

  #leaveFullQueue(): void {
    const file = this.#members.find(({ queuedBytes }) => queuedBytes > QUEUED_BYTES_MAX);
    if (file === undefined) return;
    this.leaveBehind(file, `${file.queuedBytes} bytes wait for its disk`);
  }

  #watch(nowSeconds: number): void {
    const file = this.#members.find(({ durable }) => durable < this.#number);
    if (file === undefined || this.#members.length === 1) {
      this.#watched = undefined;
      return;
    }
    const watched = this.#watched;
    if (watched?.file !== file || watched.number !== file.syncing || nowSeconds < watched.seconds) {
      this.#watched = { file, number: file.syncing, seconds: nowSeconds };
    } else if (nowSeconds - watched.seconds >= SYNC_SECONDS_MAX) {
      this.leaveBehind(file, `one sync of it takes over ${SYNC_SECONDS_MAX} s`);
    }
  }
}
