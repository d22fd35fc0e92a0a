import { extname } from "node:path";
import { getSystemErrorName } from "node:util";
import { Worker } from "node:worker_threads";
import { assert } from "../../base/assert.ts";
import type { BackgroundSync } from "./lease-disk.ts";
import { SYNC_WORDS, SyncState, SyncWord } from "./sync-words.ts";

/**
 * A thread that does nothing but `fdatasync`, so that the loop decides while the disk works. It is
 * asked and answers through shared memory, without the event loop, and keeps no process alive.
 */
export class SyncThread implements BackgroundSync {
  readonly #words = new Int32Array(
    new SharedArrayBuffer(SYNC_WORDS * Int32Array.BYTES_PER_ELEMENT),
  );
  readonly #worker: Worker;
  #isOver = false;

  /** `onEnd` is told why when the thread ends by itself; syncs are done in place from then on. */
  constructor(
    onEnd: (reason: string) => void,
    file = new URL(`./sync-worker${extname(import.meta.url)}`, import.meta.url),
  ) {
    this.#worker = new Worker(file, { workerData: this.#words.buffer, name: "sync" });
    this.#worker.unref();
    this.#worker.once("error", (error) => {
      this.#isOver = true;
      onEnd(error.message);
    });
    this.#worker.once("exit", () => {
      this.#isOver = true;
    });
  }

  get isReady(): boolean {
    return !this.#isOver && Atomics.load(this.#words, SyncWord.state) === SyncState.idle;
  }

  begin(file: number): void {
    assert(this.isReady, "a sync was asked of a thread that is not ready");
    this.#words[SyncWord.file] = file;
    Atomics.store(this.#words, SyncWord.state, SyncState.asked);
    Atomics.notify(this.#words, SyncWord.state);
  }

  /** A thread that ended in the middle is EIO: nobody knows what the system told it. */
  end(msMax: number): boolean {
    if (Atomics.load(this.#words, SyncWord.state) === SyncState.asked) {
      if (this.#isOver) throw Object.assign(new Error("the sync thread ended"), { code: "EIO" });
      if (msMax > 0) Atomics.wait(this.#words, SyncWord.state, SyncState.asked, msMax);
      if (Atomics.load(this.#words, SyncWord.state) === SyncState.asked) return false;
    }
    Atomics.store(this.#words, SyncWord.state, SyncState.idle);
    const error = this.#words[SyncWord.error]!;
    if (error === 0) return true;
    const code = getSystemErrorName(error);
    throw Object.assign(new Error(`fdatasync: ${code}`), { code });
  }

  stop(): void {
    this.#isOver = true;
    void this.#worker.terminate();
  }
}
