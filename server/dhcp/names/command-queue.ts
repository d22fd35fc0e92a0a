import { spawn } from "node:child_process";

/** Commands that run at once, and those that may wait for them. */
const RUNNING_MAX = 4;
const WAITING_MAX = 1000;
/** A command that takes longer is killed. */
const COMMAND_MS_MAX = 30_000;
/** Log refused commands at most this often. */
const REFUSED_MS_MIN = 10_000;

export interface CommandQueueOptions {
  /** Takes messages for the operator. */
  readonly onError: (message: string) => void;
  readonly nowMs: () => number;
  readonly runningMax?: number;
  readonly waitingMax?: number;
  readonly commandMsMax?: number;
}

/**
 * Runs the commands of `execute` statements: a few at a time, for a limited time, without a shell, and
 * with neither input nor output. Bytes from a client can only become arguments, never a command.
 */
export class CommandQueue {
  readonly #options: Required<CommandQueueOptions>;
  readonly #waiting: (readonly string[])[] = [];
  readonly #processes = new Set<number>();
  #running = 0;
  #refused = 0;
  #refusedToldAtMs = Number.NEGATIVE_INFINITY;
  #onIdle: (() => void) | undefined;

  constructor(options: CommandQueueOptions) {
    this.#options = {
      ...{ runningMax: RUNNING_MAX, waitingMax: WAITING_MAX, commandMsMax: COMMAND_MS_MAX },
      ...options,
    };
  }

  /** Command and arguments, one character a byte. */
  run(words: readonly string[]): void {
    if (this.#waiting.length >= this.#options.waitingMax) this.#refuse();
    else this.#waiting.push(words);
    this.#startNext();
  }

  /** Settles when all commands have ended; each has a time limit. */
  async idle(): Promise<void> {
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Kills the running commands and discards the waiting ones. */
  kill(): void {
    this.#waiting.length = 0;
    for (const processId of this.#processes) killGroup(processId);
  }

  #startNext(): void {
    while (this.#running < this.#options.runningMax) {
      const words = this.#waiting.shift();
      if (words === undefined) break;
      this.#start(words);
    }
    if (this.#running === 0) this.#onIdle?.();
  }

  #start(words: readonly string[]): void {
    const { onError, commandMsMax } = this.#options;
    const [command = "", ...values] = words.map(systemText);
    let isLate = false;
    // A group of its own, so that its children are killed with it.
    const child = spawn(command, values, { stdio: "ignore", detached: true });
    const { pid } = child;
    this.#running += 1;
    if (pid !== undefined) this.#processes.add(pid);
    const timer = setTimeout(() => {
      isLate = true;
      if (pid !== undefined) killGroup(pid);
    }, commandMsMax);
    let isOver = false;
    const end = (problem: string | undefined): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      if (pid !== undefined) this.#processes.delete(pid);
      this.#running -= 1;
      if (problem !== undefined) onError(`execute: ${command} ${problem}`);
      this.#startNext();
    };
    child.once("error", ({ message }) => end(`cannot be run: ${message}`));
    child.once("exit", (status, signal) => {
      if (isLate) end(`ended after ${commandMsMax / 1000} s: it took too long.`);
      else if (signal !== null) end(`ended by ${signal}`);
      else end(status === 0 ? undefined : `exit status ${status}`);
    });
  }

  #refuse(): void {
    this.#refused += 1;
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#refusedToldAtMs < REFUSED_MS_MIN) return;
    this.#refusedToldAtMs = nowMs;
    const count = this.#refused === 1 ? "1 command is" : `${this.#refused} commands are`;
    this.#refused = 0;
    this.#options.onError(`execute: too many commands wait: ${count} not run.`);
  }
}

/** As in dhcpd, a NUL ends the word. */
function systemText(word: string): string {
  const end = word.indexOf("\0");
  return Buffer.from(end < 0 ? word : word.slice(0, end), "latin1").toString("utf8");
}

function killGroup(processId: number): void {
  try {
    process.kill(-processId, "SIGKILL");
  } catch (error) {
    // It has already ended.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
