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
  /** A sentence about the torn end, if any. */
  readonly torn?: string;
  /** A sentence about each of the first unknown statements. */
  readonly skipped: readonly string[];
  /** Number of further unknown statements. */
  readonly skippedMore: number;
}

/**
 * Reads the open file in chunks and loads its leases into `table`, the last record of an address winning.
 * Throws LeaseStoreError: DAMAGED with file, line and a remedy when a place before the end cannot be
 * read, or the system's code.
 */
export function readLeases(
  disk: LeaseDisk,
  path: string,
  file: number,
  table: LeaseTable,
): LeaseFileContents {
  const { sizeBytes } = guarded(`Can't read ${path}`, () => disk.state(file));
  const opened = new OpenFile(disk, path, file);
  const blocks = new Map<string, LeaseFileBlock>();
  const foreign = new Map<number, LeaseRecord>();
  const skipped: string[] = [];
  let skippedMore = 0;
  let records = 0;
  let position = 0;
  const sink: LeaseFileSink = {
    onRow(row: LeaseRow): boolean {
      if (!table.loadRow(row)) return false;
      records += 1;
      return true;
    },
    onLease(record: LeaseRecord): void {
      records += 1;
      if (!table.load(record)) foreign.set(record.address, copyRecord(record));
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
  };
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, sizeBytes + 1));
  for (;;) {
    const length = opened.read(chunk, position);
    const isLast = position + length >= sizeBytes;
    const end = scanLeases(chunk, 0, length, isLast, sink);
    if (end.kind === "more" && end.consumed > 0) {
      position += end.consumed;
      continue;
    }
    const problem: ScanEnd =
      end.kind === "more"
        ? { ...end, kind: "damaged", recordOffset: 0, offset: 0, message: "an endless comment" }
        : end;
    if (problem.kind === "damaged") throw damage(path, opened, position, problem);
    const wholeEnd = position + problem.consumed;
    const last = wholeEnd === 0 ? 0x0a : opened.byteAt(wholeEnd - 1);
    return {
      sizeBytes,
      end: wholeEnd,
      endsWithNewline: last === 0x0a,
      records,
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
