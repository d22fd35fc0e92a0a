/** 32-bit words; an epoch of the leadership fits, an etcd revision does not (see `Long`). */
const Word = {
  wantedEpoch: 0,
  confirmed: 1,
  answeringEpoch: 2,
  isInSync: 3,
  suspicion: 4,
  wakeEnd: 5,
  mirror: 6,
} as const;
const wordCount = 8;
/** Of `Word.mirror`; zero while there is no mirror. */
const Mirror = { behind: 1, inStep: 2 } as const;
/** 64-bit words, behind the others. */
const Long = { wantedTerm: 0, revision: 1, leaseBaseMs: 2 } as const;
const longCount = 3;
const longsAt = wordCount * Int32Array.BYTES_PER_ELEMENT;
/** A thread that has not written its byte by then died over it. */
const wakeMsMax = 1000;

/** Under which leadership the data plane is to answer: `term` is the revision of the leader key in etcd. */
export interface Mandate {
  readonly epoch: number;
  readonly term: number;
}

/**
 * What the two threads of a node, the one that decides who serves and the one that serves, know of each
 * other, in shared memory: neither may ever wait for the other's event loop. One writer a word.
 *
 * The data plane answers while it has a mandate, has adopted it, and nothing is doubtful. It is the first
 * to notice that the process stood still, because it looks before every send: it then raises its
 * suspicion and is silent until that very suspicion is confirmed to be harmless.
 */
export class PairWords {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;

  constructor(shared = new SharedArrayBuffer(longsAt + longCount * 8)) {
    this.shared = shared;
    this.#words = new Int32Array(shared, 0, wordCount);
    this.#longs = new BigInt64Array(shared, longsAt, longCount);
  }

  /** By the deciding thread; `undefined`: answer nothing. */
  set mandate(mandate: Mandate | undefined) {
    // Taken back first, so that nobody reads the epoch of one with the term of another.
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

  /** By the deciding thread: what the data plane adds to the monotonic clock for the time of leases. */
  set leaseBaseMs(baseMs: number) {
    Atomics.store(this.#longs, Long.leaseBaseMs, BigInt(Math.round(baseMs)));
  }

  get leaseBaseMs(): number {
    return Number(Atomics.load(this.#longs, Long.leaseBaseMs));
  }

  /** By the data plane: the epoch under which it answers; 0 once the last answer has left. */
  set answeringEpoch(epoch: number) {
    Atomics.store(this.#words, Word.answeringEpoch, epoch);
  }

  get answeringEpoch(): number {
    return Atomics.load(this.#words, Word.answeringEpoch);
  }

  /** By the data plane: it stood still, and answers nothing until this is confirmed. */
  suspect(): void {
    Atomics.add(this.#words, Word.suspicion, 1);
  }

  /** By the data plane, with a mandate that is younger than the suspicion. */
  forgetSuspicion(): void {
    Atomics.store(this.#words, Word.confirmed, this.suspicion);
  }

  get suspicion(): number {
    return Atomics.load(this.#words, Word.suspicion);
  }

  /** By the deciding thread, when it asked the store after `suspicion` was raised and the mandate holds. */
  confirm(suspicion: number): void {
    Atomics.store(this.#words, Word.confirmed, suspicion);
  }

  get isSuspect(): boolean {
    return this.suspicion !== Atomics.load(this.#words, Word.confirmed);
  }

  /** By the data plane: whether it has every lease that etcd has, and etcd's revision as far as it has followed. */
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

  /** By the mirror: whether it has all files of the node that serves. */
  tellMirrored(isInStep: boolean): void {
    Atomics.store(this.#words, Word.mirror, isInStep ? Mirror.inStep : Mirror.behind);
  }

  /** True where nothing is mirrored. */
  get filesInStep(): boolean {
    return Atomics.load(this.#words, Word.mirror) !== Mirror.behind;
  }

  /** By whoever saw the data plane's thread end: nothing answers, and nothing is known. */
  forgetDataPlane(): void {
    this.answeringEpoch = 0;
    this.tellFollowed(false, this.revision);
  }

  /** By the data plane: a byte to this descriptor ends its wait for datagrams. */
  offerWakeEnd(descriptor: number): void {
    Atomics.store(this.#words, Word.wakeEnd, descriptor);
  }

  /**
   * By the data plane before it closes the pipe, whose number may be that of another file soon. Waits
   * for a write that is under way.
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

  /** By the deciding thread: `write` gets the descriptor that wakes the data plane, when there is one. */
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
