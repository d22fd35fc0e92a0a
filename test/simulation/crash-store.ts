import { assert } from "../../base/assert.ts";
import { copyRecord, type LeaseRecord } from "../../server/lease/lease.ts";
import { type LeaseStore, LeaseStoreError } from "../../server/lease/store/lease-store.ts";
import type { LeaseTable } from "../../server/lease/table/lease-table.ts";

/**
 * The disk of the simulated server: what was committed survives a crash, what was only appended is
 * lost, and of a commit that is under way nobody can know. A commit that was begun ends when
 * `endSync` says that the disk is done.
 */
export class CrashStore implements LeaseStore {
  readonly durability = "none";
  readonly #committed = new Map<number, LeaseRecord>();
  #pending: LeaseRecord[] = [];
  /** The batch that the disk is at work on. */
  #syncing: readonly LeaseRecord[] | undefined;
  #isSynced = false;
  #table: LeaseTable | undefined;
  #fails = false;

  append(record: LeaseRecord): void {
    this.#pending.push(copyRecord(record));
  }

  appendLease(index: number): void {
    assert(this.#table !== undefined, "a store without a table");
    this.#pending.push(this.#table.recordOf(index));
  }

  commit(): void {
    assert(this.#syncing === undefined, "a commit while another is under way");
    const batch = this.#pending;
    this.#pending = [];
    this.#keep(batch);
  }

  beginCommit(): boolean {
    assert(this.#syncing === undefined, "a commit while another is under way");
    this.#syncing = this.#pending;
    this.#isSynced = false;
    this.#pending = [];
    return false;
  }

  endCommit(): boolean {
    const batch = this.#syncing;
    if (batch === undefined) return true;
    if (!this.#isSynced) return false;
    this.#syncing = undefined;
    this.#keep(batch);
    return true;
  }

  /** The disk is done with the commit that was begun; `endCommit` tells how it went. */
  endSync(): void {
    this.#isSynced = true;
  }

  /** The process is gone; the batch that the disk was at work on got there, or it did not. */
  crash(gotThere: boolean): void {
    if (gotThere)
      for (const record of this.#syncing ?? []) this.#committed.set(record.address, record);
    this.#syncing = undefined;
    this.#pending = [];
  }

  maintain(): boolean {
    return false;
  }

  close(): void {
    this.#pending = [];
  }

  /** The next commit fails as on a full disk. */
  failNextCommit(): void {
    this.#fails = true;
  }

  /** `appendLease` is about this table from now on. */
  attach(table: LeaseTable): void {
    this.#table = table;
  }

  loadInto(table: LeaseTable): void {
    for (const record of this.#committed.values()) table.load(record);
  }

  /** What a server started now would know of an address. */
  recordOf(address: number): LeaseRecord | undefined {
    return this.#committed.get(address);
  }

  #keep(batch: readonly LeaseRecord[]): void {
    if (this.#fails) {
      this.#fails = false;
      throw new LeaseStoreError("ENOSPC", "No space left.", "Free some.");
    }
    for (const record of batch) this.#committed.set(record.address, record);
  }
}
