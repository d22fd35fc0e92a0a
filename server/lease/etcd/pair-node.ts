import { randomUUID } from "node:crypto";
import { assert } from "../../../base/assert.ts";
import { LeaseFileStore, type LeaseFileStoreOptions } from "../lease-file-store.ts";
import { LeaseStoreError } from "../lease-store.ts";
import type { LeaseTable } from "../lease-table.ts";
import { EtcdLeaseStore } from "./etcd-lease-store.ts";
import { type LeaderRecord, type LeaderSight, nextLeader } from "./leadership.ts";
import { LeaseFollower } from "./lease-follower.ts";
import type { PairNotice, PairOptions } from "./pair-messages.ts";
import { PairThread } from "./pair-thread.ts";

/**
 * `following`: hot, and acknowledges nothing. `claiming`: it asked for the lead, or has it and has not
 * yet seen everything that was before. `active`: it leads, and `store` commits. `fenced`: it led; for it
 * this is the end, and what is to follow is a new node with a new table. `released`: the same, in good order.
 */
export type PairRole = "following" | "claiming" | "active" | "fenced" | "released";

export interface PairNodeOptions extends PairOptions {
  /** The name of this node, for people. */
  readonly node: string;
  /** Path of the lease file. */
  readonly leaseFile: string;
  readonly file?: LeaseFileStoreOptions;
  /** Told why when the thread ends by itself. */
  readonly onEnd: (reason: string) => void;
  /** The thread's file, for tests that run from source. */
  readonly threadFile?: URL;
}

/** One node of a pair: its table is hot while the other leads, and its store commits when it leads. */
export class PairNode {
  /** Commits when this node is active. Its `maintain` is due in every role: a standby's file grows too. */
  readonly store: EtcdLeaseStore;
  readonly #options: PairNodeOptions;
  readonly #file: LeaseFileStore;
  readonly #follower: LeaseFollower;
  readonly #thread: PairThread;
  #role: PairRole = "following";
  #claim: LeaderRecord | undefined;
  /** Revision at which this node became the leader; 0 before. */
  #term = 0;
  #trouble = "";
  #isClosed = false;

  /** Loads the lease file into `table` and begins to follow. Throws LeaseStoreError as the file does. */
  constructor(table: LeaseTable, options: PairNodeOptions) {
    this.#options = options;
    const { leaseFile, file, onEnd, threadFile } = options;
    // Of what only this file has nobody knows whether it counts: durable is what etcd has.
    this.#file = LeaseFileStore.open(leaseFile, table, { ...file, durability: "os" });
    this.#follower = new LeaseFollower(table, this.#file);
    const { endpoints, pair, commitMsMax, attemptMsMax, probeMs } = options;
    const pairOptions = { endpoints, pair, commitMsMax, attemptMsMax, probeMs };
    this.#thread = new PairThread(pairOptions, onEnd, threadFile);
    this.store = new EtcdLeaseStore({
      thread: this.#thread,
      file: this.#file,
      table,
      trouble: () => {
        this.poll();
        return this.#trouble;
      },
      onClose: () => this.#close(),
    });
  }

  get role(): PairRole {
    return this.#role === "active" && this.store.isFenced ? "fenced" : this.#role;
  }

  /** Everything that etcd has is in the table, up to `revision`. */
  get isComplete(): boolean {
    return this.#follower.isComplete;
  }

  get revision(): number {
    return this.#follower.revision;
  }

  get leader(): LeaderSight {
    return this.#follower.leader;
  }

  /** The latest of what does not work, as a sentence; "" when nothing was told. */
  get trouble(): string {
    return this.#follower.fileTrouble?.message ?? this.#trouble;
  }

  /** To wait for, with the loop's datagrams: then `poll`. */
  get wake(): PairThread["wake"] {
    return this.#thread.wake;
  }

  /** Takes what has come. Throws LeaseStoreError when etcd has what is no lease. */
  poll(): void {
    for (let notice = this.#next(); notice !== undefined; notice = this.#next()) this.#take(notice);
  }

  /** Sleeps until something has come, at most `msMax`, and takes it. */
  awaitNotice(msMax: number): void {
    this.#thread.awaitNotice(msMax);
    this.poll();
  }

  /**
   * Asks for the lead; `poll` tells how it ends. Only a node that is complete may. Throws LeaseStoreError
   * when nobody ever led in this etcd and the lease file has leases that it does not: that is the first start of a
   * pair, or an etcd that was lost, and then somebody must say whose file counts (`recover`).
   */
  claim(recover = false): void {
    assert(this.#role === "following" && this.isComplete, "a claim of a node that is not ready");
    const { leader } = this;
    if (!recover && leader.modRevision === 0 && this.#follower.localOnly().length > 0) {
      throw new LeaseStoreError(
        "open",
        "NOT_RECOVERED",
        this.#options.leaseFile,
        `etcd has no leases of pair ${this.#options.pair}, and ${this.#options.leaseFile} has.`,
        "Start the node whose lease file is the newest with recovery asked for; its leases go to etcd.",
      );
    }
    this.#claim = nextLeader(leader, this.#options.node, randomUUID());
    this.#role = "claiming";
    this.#thread.ask({ kind: "claim", sight: leader, next: this.#claim });
  }

  /**
   * Puts into etcd what only the lease file has. Only while this node is active, before it serves.
   * Returns how many leases that were; throws as a commit does.
   */
  recover(): number {
    assert(this.role === "active", "only the leader may recover");
    const found = this.#follower.localOnly();
    for (const index of found) this.store.appendLease(index);
    this.store.commit();
    return found.length;
  }

  /** Gives the lead back in good order; nothing may be under way, and nothing is committed afterwards. */
  release(): void {
    if (this.role !== "active" || this.#claim === undefined) return;
    this.#role = "released";
    this.store.fence();
    this.#thread.ask({ kind: "release", leader: this.#claim });
  }

  #next(): PairNotice | undefined {
    return this.#isClosed ? undefined : this.#thread.take();
  }

  #take(notice: PairNotice): void {
    switch (notice.kind) {
      case "trouble":
        this.#trouble = notice.text;
        return;
      case "won":
        this.#term = notice.term;
        break;
      case "lost":
        this.#role = "following";
        break;
      case "released":
        break;
      case "leader":
        this.#follower.take(notice);
        break;
      default:
        // Its own records come back to a leader: by then its table may have newer ones.
        if (this.#role === "following" || this.#role === "claiming") this.#follower.take(notice);
    }
    if (this.#term === 0) return;
    const { modRevision } = this.leader;
    if (modRevision > this.#term) this.store.fence();
    // Seeing its own term it has seen everything before it.
    const isReady = this.isComplete && modRevision >= this.#term;
    if (this.#role === "claiming" && isReady) this.#role = "active";
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#thread.stop();
    this.#file.close();
  }
}
