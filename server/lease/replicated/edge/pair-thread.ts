import { extname } from "node:path";
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";
import { libcMissingReason } from "../../../../base/net/kernel/libc.ts";
import { WakePipe } from "../../../../base/net/wake-pipe.ts";
import type { LeaseBatch } from "../lease-batch.ts";
import {
  type CommitEnd,
  CommitWord,
  commitEndOf,
  type PairNotice,
  type PairOptions,
  type PairRequest,
  PairThreadMemory,
  PairWord,
} from "../pair-messages.ts";

/** The thread keeps time itself. If a commit has neither ended nor come on after this many time limits, it is dead. */
const OVERDUE_FACTOR = 4;

export interface PairThreadData extends PairOptions {
  readonly shared: SharedArrayBuffer;
  /** The thread takes requests from this port and posts notices to it. */
  readonly port: MessagePort;
  /** The thread writes a byte here to wake the loop. */
  readonly wakeEnd: number | undefined;
}

/**
 * The loop's end of the thread that talks to etcd. Neither side depends on the other's event loop: the
 * loop takes notices when it wants to, and may sleep until one arrives.
 */
export class PairThread {
  readonly options: PairOptions;
  /** Wakes a loop that waits for notices; undefined without batched sockets. */
  readonly wake = libcMissingReason() === undefined ? new WakePipe() : undefined;
  readonly #shared = new PairThreadMemory();
  readonly #words = this.#shared.words;
  readonly #channel = new MessageChannel();
  readonly #worker: Worker;
  #posted = 0;
  #isOver = false;

  /** `onEnd` gets the reason when the thread ends by itself: nothing is committed from then on. */
  constructor(
    options: PairOptions,
    onEnd: (reason: string) => void,
    file = new URL(`./pair-worker${extname(import.meta.url)}`, import.meta.url),
  ) {
    this.options = options;
    const workerData: PairThreadData = {
      ...options,
      shared: this.#shared.buffer,
      port: this.#channel.port2,
      wakeEnd: this.wake?.writeEnd,
    };
    const transferList = [this.#channel.port2];
    this.#worker = new Worker(file, { workerData, transferList, name: "pair" });
    this.#worker.unref();
    this.#channel.port1.unref();
    this.#worker.once("error", (error) => {
      this.#isOver = true;
      onEnd(error.message);
    });
    this.#worker.once("exit", () => {
      this.#isOver = true;
      this.wake?.close();
    });
  }

  ask(request: PairRequest): void {
    this.#channel.port1.postMessage(request);
  }

  /** The next notice; undefined when there is none. */
  take(): PairNotice | undefined {
    const message = receiveMessageOnPort(this.#channel.port1);
    if (message === undefined) return undefined;
    this.#posted += 1;
    const notice: PairNotice = message.message;
    if (notice.kind === "leases") this.ask({ kind: "taken", lengthBytes: notice.records.length });
    return notice;
  }

  /** Sleeps until there is a notice to take, or the time is up. */
  awaitNotice(msMax: number): void {
    const posted = Atomics.load(this.#words, PairWord.posted);
    if (posted !== this.#posted) return;
    Atomics.wait(this.#words, PairWord.posted, posted, msMax);
  }

  /** One commit at a time; the batch must not change until `endCommit`. */
  beginCommit({ shared, lengthBytes }: LeaseBatch): void {
    Atomics.store(this.#words, PairWord.commit, CommitWord.asked);
    this.ask({ kind: "commit", batch: shared, lengthBytes });
  }

  /** Waits at most `msMax`; undefined while the commit is under way. */
  endCommit(msMax: number): CommitEnd | undefined {
    const overdueMs = OVERDUE_FACTOR * this.options.commitMsMax;
    const isPatient = msMax >= overdueMs;
    let word = Atomics.load(this.#words, PairWord.commit);
    while (word === CommitWord.asked && msMax > 0 && !this.#isOver) {
      const { progress } = this;
      const waitMs = Math.min(msMax, overdueMs);
      const waited = Atomics.wait(this.#words, PairWord.commit, CommitWord.asked, waitMs);
      if (waited === "timed-out" && isPatient) this.#isOver = progress === this.progress;
      word = Atomics.load(this.#words, PairWord.commit);
      if (!isPatient) break;
    }
    if (word === CommitWord.asked) return this.#isOver ? "unavailable" : undefined;
    Atomics.store(this.#words, PairWord.commit, CommitWord.idle);
    return commitEndOf(word);
  }

  /** Changes when etcd has taken or answered a part of a commit. */
  get progress(): number {
    return Atomics.load(this.#words, PairWord.progress);
  }

  /** etcd's revision at the latest commit; 0 when there was none. */
  get committedRevision(): number {
    return this.#shared.committedRevision;
  }

  /** The thread has ended: nothing is committed any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  stop(): void {
    this.#isOver = true;
    this.#channel.port1.close();
    void this.#worker.terminate();
  }
}
