import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";

/** What is not written at once waits for `flush`; beyond this much, lines are dropped and counted. */
const pendingBytesMax = 1024 * 1024;
export const standardError = 2;

const nothing = Buffer.alloc(0);
/** After `close`: the number may be another file's by then, so what is still logged is discarded. */
const noFile = -1;

/**
 * Where the lines of a log go. They gather until `flush`, so that a batch costs one system call. A reader
 * that is slow or gone never stops the program: it loses lines.
 */
export class LogOutput {
  #file: number;
  readonly #isOwn: boolean;
  readonly #tellDropped: (count: number) => void;
  #lines: string[] = [];
  #charactersInLines = 0;
  /** What the reader has not taken of an earlier flush. */
  #rest = nothing;
  #dropped = 0;

  /** `tellDropped` writes the line that says how many were dropped, once there is room for it. */
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

  /** Writes what has gathered; what the reader does not take now is tried again next time. */
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

  /** Whether nothing of it is left. */
  #writeRest(): boolean {
    let written = 0;
    try {
      while (written < this.#rest.length) written += writeSync(this.#file, this.#rest, written);
    } catch (error) {
      // EAGAIN: the reader is slow. Anything else: nobody reads.
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
 * The same pipe or terminal once more, but one that never waits. That is a property of how it was opened,
 * which this process shares with the one that started it, so it is opened anew. Undefined where that
 * cannot be done or need not be.
 */
function reopened(file: number): number | undefined {
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    if (!fstatSync(file).isFile())
      return openSync(`/proc/self/fd/${file}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    // A socket cannot be opened. As a stream Node makes it one that does not wait.
    if (file === standardError) void process.stderr;
  }
  return undefined;
}
