import { latin1Text } from "../../../protocol/latin1.ts";
import {
  countLines,
  ITEM_BYTES_MAX,
  type LeaseFileBlock,
  type LeaseFileSink,
  type ScanEnd,
  scanLeases,
} from "../format/lease-file.ts";
import { copyRecord, type LeaseRecord } from "../lease.ts";
import type { LeaseRow } from "../table/lease-row.ts";
import type { LeaseTable } from "../table/lease-table.ts";
import { guarded, type LeaseDisk } from "./lease-disk.ts";
import { type LeaseFileMark, MARK_BYTES_MAX, parseMark } from "./lease-file-mark.ts";
import { LeaseStoreError } from "./lease-store.ts";

const CHUNK_BYTES = 4 * ITEM_BYTES_MAX;
/** Most unknown statements that are reported one by one. */
const SKIPPED_TOLD_MAX = 50;

/** Items of a file other than the table's leases; a rewrite carries them over. */
export interface CarriedItems {
  /** Declarations other than leases, by key, in file order. */
  readonly blocks: Map<string, LeaseFileBlock>;
  /** Leases whose addresses are in no range: a mistake in the configuration must not lose them. */
  readonly foreign: Map<number, LeaseRecord>;
}

export interface LeaseFileContents extends CarriedItems {
  /** Size of the file. */
  readonly sizeBytes: number;
  /** Offset after the last whole item; the rest is torn. */
  readonly end: number;
  readonly endsWithNewline: boolean;
  /** Number of lease records, including superseded ones. */
  readonly records: number;
  /** The last mark of a file that is one of two. */
  readonly mark: LeaseFileMark | undefined;
  /** Bytes of the mark's generation in this file. */
  readonly generationBytes: number;
  /** A sentence about the torn end, if any. */
  readonly torn?: string;
  /** A sentence about each of the first unknown statements. */
  readonly skipped: readonly string[];
  /** Number of further unknown statements. */
  readonly skippedMore: number;
}

/**
 * Reads the open file in chunks and loads its leases into `table`, the last record of an address winning;
 * without a table, only to look. Throws LeaseStoreError: DAMAGED with file, line and a remedy when a place
 * before the end cannot be read, or the system's code.
 */
