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
import type { ContentReading } from "../device-registration.ts";
import { isSameFile } from "./shared-file.ts";

export interface WatchedFileOptions<Value> {
  readonly path: string;
  readonly bytesMax: number;
  readonly read: (bytes: Uint8Array) => ContentReading<Value>;
  readonly logger: Logger;
}

/**
 * Whoever writes a file may not be done yet, and the clock of a file system goes in steps: a change
 * as young as that is left to the next look.
 */
const youngMs = 50;
// Without O_NONBLOCK a pipe put in the place of a file would stop the server.
const openFlags = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * A file that is read again when it has changed. When it has become wrong or is gone, what it said
 * last stays in force, and the log says so, once for each change.
 */
export class WatchedFile<Value> {
  readonly #options: WatchedFileOptions<Value>;
  /** Of what was read last, right or wrong; undefined when it could not be read. */
  #stats: Stats | undefined;
  #problem: string | undefined;
  #value: Value;

  /** Throws StartError when it cannot be read, or says something wrong. */
  constructor(options: WatchedFileOptions<Value>) {
    const { stats, reading } = load(options);
    if (reading.kind === "failed") throw new StartError(`${options.path}: ${reading.message}`);
    this.#options = options;
    this.#stats = stats;
    this.#value = reading.value;
  }

  /** What it said when it was last right. */
  get value(): Value {
    return this.#value;
  }

  /** Looks whether the file has changed; true when there is a new value. `wallMs` is now. */
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
      // Whoever opens it is told the reason.
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

function failed(message: string): { readonly kind: "failed"; readonly message: string } {
  return { kind: "failed", message };
}
