import { bytesEqual } from "../../../protocol/bytes.ts";
import type { LeaseFileSink } from "../format/lease-file.ts";
import { scanLeases } from "../format/lease-file.ts";
import { formatRow, rowBytesMax } from "../format/lease-writer.ts";
import { type LeaseStore, LeaseStoreError } from "../store/lease-store.ts";
import { LeaseRow } from "../table/lease-row.ts";
import type { LeaseTable } from "../table/lease-table.ts";
import type { PairNotice } from "./pair-messages.ts";

export type FollowerNotice = Extract<PairNotice, { kind: "loading" | "leases" | "complete" }>;

/**
 * A standby's leases: applies the changes in etcd to the table and the lease file, in the order of
 * revisions.
 */
export class LeaseFollower {
  readonly #table: LeaseTable;
  readonly #file: Pick<LeaseStore, "append" | "appendLease" | "commit">;
  /** 1 for each lease that etcd has. */
  readonly #seen: Uint8Array;
  readonly #known = new LeaseRow();
  /** Buffer for two records. */
  #texts = new Uint8Array(0);
  /** Leases whose latest record is not in the lease file yet. */
  readonly #unwritten = new Set<number>();
  #isLoading = true;
  #revision = 0;
  #hasDoubtful = false;
  #fileTrouble: LeaseStoreError | undefined;

  /** `table` was loaded from `file`. Leases that etcd does not have stay in it, as possibly given. */
  constructor(table: LeaseTable, file: Pick<LeaseStore, "append" | "appendLease" | "commit">) {
    this.#table = table;
    this.#file = file;
    this.#seen = new Uint8Array(table.size);
  }

  /** Everything that etcd had at `revision` is in the table. */
  get isComplete(): boolean {
    return !this.#isLoading;
  }

  get revision(): number {
    return this.#revision;
  }

  /** At the last complete reading, the lease file had leases that etcd did not have. */
  get hasDoubtful(): boolean {
    return this.#hasDoubtful;
  }

  /** Why the lease file lags behind the table; undefined when it does not. */
  get fileTrouble(): LeaseStoreError | undefined {
    return this.#fileTrouble;
  }

  /** Indexes of leases that are in the lease file but not in etcd; the leader may put them there. */
  localOnly(): number[] {
    const found: number[] = [];
    for (let index = 0; index < this.#seen.length; index += 1) {
      if (this.#seen[index] === 0 && this.#table.isWorthKeeping(index)) found.push(index);
    }
    return found;
  }

  /** Throws LeaseStoreError (DAMAGED) when a value in etcd is not a lease record. */
  take(notice: FollowerNotice): void {
    switch (notice.kind) {
      case "loading":
        this.#isLoading = true;
        this.#seen.fill(0);
        break;
      case "leases":
        this.#apply(notice.texts);
        this.#writeDown();
        break;
      case "complete":
        if (this.#isLoading) this.#doubtLocalOnly();
        this.#isLoading = false;
        this.#revision = notice.revision;
        break;
    }
  }

  #apply(texts: Uint8Array): void {
    const sink: LeaseFileSink = {
      onRow: (row) => this.#applyRow(row),
      onLease: (record) => {
        const row = new LeaseRow();
        row.setRecord(record);
        // A lease whose address is in no range: only the file carries it.
        if (!this.#applyRow(row)) this.#file.append(record);
      },
      onBlock: () => undefined,
    };
    const end = scanLeases(texts, 0, texts.length, true, sink);
    if (end.kind !== "torn" && end.kind !== "damaged") return;
    throw new LeaseStoreError(
      "DAMAGED",
      `A value in etcd is no record of a lease: ${end.message}.`,
      "Put it right with etcdctl: the value is one lease in the grammar of dhcpd.leases.",
    );
  }

  #applyRow(row: LeaseRow): boolean {
    const table = this.#table;
    const index = table.indexOf(row.address);
    if (index < 0) return false;
    this.#seen[index] = 1;
    table.readRow(index, this.#known);
    const isKnown = !table.isNeverUsed(index) && this.#areAlike(this.#known, row);
    table.loadRow(row);
    if (!isKnown) this.#unwritten.add(index);
    return true;
  }

  /**
   * Leases only in the file may or may not have been acknowledged. They are not given to other clients,
   * and not acknowledged without a commit.
   */
  #doubtLocalOnly(): void {
    const found = this.localOnly();
    for (const index of found) this.#table.markPending(index);
    this.#hasDoubtful = found.length > 0;
  }

  /** A full disk must not stop the standby from following; the file catches up later. */
  #writeDown(): void {
    for (const index of this.#unwritten) this.#file.appendLease(index);
    try {
      this.#file.commit();
      this.#unwritten.clear();
      this.#fileTrouble = undefined;
    } catch (error) {
      if (!(error instanceof LeaseStoreError)) throw error;
      this.#fileTrouble = error;
    }
  }

  /** Whether both give the same text in the lease file. A new record mostly differs in a time. */
  #areAlike(one: LeaseRow, other: LeaseRow): boolean {
    if (one.endsAt !== other.endsAt || one.cltt !== other.cltt) return false;
    const bytesMax = rowBytesMax(one) + rowBytesMax(other);
    if (this.#texts.length < bytesMax) this.#texts = new Uint8Array(2 * bytesMax);
    const middle = formatRow(one, this.#texts, 0);
    const end = formatRow(other, this.#texts, middle);
    return bytesEqual(this.#texts.subarray(0, middle), this.#texts.subarray(middle, end));
  }
}
