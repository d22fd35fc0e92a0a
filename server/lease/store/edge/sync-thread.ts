import { extname } from "node:path";
import { getSystemErrorName } from "node:util";
import { Worker } from "node:worker_threads";
import { libcMissingReason } from "../../../../base/net/kernel/libc.ts";
import { WakePipe } from "../../../../base/net/wake-pipe.ts";
import type { BackgroundSync } from "../lease-disk.ts";
import { SYNC_WORDS, SyncJob, type SyncPaths, SyncState, SyncWord } from "../sync-words.ts";

/** What wakes a loop that waits for its disks; undefined without batched sockets. */
export function openWakePipe(): WakePipe | undefined {
  return libcMissingReason() === undefined ? new WakePipe() : undefined;
}

/**
 * A thread that only waits for one disk, so that the loop decides while the disk works. Requests and
 * answers go through shared memory, without the event loop, and it does not keep the process alive.
 */
export class SyncThread implements BackgroundSync {
  readonly #words = new Int32Array(
    new SharedArrayBuffer(SYNC_WORDS * Int32Array.BYTES_PER_ELEMENT),
  );
  readonly #wake: WakePipe | undefined;
  readonly #onEnd: (reason: string) => void;
  readonly #file: URL;
  #worker: Worker | undefined;
  #ended = Promise.resolve();
  #isOver = false;

  /**
   * `wake` stays open until `stop` settles. `onEnd` gets the reason when the thread ends by itself: nothing
   * can be begun from then on.
   */
  constructor(
    wake: WakePipe | undefined,
    onEnd: (reason: string) => void,
    file = new URL(`./sync-worker${extname(import.meta.url)}`, import.meta.url),
  ) {
    this.#wake = wake;
    this.#onEnd = onEnd;
    this.#file = file;
  }

  /** Starts the thread, so that the first request does not have to. */
  start(): void {
    if (!this.#isOver) this.#worker ??= this.#start();
  }

  begin(file: number): boolean {
    return this.#begin(SyncJob.sync, file);
  }

  beginInstall(file: number, path: string, newPath: string): boolean {
    return this.#begin(SyncJob.install, file, [path, newPath]);
  }

  beginDirectory(path: string): boolean {
    return this.#begin(SyncJob.directory, -1, [path, path]);
  }

  /** A thread that died during a sync gives EIO: what the system reported to it is lost. */
  end(msMax: number): boolean {
    if (Atomics.load(this.#words, SyncWord.state) === SyncState.asked) {
      if (this.#isOver) throw Object.assign(new Error("the sync thread ended"), { code: "EIO" });
      if (msMax > 0) Atomics.wait(this.#words, SyncWord.state, SyncState.asked, msMax);
      if (Atomics.load(this.#words, SyncWord.state) === SyncState.asked) return false;
    }
    Atomics.store(this.#words, SyncWord.state, SyncState.idle);
    const error = this.#words[SyncWord.error];
    if (error === 0) return true;
    const code = getSystemErrorName(error);
    throw Object.assign(new Error(`sync thread: ${code}`), { code });
  }

  /** Settles when the thread has ended. */
  stop(): Promise<void> {
    this.#isOver = true;
    void this.#worker?.terminate();
    return this.#ended;
  }

  #begin(job: number, file: number, paths?: SyncPaths): boolean {
    if (this.#isOver) return false;
    const worker = this.#worker ?? this.#start();
    this.#worker = worker;
    if (Atomics.load(this.#words, SyncWord.state) !== SyncState.idle) return false;
    if (paths !== undefined) worker.postMessage(paths);
    this.#words[SyncWord.job] = job;
    this.#words[SyncWord.file] = file;
    Atomics.store(this.#words, SyncWord.state, SyncState.asked);
    Atomics.notify(this.#words, SyncWord.state);
    return true;
  }

  #start(): Worker {
    const workerData = { shared: this.#words.buffer, wakeEnd: this.#wake?.writeEnd };
    const worker = new Worker(this.#file, { workerData, name: "sync" });
    worker.unref();
    worker.once("error", (error) => {
      this.#isOver = true;
      this.#onEnd(error.message);
    });
    this.#ended = new Promise((resolve) => {
      worker.once("exit", () => {
        this.#isOver = true;
        resolve();
      });
    });
    return worker;
  }
}
