import { randomUUID } from "node:crypto";
import { assert } from "../../../../base/assert.ts";
import type { EtcdClient } from "../../../etcd/edge/etcd-client.ts";
import { EtcdError } from "../../../etcd/etcd-error.ts";
import type { Transaction, TransactionAnswer } from "../../../etcd/etcd-messages.ts";
import type { PairKeys } from "../../../etcd/pair-keys.ts";
import { CommitChain } from "../commit-chain.ts";
import { readBatch } from "../lease-batch.ts";
import type { CommitEnd, PairNotice } from "../pair-messages.ts";

export interface PairCommitsOptions {
  readonly client: EtcdClient;
  readonly keys: PairKeys;
  /** A commit is given up when etcd has taken and answered no part of it for this long. */
  readonly commitMsMax: number;
  post(notice: PairNotice): void;
  /** etcd has taken or answered a part of the commit under way. */
  onProgress(): void;
}

/** etcd's messages for a transaction with too many puts or bytes. */
const tooLarge = /too many operations|request is too large/;

/** Sends commits to etcd; commit-chain.ts decides what the answers mean. */
export class PairCommits {
  readonly #options: PairCommitsOptions;
  #chain: CommitChain | undefined;
  #revision = 0;

  constructor(options: PairCommitsOptions) {
    this.#options = options;
  }

  /** Revision of the latest transaction known to have been applied; 0 when there is none. */
  get revision(): number {
    return this.#revision;
  }

  /** Begins a term. Transactions that the previous one left open can no longer be applied. */
  lead(term: number): void {
    this.#chain = new CommitChain(this.#options.keys, term, randomUUID());
  }

  /**
   * Keeps a connection to etcd open before the first term, and learns how long an answer takes, so that the
   * first commit waits for neither. Call it regularly.
   */
  async keepReady(): Promise<void> {
    const { client, keys } = this.#options;
    if (this.#chain !== undefined) return;
    try {
      await client.range({ key: keys.leader }, client.attemptMs);
    } catch (error) {
      // The follower asks etcd as often, and reports that it does not answer.
      if (!(error instanceof EtcdError)) throw error;
    }
  }

  async commit(batch: SharedArrayBuffer, lengthBytes: number): Promise<CommitEnd> {
    const chain = this.#chain;
    assert(chain !== undefined, "a commit without a term");
    if (chain.isFenced) return "fenced";
    chain.begin(readBatch(batch, lengthBytes));
    for (;;) {
      const transaction = chain.next();
      if (transaction === undefined) return "durable";
      const answer = await this.#send(transaction);
      if (answer instanceof EtcdError) {
        if (tooLarge.test(answer.message) && chain.refusedAsTooLarge()) continue;
        chain.abandon();
        return "unavailable";
      }
      // For a transaction applied earlier, etcd answers its current revision, which others raise too.
      if (answer.succeeded) this.#revision = answer.revision;
      const state = chain.answered(answer);
      if (state !== "more") return state;
    }
  }

  async #send(transaction: Transaction): Promise<TransactionAnswer | EtcdError> {
    const { client, commitMsMax, onProgress } = this.#options;
    try {
      const answer = await client.transact(transaction, commitMsMax, onProgress);
      onProgress();
      return answer;
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      this.#options.post({ kind: "trouble", text: error.message });
      return error;
    }
  }
}
