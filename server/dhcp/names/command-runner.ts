import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Logger } from "../../../base/log.ts";

/** Runs the commands of `execute` statements on a thread of their own; see `CommandQueue` for limits. */
export class CommandRunner {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #isOver = false;

  constructor(logger: Logger) {
    const file = `./command-worker${extname(import.meta.url)}`;
    this.#worker = new Worker(new URL(file, import.meta.url));
    this.#worker.on("message", (message: string) => logger.error(message));
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
    if (!this.#isOver) this.#worker.postMessage(words);
  }

  /** Settles when all commands have ended. */
  async stop(): Promise<void> {
    if (!this.#isOver) this.#worker.postMessage("stop");
    await this.#ended;
  }
}
