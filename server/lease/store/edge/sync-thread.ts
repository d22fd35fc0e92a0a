import { extname } from "node:path";
import { getSystemErrorName } from "node:util";
import { Worker } from "node:worker_threads";
import { libcMissingReason } from "../../../../base/net/libc.ts";
import { WakePipe } from "../../../../base/net/wake-pipe.ts";
import type { BackgroundSync } from "../lease-disk.ts";
import { SYNC_WORDS, SyncState, SyncWord } from "../sync-words.ts";

/**
 * A thread that only calls `fdatasync`, so that the loop decides while the disk works. Requests and
 * answers go through shared memory, without the event loop, and it does not keep the process alive. The
 * first request starts it: a server that grants nothing saves its memory.
 */
export class SyncThread implements BackgroundSync {
  readonly #words = new Int32Array(
    new SharedArrayBuffer(SYNC_WORDS * Int32Array.BYTES_PER_ELEMENT),
  );
  /** Wakes a loop that waits for the end of a sync; undefined without batched sockets. */
  readonly wake = libcMissingReason() === undefined ? new WakePipe() : undefined;
  readonly #onEnd: (reason: string) => void;
  readonly #file: URL;
  #worker: Worker | undefined;
  #isOver = false;

  /** `onEnd` gets the reason when the thread ends by itself: nothing can be begun from then on. */
  constructor(
    onEnd: (reason: string) => void,
    file = new URL(`./sync-worker${extname(import.meta.url)}`, import.meta.url),
  ) {
    this.#onEnd = onEnd;
    this.#file = file;
  }

  begin(file: number): boolean {
    if (this.#isOver) return false;
    this.#worker ??= this.#start();
    if (Atomics.load(this.#words, SyncWord.state) !== SyncState.idle) return false;
    this.#words[SyncWord.file] = file;
    Atomics.store(this.#words, SyncWord.state, SyncState.asked);
    Atomics.notify(this.#words, SyncWord.state);
    return true;
  }

  /** A thread that died during a sync gives EIO: what the system reported to it is lost. */
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
    if (this.#worker === undefined) this.wake?.close();
    else void this.#worker.terminate();
  }

  #start(): Worker {
    const workerData = { shared: this.#words.buffer, wakeEnd: this.wake?.writeEnd };
    const worker = new Worker(this.#file, { workerData, name: "sync" });
    worker.unref();
    worker.once("error", (error) => {
      this.#isOver = true;
      this.#onEnd(error.message);
    });
    worker.once("exit", () => {
      this.#isOver = true;
      this.wake?.close();
    });
    return worker;
  }
}
