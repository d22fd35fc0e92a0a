import type { LeaseRecord } from "../lease.ts";

/**
 * What `commit` guarantees: "fsync" survives a power cut, "os" the end of the process, "none" nothing;
 * "replicated" is on most members of etcd and survives the loss of the machine. Every report prints it.
 */
export type Durability = "fsync" | "os" | "none" | "replicated";

/**
 * The store could not do its work because of an operating condition (full disk, I/O error, damaged file),
 * never a bug of ours. After a failed `commit` nothing of the batch may be acknowledged.
 */
export class LeaseStoreError extends Error {
  override readonly name = "LeaseStoreError";
  /** The system's code (ENOSPC, EIO, …), or SHORT_WRITE, CHANGED, DAMAGED, TOO_LARGE. */
  readonly code: string;

  /** `hint` tells the operator what to do. */
  constructor(code: string, message: string, hint: string) {
    super(`${message} ${hint}`);
    this.code = code;
  }
}

/**
 * Durable leases. `append` the records of a batch, `commit` once, and only then send the ACKs. The order
 * of appends is the order of the file: the last record of an address wins.
 */
export interface LeaseStore {
  readonly durability: Durability;

  /**
   * Copies the record at once: its arrays may be views that change after the call. The lease table must
   * already have the change, because a rewrite of the file is made from the table.
   */
  append(record: LeaseRecord): void;

  /**
   * Appends the record of lease `index` from the table as it is now: the same bytes as
   * `append(table.recordOf(index))`.
   */
  appendLease(index: number): void;

  /**
   * Makes everything appended since the last commit durable, all or nothing. Throws LeaseStoreError on
   * failure; the batch is then dropped, and the store is as before it and ready for the next one.
   */
  commit(): void;

  /**
   * As `commit`, but without waiting: returns true when the batch is durable already, false while the
   * disk is still at work. Then `endCommit` gives the result; until it does, call neither `commit`,
   * `beginCommit` nor `maintain`. Later appends belong to the next commit.
   */
  beginCommit(): boolean;

  /**
   * Waits at most `msMax` for the commit of `beginCommit`; true when it is durable or when there is
   * nothing to wait for. Throws as `commit` does: that batch is dropped, and later appends stay.
   */
  endCommit(msMax: number): boolean;

  /**
   * Housekeeping, in slices of at most a few milliseconds: call it about once a second, and after every
   * batch while it returns true (more is waiting). Never call it between an append and the end of its
   * commit. Throws LeaseStoreError when a rewrite of the file, or a sync behind the commits, failed; then
   * service goes on with the current file, and the rewrite is tried again later.
   */
  maintain(nowSeconds: number): boolean;

  /** Drops what was appended but not committed. Calling it again has no effect. */
  close(): void;
}
