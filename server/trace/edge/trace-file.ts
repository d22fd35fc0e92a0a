import * as fs from "node:fs";
import { refusedBySystem, StartError } from "../../process/start-error.ts";
import {
  CONTENT_BYTES_MAX,
  decodeRecord,
  FRAME_BYTES,
  TRACE_FIRST_LINE,
  TraceFormatError,
  type TraceRecord,
} from "../trace-format.ts";
import type { TraceSink } from "../trace-recorder.ts";

const readBytes = 4 * (CONTENT_BYTES_MAX + FRAME_BYTES);
/** It contains clients' addresses and the whole configuration. */
const ownerOnly = 0o600;

/**
 * Creates a trace file. An existing one becomes `PATH~`, so that the trace of a crash survives the
 * restart after it. Throws StartError, also when the existing file is not a trace.
 */
export function createTraceFile(path: string): TraceSink {
  let file: number;
  try {
    moveAway(path);
    file = fs.openSync(path, "wx", ownerOnly);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw refusedBySystem(`Can't create trace file ${path}`, error);
  }
  let isOpen = true;
  return {
    append: (bytes) => appendAll(file, bytes),
    close: () => {
      if (isOpen) fs.closeSync(file);
      isOpen = false;
    },
  };
}

function moveAway(path: string): void {
  if (!fs.existsSync(path)) return;
  const state = fs.statSync(path);
  if (state.isFile() && (state.size === 0 || firstLineOf(path) === TRACE_FIRST_LINE)) {
    fs.renameSync(path, `${path}~`);
    return;
  }
  throw new StartError(`${path} exists and is no trace file: give -tf the name of a new file.`);
}

function firstLineOf(path: string): string {
  const file = fs.openSync(path, "r");
  try {
    const bytes = Buffer.alloc(TRACE_FIRST_LINE.length);
    return bytes.toString("latin1", 0, fs.readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    fs.closeSync(file);
  }
}

/**
 * Returns false when the system refuses, for example because the disk is full; the part already written
 * stays.
 */
function appendAll(file: number, bytes: Uint8Array): boolean {
  try {
    for (let at = 0; at < bytes.length; ) at += fs.writeSync(file, bytes, at);
    return true;
  } catch {
    return false;
  }
}

/** The content of a file in pieces. Each piece is a view that is valid until the next one. */
export function* filePieces(path: string): Generator<Uint8Array> {
  const file = openOrExplain(path);
  try {
    const piece = new Uint8Array(CONTENT_BYTES_MAX);
    for (;;) {
      const length = fs.readSync(file, piece, 0, piece.length, null);
      if (length === 0) return;
      yield piece.subarray(0, length);
    }
  } finally {
    fs.closeSync(file);
  }
}

/**
 * The records of a trace. A trace cut off by `kill -9` or a full disk ends after its last whole record.
 * Throws StartError for a file that is not a trace, and with the position for a damaged one.
 */
export function* readTrace(path: string): Generator<TraceRecord> {
  const file = openOrExplain(path);
  try {
    // Records are views of these bytes and may be kept, so each read uses new memory.
    let bytes = read(file, new Uint8Array(0));
    let at = TRACE_FIRST_LINE.length;
    let behind = 0;
    if (Buffer.from(bytes.subarray(0, at)).toString("latin1") !== TRACE_FIRST_LINE) {
      throw new StartError(
        `${path} is no trace file of format 1: ${JSON.stringify(TRACE_FIRST_LINE.trim())} is not its first line.`,
      );
    }
    for (;;) {
      const record = recordAt(path, bytes, at, behind);
      if (record !== undefined) {
        yield record.record;
        at += record.bytes;
        continue;
      }
      const more = read(file, bytes.subarray(at));
      if (more.length === bytes.length - at) return;
      behind += at;
      at = 0;
      bytes = more;
    }
  } finally {
    fs.closeSync(file);
  }
}

function openOrExplain(path: string): number {
  try {
    return fs.openSync(path, "r");
  } catch (error) {
    throw refusedBySystem(`Can't open ${path}`, error);
  }
}

/** The rest of the last read, followed by new bytes. */
function read(file: number, rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(rest.length + readBytes);
  bytes.set(rest);
  const length = fs.readSync(file, bytes, rest.length, readBytes, null);
  return bytes.subarray(0, rest.length + length);
}

/** Undefined when the bytes end before the record does. */
function recordAt(
  path: string,
  bytes: Uint8Array,
  at: number,
  behind: number,
): { readonly record: TraceRecord; readonly bytes: number } | undefined {
  if (at + FRAME_BYTES > bytes.length) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(1);
  const contentAt = at + FRAME_BYTES;
  try {
    if (length > CONTENT_BYTES_MAX) throw new TraceFormatError(`a record of ${length} bytes`);
    if (contentAt + length > bytes.length) return undefined;
    const record = decodeRecord(bytes[at], bytes.subarray(contentAt, contentAt + length));
    return { record, bytes: FRAME_BYTES + length };
  } catch (error) {
    if (!(error instanceof TraceFormatError)) throw error;
    throw new StartError(`${path} is damaged at byte ${behind + at}: ${error.message}.`, {
      cause: error,
    });
  }
}
