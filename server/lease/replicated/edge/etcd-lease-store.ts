import { assert } from "../../../../base/assert.ts";
import type { LeaseRecord } from "../../lease.ts";
import type { LeaseFileStore } from "../../store/edge/lease-file-store.ts";
import { type LeaseStore, LeaseStoreError } from "../../store/lease-store.ts";
import { LeaseRow } from "../../table/lease-row.ts";
import type { LeaseTable } from "../../table/lease-table.ts";
import { LeaseBatch } from "../lease-batch.ts";
import type { CommitEnd } from "../pair-messages.ts";
import type { PairThread } from "./pair-thread.ts";

export interface EtcdLeaseStoreParts {
  readonly thread: Pick<PairThread, "beginCommit" | "endCommit" | "options" | "isOver">;
  /** Receives every record before etcd does, so leases that etcd loses can be recovered from it. */
  readonly file: LeaseFileStore;
  readonly table: LeaseTable;
  /** The thread's latest sentence about trouble with etcd, or "". */
  readonly trouble: () => string;
  readonly onClose: () => void;
}

const hints: Readonly<Record<Exclude<CommitEnd, "durable">, string>> = {
  fenced: "Another node leads the pair, or this one was given a new term: see `prov status`.",
  unavailable:
    "Check the members of etcd and the way to them: service goes on as soon as most of them answer.",
};

/**
 * Leases in etcd, for the node that leads its pair: a committed lease is on most members of etcd, and the
 * leader committed it. The lease file gets each lease first, so it has every acknowledged one.
 *
 * A commit fails with a code of the lease file, with FENCED (the term is over, until the next `lead`), or
 * with UNAVAILABLE. In the last case the records may be in etcd, or get there later, so the leases count
 * as possibly given. The next commit, which may be an empty one, settles that first.
 */
export class EtcdLeaseStore implements LeaseStore {
  readonly durability = "replicated";
  readonly #parts: EtcdLeaseStoreParts;
  readonly #row = new LeaseRow();
  #filling = new LeaseBatch();
  #underWay = new LeaseBatch();
  #isUnderWay = false;
  #term = 0;
  /** Term of the current or latest commit. */
  #begunTerm = 0;
  #isFenced = false;
  /** The latest commit was UNAVAILABLE: its records may or may not be in etcd. */
  #isUnsettled = false;

  constructor(parts: EtcdLeaseStoreParts) {
    this.#parts = parts;
  }

  /** The leader key's revision that guards the commits; 0 before the first `lead`. */
  get term(): number {
    return this.#term;
  }

  /** The term is over: nothing is committed until the next one. */
  get isFenced(): boolean {
    return this.#isFenced;
  }

  /** This node leads since revision `term`, which guards every commit from now on. */
  lead(term: number): void {
    this.#term = term;
    this.#isFenced = false;
  }

  /** Ends the term when the leader key shows it, before a commit finds out. */
  fence(): void {
    this.#isFenced = true;
  }

  append(record: LeaseRecord): void {
    this.#parts.file.append(record);
    this.#row.setRecord(record);
    this.#filling.append(this.#row);
  }

  appendLease(index: number): void {
    this.#parts.file.appendLease(index);
    this.#parts.table.readRow(index, this.#row);
    this.#filling.append(this.#row);
  }

  commit(): void {
    if (!this.beginCommit()) this.endCommit(Number.POSITIVE_INFINITY);
  }

  beginCommit(): boolean {
    assert(!this.#isUnderWay, "a commit while another is under way");
    assert(this.#term > 0, "a commit of a node that never led");
    const { file, thread } = this.#parts;
    const batch = this.#filling;
    if (batch.lengthBytes === 0 && !this.#isUnsettled) return true;
    try {
      file.commit();
      if (this.#isFenced) throw this.#failure("fenced");
      if (thread.isOver) throw this.#failure("unavailable");
    } catch (error) {
      batch.clear();
      throw error;
    }
    thread.beginCommit(batch);
    this.#begunTerm = this.#term;
    this.#isUnderWay = true;
    [this.#filling, this.#underWay] = [this.#underWay, this.#filling];
    return false;
  }

  endCommit(msMax: number): boolean {
    if (!this.#isUnderWay) return true;
    const end = this.#parts.thread.endCommit(msMax);
    if (end === undefined) return false;
    this.#isUnderWay = false;
    this.#isUnsettled = end === "unavailable";
    this.#underWay.clear();
    if (end === "durable") return true;
    throw this.#failure(end);
  }

  maintain(nowSeconds: number): boolean {
    return this.#parts.file.maintain(nowSeconds);
  }

  close(): void {
    if (this.#isUnderWay) this.#parts.thread.endCommit(Number.POSITIVE_INFINITY);
    this.#isUnderWay = false;
    this.#parts.onClose();
  }

  #failure(end: Exclude<CommitEnd, "durable">): LeaseStoreError {
    // A commit that began before the current term says nothing about this term.
    if (end === "fenced" && this.#begunTerm === this.#term) this.#isFenced = true;
    const { endpoints, prefix } = this.#parts.thread.options;
    const place = `etcd (${prefix} at ${endpoints.join(", ")})`;
    const code = end.toUpperCase();
    const trouble = end === "unavailable" ? this.#parts.trouble() : "";
    const message = `Can't commit to ${place}: ${code}.${trouble === "" ? "" : ` ${trouble}.`}`;
    return new LeaseStoreError(code, message, hints[end]);
  }
}
