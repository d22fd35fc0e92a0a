import { bytesEqual } from "../../../protocol/bytes.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { scanLeases } from "../format/lease-file.ts";
import { LeaseRowReader } from "../format/lease-row-reader.ts";
import { formatRow, rowBytesMax } from "../format/lease-writer.ts";
import type { LeaseRecord } from "../lease.ts";
import { type LeaseStore, LeaseStoreError } from "../store/lease-store.ts";
import { LeaseRow } from "../table/lease-row.ts";
import type { LeaseTable } from "../table/lease-table.ts";
import { unpackRecords } from "./lease-batch.ts";
import type { PairNotice } from "./pair-messages.ts";

/** How far the first reading of etcd's leases is. */
export interface LeaseReading {
  readonly leasesRead: number;
  readonly leasesInAll: number;
}

export type FollowerNotice = Extract<PairNotice, { kind: "loading" | "leases" | "complete" }>;

/** A value in etcd that is not the lease of the address in its key. */
export interface UnreadableLease {
  readonly address: number;
  readonly why: string;
}

const allReadable: readonly UnreadableLease[] = [];
const newline = 0x0a;

/**
 * A standby's leases: applies the changes in etcd to the table and the lease file, in the order of
 * revisions.
 */
export class LeaseFollower {
  readonly #table: LeaseTable;
  readonly #file: Pick<LeaseStore, "append" | "appendLease" | "commit">;
  /** 1 for each lease that etcd has. */
  readonly #seen: Uint8Array;
  readonly #rows = new LeaseRowReader();
  readonly #known = new LeaseRow();
  /** Buffer for two records. */
  #texts = new Uint8Array(0);
  /** Leases whose latest record is not in the lease file yet. */
  readonly #unwritten = new Set<number>();
  #isLoading = true;
  #leasesRead = 0;
  #leasesInAll = 0;
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

  /** Undefined once everything is there. `leasesInAll` is 0 until etcd has said how many there are. */
  get reading(): LeaseReading | undefined {
    if (!this.#isLoading) return undefined;
    return { leasesRead: this.#leasesRead, leasesInAll: this.#leasesInAll };
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

  /**
   * Returns the values that cannot be read. Whose their addresses are is not known, so nobody gets them until etcd
   * has a lease there.
   */
  take(notice: FollowerNotice): readonly UnreadableLease[] {
    let unreadable = allReadable;
    switch (notice.kind) {
      case "loading":
        this.#isLoading = true;
        this.#leasesRead = 0;
        this.#leasesInAll = notice.leasesInAll;
        this.#seen.fill(0);
        break;
      case "leases":
        unreadable = this.#apply(notice.records);
        this.#writeDown();
        break;
      case "complete":
        if (this.#isLoading) this.#doubtLocalOnly();
        this.#isLoading = false;
        this.#revision = notice.revision;
        break;
    }
    return unreadable;
  }

  #apply(records: Uint8Array): readonly UnreadableLease[] {
    const unreadable: UnreadableLease[] = [];
    for (const [address, text] of unpackRecords(records)) {
      this.#leasesRead += 1;
      const row = this.#rowOf(text);
      if (typeof row !== "string" && row.address === address) {
        // A lease whose address is in no range: only the file carries it.
        if (!this.#applyRow(row)) this.#file.append(row.toRecord());
        continue;
      }
      const why = typeof row === "string" ? row : `it is the lease of ${formatIpv4(row.address)}`;
      unreadable.push({ address, why });
      this.#block(address);
    }
    return unreadable;
  }

  /** The lease that the text is; otherwise why it is none. The row is reused. */
  #rowOf(text: Uint8Array): LeaseRow | string {
    const end = this.#rows.read(text, 0, text.length);
    const isWhole = end === text.length || (end === text.length - 1 && text[end] === newline);
    if (isWhole) return this.#rows.row;
    const record = oneLeaseIn(text);
    if (typeof record === "string") return record;
    const row = new LeaseRow();
    row.setRecord(record);
    return row;
  }

  /** etcd has it, so this node's own record of it is not the newest, and is not put there. */
  #block(address: number): void {
    const index = this.#table.indexOf(address);
    if (index < 0) return;
    this.#seen[index] = 1;
    this.#unwritten.delete(index);
    this.#table.block(index);
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

/** The only lease of the text; a sentence about why there is none. */
function oneLeaseIn(text: Uint8Array): LeaseRecord | string {
  const leases: LeaseRecord[] = [];
  let blocks = 0;
  const end = scanLeases(text, 0, text.length, true, {
    onLease: (record) => void leases.push(record),
    onBlock: () => {
      blocks += 1;
    },
  });
  if (end.kind === "torn" || end.kind === "damaged") return end.message;
  return leases.length === 1 && blocks === 0 ? leases[0] : "it is not one lease";
}
