import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  type Stats,
  statSync,
} from "node:fs";
import type { Logger } from "../../../base/log.ts";
import { StartError, systemReason } from "../../process/start-error.ts";
import { type ContentReading, failed } from "../device-registration.ts";
import { isSameFile } from "./shared-file.ts";

export interface WatchedFileOptions<Value> {
  readonly path: string;
  readonly bytesMax: number;
  readonly read: (bytes: Uint8Array) => ContentReading<Value>;
  readonly logger: Logger;
}

/**
 * Someone may still be writing the file, and a file system's clock ticks in steps. So a change this young
 * waits for the next check.
 */
const youngMs = 50;
// Without O_NONBLOCK, a pipe in place of a file would block the server.
const openFlags = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * A file that is read again when it has changed. While it is wrong or missing, its last good content
 * stays in force, and each such change is logged once.
 */
export class WatchedFile<Value> {
  readonly #options: WatchedFileOptions<Value>;
  /** The version last read, right or wrong; undefined when it could not be read. */
  #stats: Stats | undefined;
  #problem: string | undefined;
  #value: Value;

  /** Throws StartError when the file cannot be read or is wrong. */
  constructor(options: WatchedFileOptions<Value>) {
    const { stats, reading } = load(options);
    if (reading.kind === "failed") throw new StartError(`${options.path}: ${reading.message}`);
    this.#options = options;
    this.#stats = stats;
    this.#value = reading.value;
  }

  /** The last good content. */
  get value(): Value {
    return this.#value;
  }

  /** Checks whether the file has changed. Returns true when there is a new value. */
  refresh(wallMs: number): boolean {
    if (!this.#isNews(wallMs)) return false;
    const { path, logger } = this.#options;
    const { stats, reading } = load(this.#options);
    this.#stats = stats;
    if (reading.kind === "ok") {
      this.#problem = undefined;
      this.#value = reading.value;
      logger.info(`${path}: has changed, and is in use as it is now`, { file: path });
      return true;
    }
    const isKnown = stats === undefined && reading.message === this.#problem;
    this.#problem = reading.message;
    if (!isKnown) {
      const problem = `what it said before stays in use: ${reading.message}`;
      logger.error(`${path}: ${problem}`, { file: path });
    }
    return false;
  }

  #isNews(wallMs: number): boolean {
    let stats: Stats;
    try {
      stats = statSync(this.#options.path);
    } catch {
      // Opening it will give the reason.
      return true;
    }
    if (this.#stats !== undefined && isSameFile(stats, this.#stats)) return false;
    const ageMs = wallMs - stats.ctimeMs;
    return ageMs < 0 || ageMs >= youngMs;
  }
}

interface Loaded<Value> {
  readonly stats: Stats | undefined;
  readonly reading: ContentReading<Value>;
}

function load<Value>({ path, bytesMax, read }: WatchedFileOptions<Value>): Loaded<Value> {
  let stats: Stats | undefined;
  let bytes: Uint8Array;
  try {
    const fd = openSync(path, openFlags);
    try {
      stats = fstatSync(fd);
      if (!stats.isFile()) return { stats, reading: failed("is not a regular file") };
      if (stats.size > bytesMax) {
        return { stats, reading: failed(`has ${stats.size} bytes, the most is ${bytesMax}`) };
      }
      bytes = readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return { stats, reading: failed(systemReason(error)) };
  }
  return { stats, reading: read(bytes) };
}
