import { copyRecord, type LeaseRecord } from "./lease.ts";
import { guarded, type LeaseDisk } from "./lease-disk.ts";
import {
  countLines,
  ITEM_BYTES_MAX,
  type LeaseFileBlock,
  type ScanEnd,
  scanLeases,
} from "./lease-file.ts";
import { LeaseStoreError } from "./lease-store.ts";
import type { LeaseTable } from "./lease-table.ts";

const CHUNK_BYTES = 4 * ITEM_BYTES_MAX;

/** What a file holds beside the leases of the table; a rewrite carries it over. */
export interface CarriedItems {
  /** Declarations other than leases by what they declare, in file order. */
  readonly blocks: Map<string, LeaseFileBlock>;
  /** Leases of addresses in no range: a slip in the configuration must not lose them. */
  readonly foreign: Map<number, LeaseRecord>;
}

export interface LeaseFileContents extends CarriedItems {
  /** Size of the file. */
  readonly sizeBytes: number;
  /** Offset behind the last whole item: what follows is torn. */
  readonly end: number;
  readonly endsWithNewline: boolean;
  /** Lease records, superseded ones included. */
  readonly records: number;
  /** A sentence about the torn end, when there is one. */
  readonly torn?: string;
}

/**
 * Reads the open file in chunks and loads its leases into `table`, the last record of an address
 * winning. Throws LeaseStoreError: DAMAGED with file, line and a way out when a place before the
 * end cannot be read, or the system's code.
 */
export function readLeases(
  disk: LeaseDisk,
  path: string,
  file: number,
  table: LeaseTable,
): LeaseFileContents {
  const { sizeBytes } = guarded("read", path, `Can't read ${path}`, () => disk.state(file));
  const blocks = new Map<string, LeaseFileBlock>();
  const foreign = new Map<number, LeaseRecord>();
  let records = 0;
  const sink = {
    onLease(record: LeaseRecord): void {
      records += 1;
      if (!table.load(record)) foreign.set(record.address, copyRecord(record));
    },
    onBlock(block: LeaseFileBlock): void {
      blocks.delete(block.key);
      blocks.set(block.key, block);
    },
  };
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, sizeBytes + 1));
  let position = 0;
  for (;;) {
    const length = fill(disk, path, file, chunk, position);
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
    if (problem.kind === "damaged") throw damage(disk, path, file, position, problem);
    const wholeEnd = position + problem.consumed;
    const last = wholeEnd === 0 ? 0x0a : byteAt(disk, path, file, wholeEnd - 1);
    return {
      sizeBytes,
      end: wholeEnd,
      endsWithNewline: last === 0x0a,
      records,
      blocks,
      foreign,
      ...(problem.kind === "torn" && {
        torn: tornSentence(disk, path, file, position, sizeBytes, problem),
      }),
    };
  }
}

type Problem = Extract<ScanEnd, { kind: "torn" | "damaged" }>;

function damage(
  disk: LeaseDisk,
  path: string,
  file: number,
  position: number,
  problem: Problem,
): LeaseStoreError {
  const line = lineAt(disk, path, file, position + problem.offset);
  const recordLine = lineAt(disk, path, file, position + problem.recordOffset);
  return new LeaseStoreError(
    "read",
    "DAMAGED",
    path,
    `${path} line ${line}: ${problem.message}. The file is damaged in the record that begins at ` +
      `line ${recordLine}, before its end, so leases may be missing.`,
    `Restore the file from ${path}~ or a backup, or save a copy, remove the damaged record by hand ` +
      "and start again.",
  );
}

function tornSentence(
  disk: LeaseDisk,
  path: string,
  file: number,
  position: number,
  sizeBytes: number,
  problem: Problem,
): string {
  const line = lineAt(disk, path, file, position + problem.recordOffset);
  const lostBytes = sizeBytes - (position + problem.recordOffset);
  return (
    `${path} line ${line}: the last record is cut off (${problem.message}). ` +
    `It was never acknowledged; its ${lostBytes} bytes are left out.`
  );
}

/** Reads until the chunk is full or the file ends. */
function fill(
  disk: LeaseDisk,
  path: string,
  file: number,
  chunk: Uint8Array,
  position: number,
): number {
  let length = 0;
  while (length < chunk.length) {
    const rest = chunk.subarray(length);
    const got = guarded("read", path, `Can't read ${path}`, () =>
      disk.read(file, rest, rest.length, position + length),
    );
    if (got === 0) break;
    length += got;
  }
  return length;
}

function byteAt(disk: LeaseDisk, path: string, file: number, position: number): number {
  const one = new Uint8Array(1);
  fill(disk, path, file, one, position);
  return one[0];
}

/** Counting lines means reading the file again, which only a problem is worth. */
function lineAt(disk: LeaseDisk, path: string, file: number, offset: number): number {
  const chunk = new Uint8Array(65_536);
  let lines = 1;
  for (let position = 0; position < offset; position += chunk.length) {
    const length = fill(disk, path, file, chunk, position);
    lines += countLines(chunk, 0, Math.min(length, offset - position));
    if (length < chunk.length) break;
  }
  return lines;
}
