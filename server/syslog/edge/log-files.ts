import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import type { Logger } from "../../../base/log.ts";
import { StartError, systemReason } from "../../process/start-error.ts";
import { dayOf, rotatedName, sameDayMax } from "../rotation.ts";
import type { LogSink } from "../syslog-receiver.ts";
import { RotatedFiles } from "./rotated-files.ts";

/** How many bytes of one file may wait in memory before they are written. */
const pendingBytesMax = 1024 * 1024;
/** At most this much of the total is reserved for the lines that report dropped messages. */
const noteBytesReservedMax = 4096;
/** When the files are full and nothing can be removed, wait this long before looking again. */
const fullMsMin = 10_000;
/** A full disk is reported at most once in this time. */
const troubleMsMin = 10_000;
const fileMode = 0o640;

export interface LogFilesOptions {
  /** Absolute, or relative to the working directory; directories are made when missing. */
  readonly paths: readonly string[];
  /** How many past days keep their file. */
  readonly daysKept: number;
  /** The limit for one day's file: further lines are dropped until the next day. */
  readonly fileBytesMax: number;
  /**
   * The limit for all files together, past days included. Beyond it the oldest days are removed, even
   * when they should still be kept; when there are none left, lines are dropped.
   */
  readonly totalBytesMax: number;
  readonly logger: Logger;
  /** Called with the number of lines that a failed write lost. */
  readonly onLost: (lines: number) => void;
}

interface OpenFile {
  readonly path: string;
  descriptor: number;
  inode: number;
  bytes: number;
  pending: string[];
  pendingBytes: number;
  /** The last write ended in the middle of a line. */
  torn: boolean;
}

/**
 * Append-only files with a new one each day (UTC): `dhcp.log` is today's, `dhcp.log-20261123`
 * yesterday's. Lines gather until `flush`. Each file is bounded, and so is their total. When a write
 * fails, its lines are lost and the failure is logged; the service goes on. All calls are synchronous.
 */
export class LogFiles implements LogSink {
  readonly #options: LogFilesOptions;
  readonly #files: OpenFile[] = [];
  readonly #rotated: RotatedFiles;
  /** Bytes of today's files, lines not yet written included. */
  #todaysBytes = 0;
  #day: number;
  #fullAtUnixMs: number | undefined;
  #troubleToldAtUnixMs = Number.NEGATIVE_INFINITY;

