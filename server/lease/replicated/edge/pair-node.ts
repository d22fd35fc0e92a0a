import { assert } from "../../../../base/assert.ts";
import type { LeaderSight } from "../../../mandate/leader-key.ts";
import type { Mandate } from "../../../mandate/pair-words.ts";
import { LeaseFileStore, type LeaseFileStoreOptions } from "../../store/edge/lease-file-store.ts";
import type { LeaseTable } from "../../table/lease-table.ts";
import { LeaseFollower } from "../lease-follower.ts";
import { PairLead, type PairRole } from "../pair-lead.ts";
import type { PairNotice, PairOptions } from "../pair-messages.ts";
import { EtcdLeaseStore } from "./etcd-lease-store.ts";
import { PairThread } from "./pair-thread.ts";

export type { PairRole } from "../pair-lead.ts";

export interface PairNodeOptions extends PairOptions {
  /** Of this start of the node, as its claims have it. */
  readonly bootId: string;
  /** Path of the lease file. */
  readonly leaseFile: string;
  readonly file?: LeaseFileStoreOptions;
  /** Told why when the thread ends by itself. */
  readonly onEnd: (reason: string) => void;
  /** The thread's file, for tests that run from source. */
  readonly threadFile?: URL;
}

/**
 * One node of a pair: its table is hot while the other leads, and its store commits when it leads. Who
 * leads is claimed and given back elsewhere (server/mandate/edge/etcd-leadership.ts): here it is a mandate.
 */
export class PairNode {
  /** Commits when this node is active. Its `maintain` is due in every role: a standby's file grows too. */
  readonly store: EtcdLeaseStore;
  readonly #file: LeaseFileStore;
  readonly #follower: LeaseFollower;
  readonly #lead: PairLead;
  readonly #thread: PairThread;
  /** What only the lease file has, as long as it is being recovered. */
  #unrecovered: readonly number[] | undefined;
  #trouble = "";
  #isClosed = false;

  /** Loads the lease file into `table` and begins to follow. Throws LeaseStoreError as the file does. */
  constructor(table: LeaseTable, options: PairNodeOptions) {
    const { leaseFile, file, onEnd, threadFile } = options;
    // Of what only this file has nobody knows whether it counts: durable is what etcd has.
    this.#file = LeaseFileStore.open(leaseFile, table, { ...file, durability: "os" });
    this.#follower = new LeaseFollower(table, this.#file);
    this.#lead = new PairLead(options.bootId);
    const { endpoints, tls, prefix, commitMsMax, attemptMsMax, probeMs } = options;
    const pairOptions = { endpoints, tls, prefix, commitMsMax, attemptMsMax, probeMs };
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

  /** What the lease file had when it was opened. */
  get loaded(): Pick<LeaseFileStore, "report" | "hosts"> {
    return this.#file;
  }

  get role(): PairRole {
    const role = this.#lead.role(this.isComplete);
    // A commit may be the first to find out that the term is over; whose the next one is, it cannot tell.
    return role === "active" && this.store.isFenced ? "paused" : role;
  }

  /** Everything that etcd has is in the table, up to `revision`. */
  get isComplete(): boolean {
    return this.#follower.isComplete;
  }

  /** Of the pair's own keys: a node that leads counts its commits. */
  get revision(): number {
    const { term } = this.store;
    return term === 0 ? this.#follower.revision : Math.max(term, this.#thread.committedRevision);
  }

  get leader(): LeaderSight {
    return this.#lead.sight;
  }

  /**
   * Nobody has ever led in this etcd, and the lease file has leases: an etcd that was lost, or the first
   * start of a pair. Somebody must say whose file counts (`recover`) before a node claims.
   */
  get mustRecover(): boolean {
    return this.isComplete && this.leader.modRevision === 0 && this.#follower.hasDoubtful;
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
   * A claim of this boot has won: the node is `active` as soon as it has seen everything up to its term,
   * which may be at once or at a later `poll`. After a term of its own it goes on with its table when nobody
   * else has led in between, and is `fenced` otherwise. The mandate that it has already changes
   * nothing. A new node under a mandate that was committed under before commits nothing: it is `paused`.
   */
  adopt(mandate: Mandate): void {
    if (!this.#lead.adopt(mandate)) return;
    this.#thread.ask({ kind: "lead", term: mandate.term });
    this.#settle();
  }

  /**
   * Puts into etcd what only the lease file has, at most so many leases of it: nothing else is done
   * meanwhile. Only while this node is active, before it serves. Returns how many leases that were, fewer
   * than asked for when it is done; throws as a commit does, and may then be called again.
   */
  recover(leasesMax = Number.POSITIVE_INFINITY): number {
    assert(this.role === "active", "only the leader may recover");
    this.#unrecovered ??= this.#follower.localOnly();
    const found = this.#unrecovered.slice(0, leasesMax);
    for (const index of found) this.store.appendLease(index);
    this.store.commit();
    this.#unrecovered = this.#unrecovered.slice(found.length);
    return found.length;
  }

  #next(): PairNotice | undefined {
    return this.#isClosed ? undefined : this.#thread.take();
  }

  #take(notice: PairNotice): void {
    switch (notice.kind) {
      case "trouble":
        this.#trouble = notice.text;
        return;
      case "leader":
        this.#lead.see(notice.sight);
        break;
      default:
        // Its own records come back to a leader: by then its table may have newer ones.
        if (this.store.term === 0) this.#follower.take(notice);
    }
    this.#settle();
  }

  #settle(): void {
    const { mandate } = this.#lead;
    if (mandate === undefined) return;
    const isActive = this.#lead.role(this.isComplete) === "active";
    if (!isActive) this.store.fence();
    else if (this.store.term !== mandate.term) this.store.lead(mandate.term);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#thread.stop();
    this.#file.close();
  }
}
