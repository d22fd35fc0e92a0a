import { assert } from "../../../base/assert.ts";
import type { Put, Transaction, TransactionAnswer } from "../../etcd/etcd-messages.ts";
import { leaseKey, type PairKeys } from "../../etcd/pair-keys.ts";
import { CHAIN_START, encodeLink } from "../../mandate/leader-key.ts";
import { bytesEqual } from "../lease.ts";

/**
 * The transactions of one term, in a row. Each is guarded by the term (the leader key's revision) and by
 * the number of the one before it, and leaves its own number behind. So
 *
 * - whoever lost the term can commit nothing, not even with a transaction that is already on its way;
 * - one whose answer was lost may be sent again: it happens once, and a late copy of it changes nothing;
 * - a late copy cannot put an old record over a newer one;
 * - of two chains of one term, of a program whose loop was started anew, only one gets beyond its start.
 */

/** Puts that the members' `--max-txn-ops` allows us at first; where it is less we find out. */
const PUTS_MAX = 1000;
/** What etcd allows unless it is told otherwise (128), less the put of the chain key. */
const PUTS_BY_DEFAULT = 127;
/** etcd refuses requests of more than 1.5 MiB. */
const BYTES_MAX = 1 << 20;
/** Key and framing of one put, about. */
const PUT_OVERHEAD_BYTES = 96;

/** What an answer means for everything that was begun. */
export type ChainState = "more" | "durable" | "fenced";

export class CommitChain {
  readonly #keys: PairKeys;
  readonly #term: number;
  readonly #writer: string;
  /** Number of the latest transaction that is known to have happened. */
  #number = CHAIN_START;
  /** The puts of each transaction to come. The first may have happened already. */
  #waiting: (readonly Put[])[] = [];
  #putsMax = PUTS_MAX;
  #isFenced = false;

  /** `term`: the revision at which this node became the leader. `writer`: no other chain has it. */
  constructor(keys: PairKeys, term: number, writer: string) {
    this.#keys = keys;
    this.#term = term;
    this.#writer = writer;
  }

  /** For ever: nothing of this term is committed any more. */
  get isFenced(): boolean {
    return this.#isFenced;
  }

  /** A batch, by address; it comes behind what an earlier one may have left open. */
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

  /** The transaction to send now, the same one until it is answered; undefined: all is durable. */
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
   * etcd takes fewer puts at once: the transaction is cut into smaller ones. That is safe even if it did
   * happen: they put nothing else. False when it cannot be cut.
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
   * Time is up: whether the transaction sent last happened, or will, is not known. It stays the next
   * one. What was to come after it was never sent, and is dropped.
   */
  abandon(): void {
    this.#waiting.length = Math.min(1, this.#waiting.length);
  }

  /** The guards do not hold: because of this very transaction, sent before, or of another leader? */
  #hadHappened(found: TransactionAnswer["found"]): boolean {
    const leader = found.find(({ key }) => key === this.#keys.leader);
    const chain = found.find(({ key }) => key === this.#keys.chain);
    if (leader?.modRevision !== this.#term || chain === undefined) return false;
    return bytesEqual(chain.value, encodeLink(this.#number + 1, this.#writer));
  }
}
