import type { DataPlanePulse } from "../ha/watchdog.ts";
import type { LeaseRecord } from "../lease/lease.ts";
import type { Durability, LeaseStore } from "../lease/store/lease-store.ts";
import type { SyncTimer } from "../lease/store/timed-sync.ts";

type CommitPulse = Pick<DataPlanePulse, "commitBegun" | "commitMoved" | "commitsWritten">;

/** A store whose commits are timed, and shown to the watchdog of HA-11. */
export class PulsedStore implements LeaseStore {
  readonly #store: LeaseStore;
  readonly #pulse: CommitPulse;
  readonly #timer: SyncTimer;
  readonly #progress: () => number;
  #progressSeen = 0;
  #hasFailed = false;
  #begunAtMs: number | undefined;

  /** `progress` changes when the store has done a part of a commit. */
  constructor(store: LeaseStore, pulse: CommitPulse, timer: SyncTimer, progress = () => 0) {
    this.#store = store;
    this.#progress = progress;
    this.#pulse = pulse;
    // A commit that an earlier data plane has begun must not make the store seem to fail.
    pulse.commitsWritten();
    this.#timer = timer;
  }

  get durability(): Durability {
    return this.#store.durability;
  }

  append(record: LeaseRecord): void {
    this.#store.append(record);
  }

  appendLease(index: number): void {
    this.#store.appendLease(index);
  }

  commit(): void {
    this.#begin();
    this.#store.commit();
    this.#written();
  }

  beginCommit(): boolean {
    this.#begin();
    const isWritten = this.#store.beginCommit();
    if (isWritten) this.#written();
    return isWritten;
  }

  endCommit(msMax: number): boolean {
    let isWritten = false;
    try {
      isWritten = this.#store.endCommit(msMax);
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    }
    if (isWritten) this.#written();
    else this.#look();
    return isWritten;
  }

  maintain(nowSeconds: number): boolean {
    return this.#store.maintain(nowSeconds);
  }

  close(): void {
    this.#store.close();
  }

  #begin(): void {
    this.#pulse.commitBegun();
    this.#begunAtMs = this.#timer.nowMs();
  }

  /** A member without a majority takes a failed commit again each time, and writes it never. */
  #look(): void {
    const progress = this.#progress();
    if (progress !== this.#progressSeen && !this.#hasFailed) this.#pulse.commitMoved();
    this.#progressSeen = progress;
  }

  /** Not called after a failed commit: the watchdog waits for the next one. */
  #written(): void {
    if (this.#begunAtMs === undefined) return;
    this.#hasFailed = false;
    this.#pulse.commitsWritten();
    this.#timer.took(this.#timer.nowMs() - this.#begunAtMs);
    this.#begunAtMs = undefined;
  }
}
