import type { EtcdAccess } from "../../etcd/edge/etcd-access.ts";
import type { LeaderSight } from "../../mandate/leader-key.ts";

/**
 * Indexes of the shared words. `commit`: state of the current commit. `posted`: count of notices the
 * thread has sent, to wait on. `progress`: count of the parts of commits that etcd has taken or answered.
 */
export const PairWord = { commit: 0, posted: 1, progress: 2 } as const;
/** An even number, for the longs follow. */
const PAIR_WORDS = 4;

/**
 * Memory that the loop and its pair thread share: 32-bit words, and after them the revision of the latest
 * commit, which needs more bits.
 */
export class PairThreadMemory {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly #longs: BigInt64Array;

  constructor(
    buffer = new SharedArrayBuffer(
      PAIR_WORDS * Int32Array.BYTES_PER_ELEMENT + BigInt64Array.BYTES_PER_ELEMENT,
    ),
  ) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, PAIR_WORDS);
    this.#longs = new BigInt64Array(buffer, PAIR_WORDS * Int32Array.BYTES_PER_ELEMENT, 1);
  }

  /** Set by the thread. */
  set committedRevision(revision: number) {
    Atomics.store(this.#longs, 0, BigInt(revision));
  }

  /** etcd's revision at the latest commit; 0 when there was none. */
  get committedRevision(): number {
    return Number(Atomics.load(this.#longs, 0));
  }
}

/** States of the commit word. The loop asks once it has taken the last answer; then the thread answers. */
export const CommitWord = { idle: 0, asked: 1, durable: 2, fenced: 3, unavailable: 4 } as const;
export type CommitEnd = Exclude<keyof typeof CommitWord, "idle" | "asked">;

const commitEnds: readonly CommitEnd[] = ["durable", "fenced", "unavailable"];

/** What the thread has answered. An unknown word counts as unavailable. */
export function commitEndOf(word: number): CommitEnd {
  return commitEnds.find((end) => CommitWord[end] === word) ?? "unavailable";
}

/** How a node finds its etcd, and its time limits. */
export interface PairOptions extends EtcdAccess {
  /** Prefix of the keys that the two nodes share: `/provlab/pair1/`. */
  readonly prefix: string;
  /** A commit is UNAVAILABLE when etcd has taken and answered no part of it for this long. */
  readonly commitMsMax: number;
  /** A member of etcd gets at least this long to answer before another one is asked; see AttemptTime. */
  readonly attemptMsMin: number;
  /** How often a follower checks that its member still belongs to the majority. */
  readonly probeMs: number;
}

export type PairRequest =
  /** Later commits belong to this term. */
  | { readonly kind: "lead"; readonly term: number }
  | {
      readonly kind: "commit";
      /** In the layout of LeaseBatch. */
      readonly batch: SharedArrayBuffer;
      readonly lengthBytes: number;
    }
  /** The loop has taken this many bytes of the notices' records, so more may follow. */
  | { readonly kind: "taken"; readonly lengthBytes: number };

export type PairNotice =
  /**
   * Everything follows anew, as of one revision: a lease that does not follow is not in etcd.
   * `leasesInAll` leases follow before `complete`.
   */
  | { readonly kind: "loading"; readonly leasesInAll: number }
  /**
   * Values of leases in the order of their revisions, with the addresses of their keys, as `packRecords` packs them.
   * Each should be one record of the lease file.
   */
  | { readonly kind: "leases"; readonly records: Uint8Array }
  /** A key among the leases that names no address. */
  | { readonly kind: "stranger"; readonly key: string }
  /** Everything up to this revision was sent. */
  | { readonly kind: "complete"; readonly revision: number }
  | { readonly kind: "leader"; readonly sight: LeaderSight }
  /** A temporary trouble, as a sentence. */
  | { readonly kind: "trouble"; readonly text: string };
