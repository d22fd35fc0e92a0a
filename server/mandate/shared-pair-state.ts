import type { CatchUp } from "../../protocol/heartbeat/packet.ts";

/** 32-bit words. An epoch of the leadership fits, an etcd revision does not (see `Long`). */
const Word = {
  wantedEpoch: 0,
  confirmed: 1,
  answeringEpoch: 2,
  isInSync: 3,
  suspicion: 4,
  wakeEnd: 5,
  mirror: 6,
  leasesRead: 7,
  leasesInAll: 8,
  filesFetched: 9,
  filesInAll: 10,
  undecidable: 11,
} as const;
const wordCount = 12;
/** Values of `Word.mirror`; zero while nothing is mirrored. */
const Mirror = { behind: 1, inStep: 2 } as const;
/** 64-bit words, after the others. */
const Long = { wantedTerm: 0, revision: 1, leaseBaseMs: 2 } as const;
const longCount = 3;
const longsAt = wordCount * Int32Array.BYTES_PER_ELEMENT;
/** A thread that has not written its byte within this time has died. */
const wakeMsMax = 1000;

/**
 * The leadership under which the data plane is to answer; `term` is the revision of the leader key in
 * etcd.
 */
export interface Mandate {
  readonly epoch: number;
  readonly term: number;
}

/**
 * State that the two threads of a pair's node share: the one that decides who serves, and the data plane,
 * which serves. It lies in shared memory, because neither may ever wait for the other's event loop. Each
 * word has one writer.
 *
 * The data plane answers while it has a mandate, has adopted it, and nothing is doubtful. It is the first to
 * notice that the process stood still, because it checks before every send. It then raises a suspicion and
 * stays silent until that very suspicion is confirmed to be harmless.
 */
export class SharedPairState {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;

  constructor(shared = new SharedArrayBuffer(longsAt + longCount * 8)) {
    this.shared = shared;
    this.#words = new Int32Array(shared, 0, wordCount);
    this.#longs = new BigInt64Array(shared, longsAt, longCount);
  }

