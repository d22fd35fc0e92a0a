import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { systemClock } from "../../../base/clock.ts";
import type { FromWorker, ToWorker, WorkerStart } from "../../worker/worker-messages.ts";

/** The run failed: the message says what failed, where, and what to do. */
export class SimulationError extends Error {
  override readonly name = "SimulationError";
}

/** Threads take only the profiler's flags of the process. */
const execArgv = process.execArgv.filter((flag) => flag.startsWith("--cpu-prof"));

/** Longest time between two looks at a deadline, which moves while a run is on hold. */
const LOOK_MS = 60_000;

/** One worker thread: its messages, the caller that waits for one, and its end. */
export class WorkerHandle {
  readonly #worker: Worker;
  readonly #name: string;
  readonly #onNews: (message: FromWorker) => void;
  #waiting: { kind: FromWorker["kind"]; resolve: (message: FromWorker) => void } | undefined;
  #reject: (error: SimulationError) => void = () => {};
  #failure: SimulationError | undefined;
  #hasExited = false;

  constructor(start: WorkerStart, onNews: (message: FromWorker) => void) {
    this.#name = `simulator worker ${start.workerIndex} of ${start.workerCount}`;
    this.#onNews = onNews;
    this.#worker = new Worker(workerFile(), { workerData: start, name: this.#name, execArgv });
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("messageerror", (error: Error) =>
      this.#fail("sent an unreadable message", error),
    );
    this.#worker.on("error", (error: Error) => this.#fail(`failed: ${error.message}`, error));
    this.#worker.on("exit", (code: number) => {
      this.#hasExited = true;
      this.#fail(`ended before it was told to (exit code ${code})`);
    });
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  /**
   * The worker's next message of this kind; one caller at a time. The deadline is a function, because it moves
   * while a run is on hold.
   */
  next<Kind extends FromWorker["kind"]>(
    kind: Kind,
    deadlineMs: () => number,
  ): Promise<Extract<FromWorker, { kind: Kind }>> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      const sinceMs = systemClock.monotonicMs();
      let timer: NodeJS.Timeout | undefined;
      const wait = (): void => {
        const nowMs = systemClock.monotonicMs();
        const leftMs = deadlineMs() - nowMs;
        if (leftMs > 0) {
          timer = setTimeout(wait, Math.min(leftMs, LOOK_MS));
          return;
        }
        const seconds = Math.round((nowMs - sinceMs) / 1000);
        this.#fail(`did not say "${kind}" within ${seconds} s: the machine may be overloaded`);
      };
      this.#reject = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      this.#waiting = {
        kind,
        resolve: (message) => {
          clearTimeout(timer);
          resolve(message as Extract<FromWorker, { kind: Kind }>);
        },
      };
      wait();
    });
  }

  async terminate(): Promise<void> {
    if (!this.#hasExited) await this.#worker.terminate();
  }

  #receive(message: FromWorker): void {
    const waiting = this.#waiting;
    if (waiting?.kind !== message.kind) {
      this.#onNews(message);
      return;
    }
    this.#waiting = undefined;
    this.#reject = () => {};
    waiting.resolve(message);
  }

  #fail(what: string, cause?: Error): void {
    this.#failure ??= new SimulationError(`${this.#name} ${what}`, { cause });
    this.#waiting = undefined;
    this.#reject(this.#failure);
    this.#reject = () => {};
  }
}

/** Threads run compiled files: beside this one, or in `dist` when this one is the source. */
function workerFile(): URL {
  const isSource = import.meta.url.endsWith(".ts");
  const file = new URL(
    isSource ? "../../../dist/simulator/worker/edge/worker.js" : "../../worker/edge/worker.js",
    import.meta.url,
  );
  if (existsSync(file)) return file;
  throw new SimulationError(`${fileURLToPath(file)} does not exist: run \`npm run build\``);
}