export function readLeases(
  disk: LeaseDisk,
  path: string,
  file: number,
  table?: LeaseTable,
): LeaseFileContents {
  const { sizeBytes } = guarded(`Can't read ${path}`, () => disk.state(file));
  const opened = new OpenFile(disk, path, file);
  const blocks = new Map<string, LeaseFileBlock>();
  const foreign = new Map<number, LeaseRecord>();
  const skipped: string[] = [];
  let skippedMore = 0;
  let records = 0;
  let position = 0;
  let itemEnd = 0;
  const marked: { mark: LeaseFileMark | undefined; end: number } = { mark: undefined, end: 0 };
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, sizeBytes + 1));
  let length = 0;
  const sink: LeaseFileSink = {
    onRow(row: LeaseRow): boolean {
      if (table?.loadRow(row) === false) return false;
      records += 1;
      return true;
    },
    onLease(record: LeaseRecord): void {
      records += 1;
      if (table?.load(record) === false) foreign.set(record.address, copyRecord(record));
    },
    onBlock(block: LeaseFileBlock): void {
      blocks.delete(block.key);
      blocks.set(block.key, block);
    },
    onSkipped({ offset, what }): void {
      if (skipped.length === SKIPPED_TOLD_MAX) {
        skippedMore += 1;
        return;
      }
      const line = opened.lineAt(position + offset);
      skipped.push(`${path} line ${line}: ${what}. It is passed over, and not kept.`);
    },
    onComment(start: number, end: number): void {
      // Without its newline the line may be cut off.
      if (end - start > MARK_BYTES_MAX || end >= length) return;
      const mark = parseMark(latin1Text(chunk.subarray(start, end)));
      if (mark === undefined) return;
      marked.mark = mark;
      marked.end = position + end + 1;
    },
  };
  for (;;) {
    length = opened.read(chunk, position);
    const isLast = position + length >= sizeBytes;
    const end = scanLeases(chunk, 0, length, isLast, sink);
    if (end.itemEnd > 0) itemEnd = position + end.itemEnd;
    if (end.kind === "more" && end.consumed > 0) {
      position += end.consumed;
      continue;
    }
    const problem: ScanEnd =
      end.kind === "more"
        ? { ...end, kind: "damaged", recordOffset: 0, offset: 0, message: "an endless comment" }
        : end;
    const { mark } = marked;
    if (problem.kind === "damaged") throw damage(path, opened, position, problem);
    // No record is written over one that was cut off.
    if (problem.kind === "torn" && marked.end > position + problem.recordOffset) {
      throw damage(path, opened, position, { ...problem, kind: "damaged" });
    }
    // The newline after a record is written with it.
    if (mark !== undefined && itemEnd > 0 && opened.byteAt(itemEnd) === 0x0a) itemEnd += 1;
    const wholeEnd = Math.max(position + problem.consumed, itemEnd, marked.end);
    const last = wholeEnd === 0 ? 0x0a : opened.byteAt(wholeEnd - 1);
    return {
      sizeBytes,
      end: wholeEnd,
      endsWithNewline: last === 0x0a,
      records,
      mark,
      generationBytes: mark === undefined ? 0 : mark.bytes + Math.max(0, itemEnd - marked.end),
      blocks,
      foreign,
      skipped,
      skippedMore,
      ...(problem.kind === "torn" && {
        torn:
          `${path} line ${opened.lineAt(position + problem.recordOffset)}: ` +
          `the last record is cut off (${problem.message}). It was never acknowledged; ` +
          `its ${sizeBytes - (position + problem.recordOffset)} bytes are left out.`,
      }),
    };
  }
}

type Problem = Extract<ScanEnd, { kind: "torn" | "damaged" }>;

function damage(
  path: string,
  opened: OpenFile,
  position: number,
  problem: Problem,
): LeaseStoreError {
  const recordLine = opened.lineAt(position + problem.recordOffset);
  const line = opened.lineAt(position + problem.offset);
  return new LeaseStoreError(
    "DAMAGED",
    `${path} line ${line}: ${problem.message}. The file is damaged in the record that begins at ` +
      `line ${recordLine}, before its end, so leases may be missing.`,
    `Restore the file from ${path}~ or a backup, or save a copy, remove the damaged record by hand ` +
      "and start again.",
  );
}

class OpenFile {
  readonly #disk: LeaseDisk;
  readonly #path: string;
  readonly #file: number;
  /** How far the lines are counted. */
  #offset = 0;
  #line = 1;

  constructor(disk: LeaseDisk, path: string, file: number) {
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
  }

  /** Reads until the chunk is full or the file ends; returns how many bytes. */
  read(chunk: Uint8Array, position: number): number {
    let length = 0;
    while (length < chunk.length) {
      const rest = chunk.subarray(length);
      const got = guarded(`Can't read ${this.#path}`, () =>
        this.#disk.read(this.#file, rest, rest.length, position + length),
      );
      if (got === 0) break;
      length += got;
    }
    return length;
  }

  byteAt(position: number): number {
    const one = new Uint8Array(1);
    this.read(one, position);
    return one[0];
  }

  /**
   * Reads the file again to count its lines, so call it only about a problem. `offset` must not decrease
   * from call to call: the counting continues from the last one.
   */
  lineAt(offset: number): number {
    const chunk = new Uint8Array(65_536);
    while (this.#offset < offset) {
      const length = this.read(chunk, this.#offset);
      const counted = Math.min(length, offset - this.#offset);
      if (counted === 0) break;
      this.#line += countLines(chunk, 0, counted);
      this.#offset += counted;
    }
    return this.#line;
  }
}
