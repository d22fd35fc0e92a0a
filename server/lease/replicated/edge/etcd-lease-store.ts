import { assert } from "../../../../base/assert.ts";
import type { LeaseRecord } from "../../lease.ts";
import type { LeaseFileStore } from "../../store/edge/lease-file-store.ts";
import { type LeaseStore, LeaseStoreError } from "../../store/lease-store.ts";
import { LeaseRow } from "../../table/lease-row.ts";
import type { LeaseTable } from "../../table/lease-table.ts";
import { LeaseBatch } from "../lease-batch.ts";
import type { CommitEnd, PairThread } from "./pair-thread.ts";

export interface EtcdLeaseStoreParts {
  readonly thread: Pick<PairThread, "beginCommit" | "endCommit" | "options" | "isOver">;
  /** Has every record before etcd has it: what etcd loses can be recovered from it. */
  readonly file: LeaseFileStore;
  readonly table: LeaseTable;
  /** The latest that the thread told of etcd's troubles: a sentence, or nothing. */
  readonly trouble: () => string;
  readonly onClose: () => void;
}

const hints: Readonly<Record<Exclude<CommitEnd, "durable">, string>> = {
  fenced: "Another node leads the pair, or this one was given a new term: see `prov status`.",
  unavailable:
    "Check the members of etcd and the way to them: service goes on as soon as most of them answer.",
};

/**
 * Leases in etcd, of the node that leads its pair: what is committed is on most members of etcd, and
 * was committed by the leader. The lease file gets it first, so that it has whatever was acknowledged.
 *
 * A commit fails with the code of the lease file, with FENCED (until the next `lead`: the term is over), or
 * with UNAVAILABLE: then the records may be in etcd, or get there later, so the leases count as
 * possibly given. The next commit settles that before anything of its own, and may have nothing of its own.
 */
export class EtcdLeaseStore implements LeaseStore {
  readonly durability = "replicated";
  readonly #parts: EtcdLeaseStoreParts;
  readonly #row = new LeaseRow();
  #filling = new LeaseBatch();
  #underWay = new LeaseBatch();
  #isUnderWay = false;
  #term = 0;
  /** Of the commit under way, or of the latest. */
  #begunTerm = 0;
  #isFenced = false;
  /** The latest commit was UNAVAILABLE: whether its records are in etcd is not known. */
  #isUnsettled = false;

  constructor(parts: EtcdLeaseStoreParts) {
    this.#parts = parts;
  }

  /** The leader key's revision that guards the commits; 0 before the first `lead`. */
  get term(): number {
    return this.#term;
  }

  /** The term is over: nothing is committed before the next one. */
  get isFenced(): boolean {
    return this.#isFenced;
  }

  /** This node leads since revision `term`: commits that begin from now on are guarded by it. */
  lead(term: number): void {
    this.#term = term;
    this.#isFenced = false;
  }

  /** The term is over: told by the leader key, before any commit finds out. */
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
    // What was under way when a new term began tells of the one before.
    if (end === "fenced" && this.#begunTerm === this.#term) this.#isFenced = true;
    const { endpoints, prefix } = this.#parts.thread.options;
    const place = `etcd (${prefix} at ${endpoints.join(", ")})`;
    const code = end.toUpperCase();
    const trouble = end === "unavailable" ? this.#parts.trouble() : "";
    const message = `Can't commit to ${place}: ${code}.${trouble === "" ? "" : ` ${trouble}.`}`;
    return new LeaseStoreError("append", code, place, message, hints[end]);
  }
}
