import {
  isLogged,
  type LogFields,
  type Logger,
  type LogLevel,
  type LogLine,
  loggerTo,
} from "../../base/log.ts";
import { droppedLines } from "../process/log-writer.ts";

/** How many lines of one thread may wait for the main thread; further lines are dropped. */
const LINES_UNDER_WAY_MAX = 4096;

/**
 * The log of a service's thread. Its lines go to the main thread, which writes the log of the whole
 * process. They go together at the end of a batch of packets or of a turn of the event loop; warnings and
 * errors go at once. A thread never waits for the log. Both threads share `underWay`, the number of lines
 * not written yet.
 */
export class ThreadLog {
  readonly logger: Logger;
  readonly #post: (lines: readonly LogLine[]) => void;
  readonly #underWay: Int32Array;
  #lines: LogLine[] = [];
  #dropped = 0;
  #isFlushDue = false;

  constructor(
    least: LogLevel,
    underWay: SharedArrayBuffer,
    post: (lines: readonly LogLine[]) => void,
  ) {
    this.#post = post;
    this.#underWay = new Int32Array(underWay);
    this.logger = loggerTo((line) => this.#take(line), least);
  }

  flush(): void {
    this.#isFlushDue = false;
    if (this.#lines.length === 0) return;
    Atomics.add(this.#underWay, 0, this.#lines.length);
    this.#post(this.#lines);
    this.#lines = [];
  }

  #take(line: LogLine): void {
    if (Atomics.load(this.#underWay, 0) + this.#lines.length >= LINES_UNDER_WAY_MAX) {
      this.#dropped += 1;
      return;
    }
    if (this.#dropped > 0) {
      this.#lines.push({ level: "error", message: droppedLines(this.#dropped) });
      this.#dropped = 0;
    }
    this.#lines.push(line);
    if (isLogged(line.level, "warn")) this.flush();
    else if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      setImmediate(() => this.flush());
    }
  }
}

/** The main thread's side: writes the lines that a thread has posted. */
export function writeLines(
  lines: readonly LogLine[],
  logger: Logger,
  about: LogFields,
  underWay: SharedArrayBuffer,
): void {
  for (const { level, message, fields } of lines) logger[level](message, { ...about, ...fields });
  Atomics.sub(new Int32Array(underWay), 0, lines.length);
}
