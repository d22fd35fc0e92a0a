import type { EtcdAccess } from "../../etcd/edge/etcd-access.ts";
import type { LeaderSight } from "../../mandate/leader-key.ts";

/** What the loop and its pair thread say to each other, and the words that they share. */

/** `commit`: where the commit under way stands. `posted`: notices that the thread has sent, to wait on. */
export const PairWord = { commit: 0, posted: 1 } as const;
const PAIR_WORDS = 2;

/** The shared words: 32 bits each, and behind them the revision of the latest commit, which is longer. */
export class PairShared {
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

  /** By the thread. */
  set committedRevision(revision: number) {
    Atomics.store(this.#longs, 0, BigInt(revision));
  }

  /** Of etcd, at the latest commit; 0: there was none. */
  get committedRevision(): number {
    return Number(Atomics.load(this.#longs, 0));
  }
}

/** The loop asks when it has taken the last answer; the thread answers what was asked. */
export const CommitWord = { idle: 0, asked: 1, durable: 2, fenced: 3, unavailable: 4 } as const;

/** How a node finds its etcd, and how patient it is. */
export interface PairOptions extends EtcdAccess {
  /** Of the pair's keys, which its two nodes share: `/provlab/pair1/`. */
  readonly prefix: string;
  /** A commit that took longer is unavailable. */
  readonly commitMsMax: number;
  /** A member of etcd that has not answered for so long is given up for another one. */
  readonly attemptMsMax: number;
  /** How often a follower makes sure that its member is still one of the majority. */
  readonly probeMs: number;
}

export type PairRequest =
  /** Commits that are asked for from now on are of this term. */
  | { readonly kind: "lead"; readonly term: number }
  | {
      readonly kind: "commit";
      /** As LeaseBatch has it. */
      readonly batch: SharedArrayBuffer;
      readonly lengthBytes: number;
    }
  /** The loop has taken so much of the notices' texts: more may come. */
  | { readonly kind: "taken"; readonly lengthBytes: number };

export type PairNotice =
  /** Everything comes anew, as of one revision: what is not among it etcd does not have. */
  | { readonly kind: "loading" }
  /** Records of the lease file one behind the other, in the order of their revisions. */
  | { readonly kind: "leases"; readonly texts: Uint8Array }
  /** Everything up to this revision was sent. */
  | { readonly kind: "complete"; readonly revision: number }
  | { readonly kind: "leader"; readonly sight: LeaderSight }
  /** Something does not work for the time being: a sentence. */
  | { readonly kind: "trouble"; readonly text: string };
