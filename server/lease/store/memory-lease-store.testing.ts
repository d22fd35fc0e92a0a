import { assert } from "../../../base/assert.ts";
import { copyRecord, type LeaseRecord } from "../lease.ts";
import type { LeaseTable } from "../table/lease-table.ts";
import { type LeaseStore, LeaseStoreError } from "./lease-store.ts";

/**
 * Keeps committed records in memory. For simulations, where a crash means "a new table, loaded from the
 * store", and for measurements without a disk.
 */
export class MemoryLeaseStore implements LeaseStore {
  readonly durability = "none";
  readonly #committed = new Map<number, LeaseRecord>();
  #pending: LeaseRecord[] = [];
  #table: LeaseTable | undefined;
  #failure: string | undefined;

  append(record: LeaseRecord): void {
    this.#pending.push(copyRecord(record));
  }

  appendLease(index: number): void {
    assert(this.#table !== undefined, "a store without a table");
    this.#pending.push(this.#table.recordOf(index));
  }

  commit(): void {
    const batch = this.#pending;
    if (batch.length === 0) return;
    this.#pending = [];
    const code = this.#failure;
    this.#failure = undefined;
    if (code !== undefined) {
      throw new LeaseStoreError(
        code,
        `Can't commit ${batch.length} leases to (memory): ${code}.`,
        "This store fails only when a test asks it to.",
      );
    }
    for (const record of batch) this.#committed.set(record.address, record);
  }

  beginCommit(): boolean {
    this.commit();
    return true;
  }

  endCommit(): boolean {
    return true;
  }

  maintain(): boolean {
    return false;
  }

  close(): void {
    this.#pending = [];
  }

  /** Makes the next commit that has something to write fail with this code. */
  failNextCommit(code: string): void {
    this.#failure = code;
  }

  /**
   * Loads everything committed, as a server finds it after a crash; from then on `appendLease` reads this
   * table.
   */
  loadInto(table: LeaseTable): void {
    this.#table = table;
    for (const record of this.#committed.values()) table.load(record);
  }
}
