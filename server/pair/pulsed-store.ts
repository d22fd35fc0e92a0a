import type { DataPlanePulse } from "../ha/watchdog.ts";
import type { LeaseRecord } from "../lease/lease.ts";
import type { Durability, LeaseStore } from "../lease/store/lease-store.ts";
import type { SyncTimer } from "../lease/store/timed-sync.ts";

/** A store whose commits are timed, and shown to the watchdog of HA-11. */
export class PulsedStore implements LeaseStore {
  readonly #store: LeaseStore;
  readonly #pulse: Pick<DataPlanePulse, "commitBegun" | "commitsWritten">;
  readonly #timer: SyncTimer;
  #begunAtMs: number | undefined;

  constructor(
    store: LeaseStore,
    pulse: Pick<DataPlanePulse, "commitBegun" | "commitsWritten">,
    timer: SyncTimer,
  ) {
    this.#store = store;
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
    const isWritten = this.#store.endCommit(msMax);
    if (isWritten) this.#written();
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

  /** Not called after a failed commit: the watchdog waits for the next one. */
  #written(): void {
    if (this.#begunAtMs === undefined) return;
    this.#pulse.commitsWritten();
    this.#timer.took(this.#timer.nowMs() - this.#begunAtMs);
    this.#begunAtMs = undefined;
  }
}
