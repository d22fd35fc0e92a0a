import { assert } from "../../../../base/assert.ts";
import { leaseKey, type PairKeys, pairKeys } from "../../../etcd/pair-keys.ts";
import type { LeaderSight } from "../../../mandate/leader-key.ts";
import type { Mandate } from "../../../mandate/shared-pair-state.ts";
import { LeaseFileStore, type LeaseFileStoreOptions } from "../../store/edge/lease-file-store.ts";
import type { LeaseTable } from "../../table/lease-table.ts";
import { LeaseFollower, type LeaseReading } from "../lease-follower.ts";
import { PairLead, type PairRole } from "../pair-lead.ts";
import type { PairNotice, PairOptions } from "../pair-messages.ts";
import { EtcdLeaseStore } from "./etcd-lease-store.ts";
import { PairThread } from "./pair-thread.ts";

export type { PairRole } from "../pair-lead.ts";

/** Most keys that are told one by one at a time. */
const UNREADABLE_TOLD_MAX = 10;

export interface PairNodeOptions extends PairOptions {
  /** Identifies this start of the node in its claims. */
  readonly bootId: string;
  /** Path of the lease file. */
  readonly leaseFile: string;
  readonly file?: LeaseFileStoreOptions;
  /** Called with the reason when the thread ends by itself. */
  readonly onEnd: (reason: string) => void;
  /** The thread's file, for tests that run from source. */
  readonly threadFile?: URL;
}

/**
 * One node of a pair. Its table follows the other node while that one leads, and its store commits while
 * this one leads. server/mandate/edge/etcd-leadership.ts claims and gives back the leadership; here it
 * appears as a mandate.
 */
export class PairNode {
  /** Commits while this node is active. Call its `maintain` in every role: a standby's file grows too. */
  readonly store: EtcdLeaseStore;
  readonly #file: LeaseFileStore;
  readonly #follower: LeaseFollower;
  readonly #lead: PairLead;
  readonly #thread: PairThread;
  readonly #keys: PairKeys;
  /** Sentences about what cannot be read in etcd, the first few of them. */
  #unreadable: string[] = [];
  #unreadableMore = 0;
  /** Leases that only the lease file has, while they are being recovered. */
  #unrecovered: readonly number[] | undefined;
  #trouble = "";
  #isClosed = false;

  /** Loads the lease file into `table` and begins to follow. Throws LeaseStoreError as the file does. */
  constructor(table: LeaseTable, options: PairNodeOptions) {
    const { leaseFile, file, onEnd, threadFile } = options;
    // Leases only in this file may never have been acknowledged: what etcd has is durable.
    this.#file = LeaseFileStore.open(leaseFile, table, { ...file, durability: "behind" });
    this.#follower = new LeaseFollower(table, this.#file);
    this.#lead = new PairLead(options.bootId);
    const { endpoints, tls, prefix, commitMsMax, attemptMsMin, probeMs } = options;
    this.#keys = pairKeys(prefix);
    const pairOptions = { endpoints, tls, prefix, commitMsMax, attemptMsMin, probeMs };
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

  /** What the lease file contained when it was opened. */
  get loaded(): Pick<LeaseFileStore, "report" | "hosts" | "checkRewrites"> {
    return this.#file;
  }

  get role(): PairRole {
    const role = this.#lead.role(this.isComplete);
    // A commit may be the first to notice that the term is over, but not who leads next.
    return role === "active" && this.store.isFenced ? "paused" : role;
  }

  /** Everything in etcd up to `revision` is in the table. */
  get isComplete(): boolean {
    return this.#follower.isComplete;
  }

  /** How far the reading of etcd's leases is; undefined when it is done. */
  get reading(): LeaseReading | undefined {
    return this.#follower.reading;
  }

  /** Latest revision of the pair's keys; a node that leads counts its own commits. */
  get revision(): number {
    const { term } = this.store;
    return term === 0 ? this.#follower.revision : Math.max(term, this.#thread.committedRevision);
  }

  /** Changes when etcd has taken or answered a part of a commit. */
  get commitProgress(): number {
    return this.#thread.progress;
  }

  get leader(): LeaderSight {
    return this.#lead.sight;
  }

  /**
   * No node has ever led in this etcd, but the lease file has leases: etcd was lost, or the pair starts
   * for the first time. An operator must choose whose file counts (`recover`) before a node claims.
   */
  get mustRecover(): boolean {
    return this.isComplete && this.leader.modRevision === 0 && this.#follower.hasDoubtful;
  }

  /** The latest trouble as a sentence; "" when there was none. */
  get trouble(): string {
    return this.#follower.fileTrouble?.message ?? this.#trouble;
  }

  /** Wait on it together with the loop's datagrams, then call `poll`. */
  get wake(): PairThread["wake"] {
    return this.#thread.wake;
  }

  /** Takes the waiting notices. */
  poll(): void {
    while (!this.#isClosed) {
      const notice = this.#thread.take();
      if (notice === undefined) return;
      this.#take(notice);
    }
  }

  /** A sentence about each key in etcd that was passed over since the last call. */
  takeUnreadable(): readonly string[] {
    const told = this.#unreadable;
    if (this.#unreadableMore > 0) told.push(`etcd has ${this.#unreadableMore} more such keys.`);
    if (told.length > 0) this.#unreadable = [];
    this.#unreadableMore = 0;
    return told;
  }

  /** Sleeps until a notice arrives, at most `msMax`, and takes it. */
  awaitNotice(msMax: number): void {
    this.#thread.awaitNotice(msMax);
    this.poll();
  }

  /**
   * A claim of this boot has won. The node becomes `active` once it has seen everything up to its term,
   * at once or at a later `poll`. After an earlier term of its own it goes on with its table if nobody
   * else has led in between, and is `fenced` otherwise. Adopting the current mandate again changes
   * nothing. A new node under a mandate that already has commits stays `paused`.
   */
  adopt(mandate: Mandate): void {
    if (!this.#lead.adopt(mandate)) return;
    this.#thread.ask({ kind: "lead", term: mandate.term });
    this.#settle();
  }

  /**
   * Puts at most `leasesMax` leases that only the lease file has into etcd, and blocks until that is
   * done. Call it only while this node is active, before it serves. Returns how many leases it put: fewer
   * than asked for when it is done. Throws as a commit does, and may then be called again.
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

  #take(notice: PairNotice): void {
    switch (notice.kind) {
      case "trouble":
        this.#trouble = notice.text;
        return;
      case "leader":
        this.#lead.see(notice.sight);
        break;
      case "stranger":
        this.#passOver(`${notice.key} in etcd names no address: it is passed over.`);
        return;
      default:
        // A leader sees its own records again, when its table may already have newer ones.
        if (this.store.term > 0) break;
        for (const { address, why } of this.#follower.take(notice)) {
          this.#passOver(
            `${leaseKey(this.#keys, address)} in etcd is not the lease of its address (${why}): nobody gets ` +
              "the address. Put a lease there with etcdctl, in the grammar of dhcpd.leases.",
          );
        }
    }
    this.#settle();
  }

  #passOver(sentence: string): void {
    if (this.#unreadable.length < UNREADABLE_TOLD_MAX) this.#unreadable.push(sentence);
    else this.#unreadableMore += 1;
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