  /** Throws StartError when a file cannot be opened for writing. */
  constructor(options: LogFilesOptions, unixMs: number) {
    this.#options = options;
    this.#rotated = new RotatedFiles(options.daysKept);
    this.#day = dayOf(unixMs);
    try {
      for (const path of options.paths) {
        mkdirSync(dirname(path), { recursive: true });
        this.#files.push(openFile(path));
      }
    } catch (error) {
      const path = options.paths[this.#files.length];
      this.close();
      throw new StartError(`Cannot write the log file ${path}: ${systemReason(error)}.`, {
        cause: error,
      });
    }
    // Rotate what an earlier run left from a past day.
    for (const file of this.#files) {
      const writtenDay = dayOf(fstatSync(file.descriptor).mtimeMs);
      if (writtenDay < this.#day) this.#rotate(file, writtenDay, unixMs);
      this.#refresh(file, unixMs);
    }
    this.#todaysBytes = this.#files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Whether lines are being dropped because of `totalBytesMax`. */
  get isFull(): boolean {
    return this.#fullAtUnixMs !== undefined;
  }

  append(
    file: number,
    line: string,
    unixMs: number,
    isNote = false,
  ): "kept" | "file-full" | "total-full" {
    this.#turnDay(unixMs);
    const target = this.#files[file];
    const lineBytes = Buffer.byteLength(line) + 1;
    if (target.bytes + target.pendingBytes + lineBytes > this.#options.fileBytesMax) {
      return "file-full";
    }
    if (!this.#hasRoom(lineBytes, isNote) && !this.#makeRoom(lineBytes, unixMs)) {
      return "total-full";
    }
    target.pending.push(line);
    target.pendingBytes += lineBytes;
    this.#todaysBytes += lineBytes;
    if (target.pendingBytes >= pendingBytesMax) this.#write(target, unixMs);
    return "kept";
  }

  /** Writes the gathered lines: one write for each file. */
  flush(unixMs: number): void {
    for (const file of this.#files) {
      if (file.pending.length > 0) this.#write(file, unixMs);
    }
  }

  /**
   * Call it about once a second: it starts the new day's files and reopens files that others moved or
   * removed.
   */
  maintain(unixMs: number): void {
    this.#turnDay(unixMs);
    for (const file of this.#files) {
      if (inodeAt(file.path) === file.inode) continue;
      this.#write(file, unixMs);
      this.#reopen(file, unixMs);
    }
  }

  close(): void {
    for (const file of this.#files.splice(0)) {
      this.#write(file, 0);
      closeSync(file.descriptor);
    }
  }

  #turnDay(unixMs: number): void {
    const day = dayOf(unixMs);
    if (day === this.#day || day === this.#day - 1) return;
    // More than a day back means that the clock was wrong before: the new day counts from now on.
    const isNewDay = day > this.#day;
    const finishedDay = this.#day;
    this.#day = day;
    if (!isNewDay) return;
    for (const file of this.#files) {
      this.#write(file, unixMs);
      this.#rotate(file, finishedDay, unixMs);
      this.#refresh(file, unixMs);
    }
    // Yesterday's files can now be removed to make room.
    this.#fullAtUnixMs = undefined;
  }

  #hasRoom(lineBytes: number, isNote: boolean): boolean {
    const { totalBytesMax } = this.#options;
    const reserved = isNote ? 0 : Math.min(noteBytesReservedMax, Math.floor(totalBytesMax / 8));
    if (this.isFull && !isNote) return false;
    return this.#rotated.bytes + this.#todaysBytes + lineBytes <= totalBytesMax - reserved;
  }

  /** Removes the oldest days' files until the line fits. Returns whether it fits. */
  #makeRoom(lineBytes: number, unixMs: number): boolean {
    // A flood must not make us read the directories for each line.
    const sinceMs = Math.abs(unixMs - (this.#fullAtUnixMs ?? Number.NEGATIVE_INFINITY));
    if (sinceMs < fullMsMin) return false;
    const wasFull = this.isFull;
    this.#fullAtUnixMs = undefined;
    // Others may have removed files meanwhile, which also makes room.
    for (const file of this.#files) this.#refresh(file, unixMs);
    const removed: string[] = [];
    while (!this.#hasRoom(lineBytes, false)) {
      const name = this.#removeOldest(unixMs);
      if (name === undefined) {
        this.#fullAtUnixMs = unixMs;
        break;
      }
      removed.push(name);
    }
    this.#tellOfRoom(removed, wasFull);
    return !this.isFull;
  }

  #removeOldest(unixMs: number): string | undefined {
    try {
      const removed = this.#rotated.removeOldest();
      return removed === undefined ? undefined : basename(removed.path);
    } catch (error) {
      this.#tell(`Cannot remove an old log to make room: ${systemReason(error)}.`, unixMs);
      return undefined;
    }
  }

  #tellOfRoom(removed: readonly string[], wasFull: boolean): void {
    const { totalBytesMax, logger } = this.#options;
    const bound = `all logs together have ${totalBytesMax} bytes at most (totalBytesMax)`;
    if (removed.length > 0) {
      const what = removed.length === 1 ? removed[0] : `${removed[0]} to ${removed.at(-1)}`;
      logger.warn(`Removed ${removed.length} of the oldest logs, ${what}: ${bound}.`);
    }
    if (this.isFull && !wasFull) {
      logger.error(
        `Messages are dropped, for ${bound}, and no older one is left to remove. ` +
          "Find out who floods, or raise the bound.",
      );
    }
  }

  #rotate(file: OpenFile, day: number, unixMs: number): void {
    if (file.bytes === 0) return;
    try {
      let copy = 0;
      while (existsSync(rotatedName(file.path, day, copy))) copy += 1;
      // Two days in one file are better than overwriting another file.
      if (copy > sameDayMax) return;
      renameSync(file.path, rotatedName(file.path, day, copy));
    } catch (error) {
      this.#tell(`Cannot rotate the log file ${file.path}: ${systemReason(error)}.`, unixMs);
      return;
    }
    this.#reopen(file, unixMs);
  }

  /** On failure the old file stays open, so that lines are not lost. */
  #reopen(file: OpenFile, unixMs: number): void {
    try {
      const fresh = openFile(file.path);
      closeSync(file.descriptor);
      file.descriptor = fresh.descriptor;
      file.inode = fresh.inode;
      this.#todaysBytes += fresh.bytes - file.bytes;
      file.bytes = fresh.bytes;
      file.torn = false;
    } catch (error) {
      this.#tell(`Cannot open the log file ${file.path}: ${systemReason(error)}.`, unixMs);
    }
  }

  /** Removes files beyond the days kept and counts the rest. */
  #refresh(file: OpenFile, unixMs: number): void {
    try {
      this.#rotated.refresh(file.path);
    } catch (error) {
      this.#tell(`Cannot remove old logs of ${file.path}: ${systemReason(error)}.`, unixMs);
    }
  }

  #write(file: OpenFile, unixMs: number): void {
    const lines = file.pending;
    if (lines.length === 0) return;
    this.#todaysBytes -= file.pendingBytes;
    file.pending = [];
    file.pendingBytes = 0;
    const bytes = Buffer.from(`${file.torn ? "\n" : ""}${lines.join("\n")}\n`);
    let written = 0;
    try {
      while (written < bytes.length) {
        written += writeSync(file.descriptor, bytes, written);
      }
    } catch (error) {
      const lost = bytes
        .subarray(written)
        .reduce((ends, byte) => ends + (byte === 0x0a ? 1 : 0), 0);
      this.#options.onLost(Math.min(lost, lines.length));
      this.#tell(`Cannot write to the log file ${file.path}: ${systemReason(error)}.`, unixMs);
    }
    file.bytes += written;
    this.#todaysBytes += written;
    if (written > 0) file.torn = bytes[written - 1] !== 0x0a;
  }

  #tell(message: string, unixMs: number): void {
    // The absolute value: a clock that was set back by ten years must not silence us for ten years.
    if (Math.abs(unixMs - this.#troubleToldAtUnixMs) < troubleMsMin) return;
    this.#troubleToldAtUnixMs = unixMs;
    this.#options.logger.error(message);
  }
}

function openFile(path: string): OpenFile {
  const descriptor = openSync(path, "a", fileMode);
  const { ino, size } = fstatSync(descriptor);
  return {
    path,
    descriptor,
    inode: ino,
    bytes: size,
    pending: [],
    pendingBytes: 0,
    torn: false,
  };
}

/** Undefined when the file does not exist or cannot be accessed. */
function inodeAt(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}
