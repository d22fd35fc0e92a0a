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
import { type DayOutcome, DayShares } from "../day-shares.ts";
import { dayOf, rotatedName, sameDayMax } from "../rotation.ts";
import type { LogSink } from "../syslog-receiver.ts";
import { RotatedFiles } from "./rotated-files.ts";

/** How many bytes of one file may wait in memory before they are written. */
const pendingBytesMax = 1024 * 1024;
/** At most this much of a day is reserved for the lines that report dropped messages: one every 10 s. */
const noteBytesReservedMax = 2 * 1024 * 1024;
/** When old files cannot be removed to make room, wait this long before the next attempt. */
const crowdedMsMin = 10_000;
/** A full disk is reported at most once in this time. */
const troubleMsMin = 10_000;
const fileMode = 0o640;

export interface LogFilesOptions {
  /** Absolute, or relative to the working directory; directories are made when missing. */
  readonly paths: readonly string[];
  /** How many past days keep their file. */
  readonly daysKept: number;
  /**
   * The limit for all files together, past days included. Every day has the same part of it, so today never
   * needs the room of a day that is kept; when its part is used up, lines are dropped until the next day.
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
 * yesterday's. Lines gather until `flush`. A day's files are bounded together, and shared among the sources
 * of its lines. When a write fails, its lines are lost and the failure is logged; the service goes on. All
 * calls are synchronous.
 */
export class LogFiles implements LogSink {
  readonly #options: LogFilesOptions;
  readonly #files: OpenFile[] = [];
  readonly #rotated: RotatedFiles;
  readonly #dayBytesMax: number;
  readonly #shares: DayShares;
  /** Bytes of today's files, lines not yet written included. */
  #todaysBytes = 0;
  #day: number;
  #isFullTold = false;
  #crowdedAtUnixMs = Number.NEGATIVE_INFINITY;
  #troubleToldAtUnixMs = Number.NEGATIVE_INFINITY;

  /** Throws StartError when a file cannot be opened for writing. */
  constructor(options: LogFilesOptions, unixMs: number) {
    this.#options = options;
    this.#dayBytesMax = Math.floor(options.totalBytesMax / (options.daysKept + 1));
    this.#rotated = new RotatedFiles(options.daysKept, this.#dayBytesMax);
    this.#shares = new DayShares(this.#dayBytesMax);
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

  append(file: number, line: string, unixMs: number, sources: readonly number[]): DayOutcome {
    this.#turnDay(unixMs);
    const target = this.#files[file];
    const lineBytes = Buffer.byteLength(line) + 1;
    const reservedBytes = sources.length === 0 ? 0 : this.#noteBytes;
    const roomBytes = this.#dayBytesMax - this.#todaysBytes - reservedBytes;
    const outcome = this.#shares.take(lineBytes, sources, roomBytes);
    if (outcome === "day-full") this.#tellFull();
    if (outcome !== "kept") return outcome;
    if (!this.#makeRoom(lineBytes, unixMs)) return "day-full";
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
    this.#shares.clear();
    this.#isFullTold = false;
  }

  get #noteBytes(): number {
    return Math.min(noteBytesReservedMax, Math.floor(this.#dayBytesMax / 8));
  }

  /**
   * Whether the line fits into the total. Days within their limits always leave it room; files that other
   * limits let grow, or that a changed clock dated, are removed for it.
   */
  #makeRoom(lineBytes: number, unixMs: number): boolean {
    const fits = (): boolean =>
      this.#rotated.bytes + this.#todaysBytes + lineBytes <= this.#options.totalBytesMax;
    if (fits()) return true;
    // A flood must not make us read the directories for each line.
    if (Math.abs(unixMs - this.#crowdedAtUnixMs) < crowdedMsMin) return false;
    // Others may have removed files meanwhile, which also makes room.
    for (const file of this.#files) this.#refresh(file, unixMs);
    const removed: string[] = [];
    while (!fits()) {
      const name = this.#removeFirst(unixMs);
      if (name === undefined) {
        this.#crowdedAtUnixMs = unixMs;
        break;
      }
      removed.push(name);
    }
    this.#tellRemoved(removed);
    return fits();
  }

  #removeFirst(unixMs: number): string | undefined {
    try {
      const removed = this.#rotated.removeFirst();
      return removed === undefined ? undefined : basename(removed.path);
    } catch (error) {
      this.#tell(`Cannot remove an old log to make room: ${systemReason(error)}.`, unixMs);
      return undefined;
    }
  }

  #tellRemoved(removed: readonly string[]): void {
    if (removed.length === 0) return;
    const { totalBytesMax, logger } = this.#options;
    const what = removed.length === 1 ? removed[0] : `${removed[0]} to ${removed.at(-1)}`;
    logger.warn(
      `Removed ${removed.length} of the old logs, ${what}: ` +
        `all logs together have ${totalBytesMax} bytes at most (totalBytesMax).`,
    );
  }

  #tellFull(): void {
    if (this.#isFullTold) return;
    this.#isFullTold = true;
    this.#options.logger.error(
      `Messages are dropped until midnight UTC: the logs of one day have ${this.#dayBytesMax} bytes at most ` +
        "(totalBytesMax / (daysKept + 1)). Find out who floods, or raise totalBytesMax.",
    );
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
