import type { LeaseRecord } from "../lease.ts";

/**
 * What `commit` promises: "fsync" survives a power cut, "os" survives the end of the process,
 * "none" survives nothing; "replicated" is on most members of etcd, and survives the machine. Every report
 * prints it.
 */
export type Durability = "fsync" | "os" | "none" | "replicated";

/** What the store was doing when it failed. */
export type LeaseStoreOperation =
  | "open"
  | "read"
  | "append"
  | "sync"
  | "truncate"
  | "rewrite"
  | "close";

/**
 * The store could not do its work: an operating condition (full disk, I/O error, damaged file),
 * never a bug of ours. After a failed `commit` nothing of the batch may be acknowledged.
 */
export class LeaseStoreError extends Error {
  override readonly name = "LeaseStoreError";
  readonly operation: LeaseStoreOperation;
  /** The system's code (ENOSPC, EIO, …), or SHORT_WRITE, CHANGED, DAMAGED, TOO_LARGE. */
  readonly code: string;
  readonly path: string;

  /** `hint` tells the operator what to do. */
  constructor(
    operation: LeaseStoreOperation,
    code: string,
    path: string,
    message: string,
    hint: string,
  ) {
    super(`${message} ${hint}`);
    this.operation = operation;
    this.code = code;
    this.path = path;
  }
}

/**
 * Where leases survive. `append` as many records as a batch has, `commit` once, and only then send
 * the ACKs. The order of appends is the order of the file: the last record of an address wins.
 */
export interface LeaseStore {
  readonly durability: Durability;

  /**
   * Takes the record over at once: its arrays may be views that change after the call. The lease
   * table has the change already: it is what a rewrite of the file is made from.
   */
  append(record: LeaseRecord): void;

  /**
   * Appends the record of lease `index` of the table as it is now: the same bytes as
   * `append(table.recordOf(index))`.
   */
  appendLease(index: number): void;

  /**
   * Makes everything appended since the last commit durable, all or nothing. Throws
   * LeaseStoreError when it cannot; the batch is then dropped and the store is as it was before
   * it, ready for the next one.
   */
  commit(): void;

  /**
   * As `commit`, but it need not wait: true when the batch is durable already, false while the disk
   * is still at work. `endCommit` then tells the end, and before that neither of the two nor
   * `maintain` may be called. What is appended meanwhile belongs to the commit after this one.
   */
  beginCommit(): boolean;

  /**
   * Waits at most `msMax` for what `beginCommit` began; true when it is durable, or when there is
   * nothing to wait for. Throws as `commit` does: that batch is dropped, what was appended since stays.
   */
  endCommit(msMax: number): boolean;

  /**
   * Housekeeping, one slice of at most a few milliseconds a call: call it about once a second, and
   * after every batch while it returns true (more is waiting). Never call it between an append and
   * the end of its commit. Throws LeaseStoreError when the rewrite of the file failed; the file in force is
   * untouched then and service goes on, and the rewrite is tried again later.
   */
  maintain(nowSeconds: number): boolean;

  /** Drops what was appended and not committed. Later calls of close do nothing. */
  close(): void;
}
