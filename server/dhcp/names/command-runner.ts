import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { systemClock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/log.ts";
import type { CommandTrouble } from "./command-queue.ts";

/** Log skipped commands at most this often. */
const SKIPPED_MS_MIN = 10_000;

/** Runs the commands of `execute` statements on a thread of their own; see `CommandQueue` for limits. */
export class CommandRunner {
  readonly #logger: Logger;
  readonly #onFailed: (commands: number) => void;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #isOver = false;
  #skippedToldAtMs = Number.NEGATIVE_INFINITY;

  /** `onFailed` counts commands that failed or were not run. */
  constructor(logger: Logger, onFailed: (commands: number) => void) {
    this.#logger = logger;
    this.#onFailed = onFailed;
    const file = `./command-worker${extname(import.meta.url)}`;
    this.#worker = new Worker(new URL(file, import.meta.url));
    this.#worker.on("message", ({ commands, message }: CommandTrouble) => {
      onFailed(commands);
      if (message !== undefined) logger.error(message);
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once("error", (error) =>
        logger.error(`execute: no command runs: ${error.message}`),
      );
      this.#worker.once("exit", () => {
        this.#isOver = true;
        resolve();
      });
    });
  }

  /** Command and arguments, one character a byte. Never waits. */
  run(words: readonly string[]): void {
    if (this.#isOver) this.#skip();
    else this.#worker.postMessage(words);
  }

  /** Settles when all commands have ended. */
  async stop(): Promise<void> {
    if (!this.#isOver) this.#worker.postMessage("stop");
    await this.#ended;
  }

  #skip(): void {
    this.#onFailed(1);
    const nowMs = systemClock.monotonicMs();
    if (nowMs - this.#skippedToldAtMs < SKIPPED_MS_MIN) return;
    this.#skippedToldAtMs = nowMs;
    this.#logger.error(
      "execute: commands are not run, because their thread has ended: start the server again.",
    );
  }
}
