import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";

/** Lines wait for `flush`; beyond this many bytes they are dropped and counted. */
const pendingBytesMax = 1024 * 1024;
export const standardError = 2;

const nothing = Buffer.alloc(0);
/** After `close`, lines are discarded, because the descriptor may be reused. */
const noFile = -1;

/**
 * Writes the lines of a log. They gather until `flush`, so that a batch costs one system call. A slow or
 * missing reader never stops the program: lines are lost instead.
 */
export class LogOutput {
  #file: number;
  readonly #isOwn: boolean;
  readonly #tellDropped: (count: number) => void;
  #lines: string[] = [];
  #charactersInLines = 0;
  /** The part of an earlier flush that the reader has not taken yet. */
  #rest = nothing;
  #dropped = 0;

  /** `tellDropped` writes the line about dropped lines, once there is room for it. */
  constructor(tellDropped: (count: number) => void, file = standardError) {
    this.#tellDropped = tellDropped;
    const own = reopened(file);
    this.#isOwn = own !== undefined;
    this.#file = own ?? file;
  }

  /** Takes a line, without its newline. */
  write(line: string): void {
    if (this.#rest.length + this.#charactersInLines > pendingBytesMax) {
      this.#dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#charactersInLines += line.length + 1;
  }

  /** Writes the gathered lines. What the reader does not take now is tried again at the next flush. */
  flush(): void {
    if (!this.#writeRest()) return;
    if (this.#lines.length > 0) {
      this.#rest = Buffer.from(`${this.#lines.join("\n")}\n`);
      this.#lines = [];
      this.#charactersInLines = 0;
      if (!this.#writeRest()) return;
    }
    if (this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#tellDropped(dropped);
    this.flush();
  }

  /** Returns whether all of it is written. */
  #writeRest(): boolean {
    let written = 0;
    try {
      while (written < this.#rest.length) written += writeSync(this.#file, this.#rest, written);
    } catch (error) {
      // EAGAIN: the reader is slow. Anything else: nobody reads, so the rest is discarded.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") written = this.#rest.length;
    }
    this.#rest = this.#rest.subarray(written);
    return this.#rest.length === 0;
  }

  close(): void {
    this.flush();
    if (this.#isOwn) closeSync(this.#file);
    this.#file = noFile;
  }
}

/**
 * Opens the same pipe or terminal again, without blocking. Setting the flag on the descriptor itself
 * would also change it for the process that started us, because they share it. Undefined where this is
 * impossible or not needed.
 */
function reopened(file: number): number | undefined {
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    if (!fstatSync(file).isFile())
      return openSync(`/proc/self/fd/${file}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    // A socket cannot be reopened. Using it as a stream makes Node set it to non-blocking.
    if (file === standardError) void process.stderr;
  }
  return undefined;
}