  /** Set by the deciding thread; `undefined`: answer nothing. */
  set mandate(mandate: Mandate | undefined) {
    // Withdrawn first, so that nobody reads the epoch of one mandate with the term of another.
    Atomics.store(this.#words, Word.wantedEpoch, 0);
    if (mandate === undefined) return;
    Atomics.store(this.#longs, Long.wantedTerm, BigInt(mandate.term));
    Atomics.store(this.#words, Word.wantedEpoch, mandate.epoch);
  }

  get mandate(): Mandate | undefined {
    const epoch = Atomics.load(this.#words, Word.wantedEpoch);
    const term = Number(Atomics.load(this.#longs, Long.wantedTerm));
    if (epoch === 0 || Atomics.load(this.#words, Word.wantedEpoch) !== epoch) return undefined;
    return { epoch, term };
  }

  /** Set by the deciding thread: the data plane adds it to the monotonic clock for the time of leases. */
  set leaseBaseMs(baseMs: number) {
    Atomics.store(this.#longs, Long.leaseBaseMs, BigInt(Math.round(baseMs)));
  }

  get leaseBaseMs(): number {
    return Number(Atomics.load(this.#longs, Long.leaseBaseMs));
  }

  /** Set by the data plane: the epoch under which it answers; 0 once the last answer has been sent. */
  set answeringEpoch(epoch: number) {
    Atomics.store(this.#words, Word.answeringEpoch, epoch);
  }

  get answeringEpoch(): number {
    return Atomics.load(this.#words, Word.answeringEpoch);
  }

  /**
   * Called by the data plane: it stood still, and answers nothing until this suspicion is confirmed to be
   * harmless.
   */
  suspect(): void {
    Atomics.add(this.#words, Word.suspicion, 1);
  }

  /** Called by the data plane when its mandate is younger than the suspicion. */
  forgetSuspicion(): void {
    Atomics.store(this.#words, Word.confirmed, this.suspicion);
  }

  get suspicion(): number {
    return Atomics.load(this.#words, Word.suspicion);
  }

  /**
   * Called by the deciding thread when it asked the store after `suspicion` was raised, and the mandate
   * still holds.
   */
  confirm(suspicion: number): void {
    Atomics.store(this.#words, Word.confirmed, suspicion);
  }

  get isSuspect(): boolean {
    return this.suspicion !== Atomics.load(this.#words, Word.confirmed);
  }

  /**
   * Called by the data plane: whether it has every lease that etcd has, and the etcd revision up to which
   * it has followed.
   */
  tellFollowed(isInSync: boolean, revision: number): void {
    Atomics.store(this.#longs, Long.revision, BigInt(revision));
    Atomics.store(this.#words, Word.isInSync, isInSync ? 1 : 0);
  }

  get isInSync(): boolean {
    return Atomics.load(this.#words, Word.isInSync) === 1;
  }

  get revision(): number {
    return Number(Atomics.load(this.#longs, Long.revision));
  }

  /** Called by the data plane: how far its reading of etcd's leases is; of 0 when none is under way. */
  tellReading(leasesRead: number, leasesInAll: number): void {
    Atomics.store(this.#words, Word.leasesRead, leasesRead);
    Atomics.store(this.#words, Word.leasesInAll, leasesInAll);
  }

  /** Called by the data plane: whether more packets than a few of the last minute could not be decided. */
  tellUndecidable(areMany: boolean): void {
    Atomics.store(this.#words, Word.undecidable, areMany ? 1 : 0);
  }

  get areManyUndecidable(): boolean {
    return Atomics.load(this.#words, Word.undecidable) === 1;
  }

  /** Called by the mirror: how many of the files that differ it has; of 0 when it fetches none. */
  tellFetching(filesFetched: number, filesInAll: number): void {
    Atomics.store(this.#words, Word.filesFetched, filesFetched);
    Atomics.store(this.#words, Word.filesInAll, filesInAll);
  }

  /** Undefined while nothing bulky is under way. */
  get catchUp(): CatchUp | undefined {
    const leasesRead = Atomics.load(this.#words, Word.leasesRead);
    const leasesInAll = Atomics.load(this.#words, Word.leasesInAll);
    const filesFetched = Atomics.load(this.#words, Word.filesFetched);
    const filesInAll = Atomics.load(this.#words, Word.filesInAll);
    if (leasesInAll === 0 && filesInAll === 0) return undefined;
    return { leasesRead, leasesInAll, filesFetched, filesInAll };
  }

  /** Called by the mirror: whether this node has all files of the node that serves. */
  tellMirrored(isInStep: boolean): void {
    Atomics.store(this.#words, Word.mirror, isInStep ? Mirror.inStep : Mirror.behind);
  }

  /** Also true when nothing is mirrored. */
  get filesInStep(): boolean {
    return Atomics.load(this.#words, Word.mirror) !== Mirror.behind;
  }

  /** Called when the data plane's thread has ended: nothing answers, and its state is unknown. */
  forgetDataPlane(): void {
    this.answeringEpoch = 0;
    this.tellFollowed(false, this.revision);
    this.tellReading(0, 0);
    this.tellUndecidable(false);
  }

  /** Called by the data plane: a byte written to this descriptor ends its wait for datagrams. */
  offerWakeEnd(descriptor: number): void {
    Atomics.store(this.#words, Word.wakeEnd, descriptor);
  }

  /**
   * Called by the data plane before it closes the pipe, because the descriptor may be reused. Waits for a
   * write in progress.
   */
  withdrawWakeEnd(): void {
    const words = this.#words;
    for (;;) {
      const end = Atomics.load(words, Word.wakeEnd);
      if (end === 0) return;
      if (end > 0) Atomics.compareExchange(words, Word.wakeEnd, end, 0);
      else if (Atomics.wait(words, Word.wakeEnd, end, wakeMsMax) === "timed-out") {
        Atomics.store(words, Word.wakeEnd, 0);
      }
    }
  }

  /**
   * Called by the deciding thread: `write` gets the descriptor that wakes the data plane, if there is
   * one.
   */
  withWakeEnd(write: (descriptor: number) => void): void {
    const words = this.#words;
    const end = Atomics.load(words, Word.wakeEnd);
    // Negative while it is in use.
    if (end <= 0 || Atomics.compareExchange(words, Word.wakeEnd, end, -end) !== end) return;
    try {
      write(end);
    } finally {
      Atomics.compareExchange(words, Word.wakeEnd, -end, end);
      Atomics.notify(words, Word.wakeEnd);
    }
  }
}
