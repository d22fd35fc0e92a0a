import { assert } from "../../base/assert.ts";
import { copyRecord, type LeaseRecord } from "../../server/lease/lease.ts";
import { type LeaseStore, LeaseStoreError } from "../../server/lease/lease-store.ts";
import type { LeaseTable } from "../../server/lease/lease-table.ts";

/**
 * The disk of the simulated server: what was committed survives a crash, what was only appended is
 * lost.
 */
export class CrashStore implements LeaseStore {
  readonly durability = "none";
  readonly #committed = new Map<number, LeaseRecord>();
  #pending: LeaseRecord[] = [];
  #table: LeaseTable | undefined;
  #fails = false;

  get pendingCount(): number {
    return this.#pending.length;
  }

  append(record: LeaseRecord): void {
    this.#pending.push(copyRecord(record));
  }

  appendLease(index: number): void {
    assert(this.#table !== undefined, "a store without a table");
    this.#pending.push(this.#table.recordOf(index));
  }

  commit(): void {
    const batch = this.#pending;
    this.#pending = [];
    if (this.#fails) {
      this.#fails = false;
      throw new LeaseStoreError("append", "ENOSPC", "(simulated)", "No space left.", "Free some.");
    }
    for (const record of batch) this.#committed.set(record.address, record);
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
}
