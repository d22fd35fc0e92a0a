import { type ChildProcess, spawn } from "node:child_process";

/** Commands that run at once, and those that may wait for them. */
const RUNNING_MAX = 4;
const WAITING_MAX = 1000;
/** A command that takes longer is killed. */
const COMMAND_MS_MAX = 30_000;
/** Log refused commands at most this often. */
const REFUSED_MS_MIN = 10_000;

/** Commands that failed or were not run, and what to tell the operator; undefined: not now. */
export interface CommandTrouble {
  readonly commands: number;
  readonly message: string | undefined;
}

export interface CommandQueueOptions {
  readonly onTrouble: (trouble: CommandTrouble) => void;
  readonly nowMs: () => number;
  readonly runningMax?: number;
  readonly waitingMax?: number;
  readonly commandMsMax?: number;
  /** Kills a process, or with a negative number its group; throws the system's error. */
  readonly kill?: (processId: number) => void;
}

/**
 * Runs the commands of `execute` statements: a few at a time, for a limited time, without a shell, and
 * with neither input nor output. Bytes from a client can only become arguments, never a command.
 */
export class CommandQueue {
  readonly #options: Required<CommandQueueOptions>;
  readonly #waiting: (readonly string[])[] = [];
  #running = 0;
  /** Those of them that take too long and cannot be killed: nothing waits for their end. */
  #stuck = 0;
  #refused = 0;
  #refusedToldAtMs = Number.NEGATIVE_INFINITY;
  #onIdle: (() => void) | undefined;

  constructor(options: CommandQueueOptions) {
    this.#options = {
      ...{ runningMax: RUNNING_MAX, waitingMax: WAITING_MAX, commandMsMax: COMMAND_MS_MAX },
      kill: (processId) => process.kill(processId, "SIGKILL"),
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
    if (this.#running > this.#stuck) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    const left = this.#waiting.length;
    if (left > 0) this.#tell(`${commandsAre(left)} not run: all places are taken.`, left);
  }

  #startNext(): void {
    while (this.#running < this.#options.runningMax) {
      const words = this.#waiting.shift();
      if (words === undefined) break;
      this.#start(words);
    }
    if (this.#running === this.#stuck) this.#onIdle?.();
  }

  #start(words: readonly string[]): void {
    const { commandMsMax, runningMax } = this.#options;
    const [command = "", ...values] = words.map(systemText);
    const fail = (problem: string): void => this.#tell(`${command} ${problem}`, 1);
    let child: ChildProcess;
    try {
      // A group of its own, so that its children are killed with it.
      child = spawn(command, values, { stdio: "ignore", detached: true });
    } catch (error) {
      // Too many bytes of arguments, no memory, no name: there will be no event.
      fail(`cannot be run: ${String(error)}`);
      return;
    }
    const { pid } = child;
    this.#running += 1;
    let state: "running" | "late" | "stuck" | "over" = "running";
    const timer = setTimeout(() => {
      const refusal = pid === undefined ? undefined : this.#killGroup(pid);
      state = refusal === undefined ? "late" : "stuck";
      if (refusal === undefined) return;
      const seconds = commandMsMax / 1000;
      fail(
        `runs for ${seconds} s and cannot be ended (${refusal}); it keeps one of ${runningMax} places.`,
      );
      this.#stuck += 1;
      child.unref();
      this.#startNext();
    }, commandMsMax);
    const end = (problem: string | undefined): void => {
      if (state === "over") return;
      clearTimeout(timer);
      this.#running -= 1;
      if (state === "stuck") this.#stuck -= 1;
      else if (problem !== undefined) fail(problem);
      state = "over";
      this.#startNext();
    };
    child.once("error", ({ message }) => end(`cannot be run: ${message}`));
    child.once("exit", (status, signal) => {
      if (state === "late") end(`ended after ${commandMsMax / 1000} s: it took too long.`);
      else if (signal !== null) end(`ended by ${signal}`);
      else end(status === 0 ? undefined : `exit status ${status}`);
    });
  }

  /** The system's reason when it refuses, as for a process of another user. */
  #killGroup(processId: number): string | undefined {
    try {
      this.#options.kill(-processId);
      return undefined;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      // It has already ended.
      return code === "ESRCH" ? undefined : code;
    }
  }

  #tell(text: string, commands: number): void {
    this.#options.onTrouble({ commands, message: `execute: ${text}` });
  }

  #refuse(): void {
    this.#refused += 1;
    const nowMs = this.#options.nowMs();
    const isTold = nowMs - this.#refusedToldAtMs >= REFUSED_MS_MIN;
    const message = `execute: too many commands wait: ${commandsAre(this.#refused)} not run.`;
    this.#options.onTrouble({ commands: 1, message: isTold ? message : undefined });
    if (!isTold) return;
    this.#refusedToldAtMs = nowMs;
    this.#refused = 0;
  }
}

function commandsAre(count: number): string {
  return count === 1 ? "1 command is" : `${count} commands are`;
}

/** As in dhcpd, a NUL ends the word. */
function systemText(word: string): string {
  const end = word.indexOf("\0");
  return Buffer.from(end < 0 ? word : word.slice(0, end), "latin1").toString("utf8");
}
