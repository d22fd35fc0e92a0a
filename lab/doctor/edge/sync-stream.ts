import { closeSync, fdatasyncSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { systemClock } from "../../../base/clock.ts";
import { RECORDS_A_SYNC_MAX, RecordStream } from "../record-stream.ts";

export interface SyncStreamPlan {
  /** Exists; the file is on its disk. */
  readonly folder: string;
  readonly durationMs: number;
  readonly recordsPerSecond: number;
  readonly recordBytes: number;
}

/**
 * Appends records to a file at an even rate and syncs them as a server does that has nothing else to do: the disk's
 * own part of its latency. The file has no name while it is open, so nothing stays behind when the program is killed.
 * Throws the file system's error.
 */
export async function streamOfSyncs(
  { folder, durationMs, recordsPerSecond, recordBytes }: SyncStreamPlan,
  signal?: AbortSignal,
): Promise<RecordStream> {
  const file = openUnnamed(folder);
  try {
    const bytes = new Uint8Array(recordBytes * RECORDS_A_SYNC_MAX).fill(0x0a);
    const startMs = systemClock.monotonicMs();
    const stream = new RecordStream(recordsPerSecond, startMs);
    for (let nowMs = startMs; nowMs - startMs < durationMs; nowMs = systemClock.monotonicMs()) {
      const idleMs = stream.idleMs(nowMs);
      if (idleMs > 0) {
        await turn(undefined, { signal });
        sleepMs(stream.idleMs(systemClock.monotonicMs()));
      }
      const records = stream.begin(systemClock.monotonicMs(), idleMs > 0);
      if (records === 0) continue;
      writeSync(file, bytes, 0, records * recordBytes);
      fdatasyncSync(file);
      stream.end(systemClock.monotonicMs());
    }
    return stream;
  } finally {
    closeSync(file);
  }
}

function openUnnamed(folder: string): number {
  const path = join(folder, `.prov-syncs-${process.pid}`);
  const file = openSync(path, "wx");
  unlinkSync(path);
  return file;
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread: a timer of Node's is late by a millisecond. */
function sleepMs(ms: number): void {
  if (ms > 0) Atomics.wait(never, 0, 0, ms);
}
