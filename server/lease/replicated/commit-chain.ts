import { assert } from "../../../base/assert.ts";
import { bytesEqual } from "../../../protocol/bytes.ts";
import type { Put, Transaction, TransactionAnswer } from "../../etcd/etcd-messages.ts";
import { leaseKey, type PairKeys } from "../../etcd/pair-keys.ts";
import { CHAIN_START, encodeLink } from "../../mandate/leader-key.ts";

/**
 * The transactions of one term, in a row. Each is guarded by the term (the leader key's revision) and by
 * the number of its predecessor, and leaves its own number behind. Therefore
 *
 * - a node that lost the term commits nothing, not even with a transaction already on its way;
 * - a transaction whose answer was lost may be sent again: it is applied once, and a late copy has no effect;
 * - a late copy cannot put an old record over a newer one;
 * - if a program starts its loop anew and so has two chains in one term, only one gets past its start.
 */

/**
 * Puts a transaction, assuming a raised `--max-txn-ops`; the limit of the members is found out by trying.
 */
const PUTS_MAX = 1000;
/** etcd's default limit (128), minus the put of the chain key. */
const PUTS_BY_DEFAULT = 127;
/** etcd refuses requests of more than 1.5 MiB. */
const BYTES_MAX = 1 << 20;
/** Approximate size of the key and framing of one put. */
const PUT_OVERHEAD_BYTES = 96;

/** State of the whole batch after an answer. */
export type ChainState = "more" | "durable" | "fenced";

export class CommitChain {
  readonly #keys: PairKeys;
  readonly #term: number;
  readonly #writer: string;
  /** Number of the latest transaction known to have been applied. */
  #number = CHAIN_START;
  /** The puts of each remaining transaction. The first may have been applied already. */
  #waiting: (readonly Put[])[] = [];
  #putsMax = PUTS_MAX;
  #isFenced = false;

  /** `term`: the revision at which this node became the leader. `writer` is unique to this chain. */
  constructor(keys: PairKeys, term: number, writer: string) {
    this.#keys = keys;
    this.#term = term;
    this.#writer = writer;
  }

  /** Permanent: this term commits nothing any more. */
  get isFenced(): boolean {
    return this.#isFenced;
  }

  /** Adds a batch, keyed by address, after whatever an earlier batch left open. */
  begin(records: ReadonlyMap<number, Uint8Array>): void {
    let puts: Put[] = [];
    let bytes = 0;
    for (const [address, value] of records) {
      const putBytes = value.length + PUT_OVERHEAD_BYTES;
      if (puts.length === this.#putsMax || (puts.length > 0 && bytes + putBytes > BYTES_MAX)) {
        this.#waiting.push(puts);
        puts = [];
        bytes = 0;
      }
      puts.push({ key: leaseKey(this.#keys, address), value });
      bytes += putBytes;
    }
    if (puts.length > 0) this.#waiting.push(puts);
  }

  /** The transaction to send now: the same one until it is answered. Undefined when all is durable. */
  next(): Transaction | undefined {
    const puts = this.#waiting[0];
    if (puts === undefined) return undefined;
    const { leader, chain } = this.#keys;
    return {
      guards: [
        { key: leader, modRevision: this.#term },
        { key: chain, value: encodeLink(this.#number, this.#writer) },
      ],
      puts: [...puts, { key: chain, value: encodeLink(this.#number + 1, this.#writer) }],
      reads: [leader, chain],
    };
  }

  answered({ succeeded, found }: TransactionAnswer): ChainState {
    assert(this.#waiting.length > 0, "an answer to nothing");
    if (!succeeded && !this.#hadHappened(found)) {
      this.#isFenced = true;
      this.#waiting = [];
      return "fenced";
    }
    this.#number += 1;
    this.#waiting.shift();
    return this.#waiting.length === 0 ? "durable" : "more";
  }

  /**
   * etcd accepts fewer puts at once, so the transaction is cut into smaller ones. That is safe even if it
   * was applied, because the pieces put the same values. Returns false when it cannot be cut.
   */
  refusedAsTooLarge(): boolean {
    const [puts] = this.#waiting;
    assert(puts !== undefined, "an answer to nothing");
    if (puts.length === 1) return false;
    const half = Math.ceil(puts.length / 2);
    this.#putsMax =
      half < PUTS_BY_DEFAULT || puts.length <= PUTS_BY_DEFAULT ? half : PUTS_BY_DEFAULT;
    const parts: (readonly Put[])[] = [];
    for (let at = 0; at < puts.length; at += this.#putsMax) {
      parts.push(puts.slice(at, at + this.#putsMax));
    }
    this.#waiting.splice(0, 1, ...parts);
    return true;
  }

  /**
   * Time is up. Whether the latest transaction was or will be applied is unknown, so it stays first. The
   * transactions after it were never sent and are dropped.
   */
  abandon(): void {
    this.#waiting.length = Math.min(1, this.#waiting.length);
  }

  /**
   * The guards failed. Returns whether an earlier copy of this transaction is the reason, rather than
   * another leader.
   */
  #hadHappened(found: TransactionAnswer["found"]): boolean {
    const leader = found.find(({ key }) => key === this.#keys.leader);
    const chain = found.find(({ key }) => key === this.#keys.chain);
    if (leader?.modRevision !== this.#term || chain === undefined) return false;
    return bytesEqual(chain.value, encodeLink(this.#number + 1, this.#writer));
  }
}
