import type { Logger } from "../../../base/log.ts";
import type { LeaseStoreError } from "../../lease/store/lease-store.ts";

/** Log failing commits at most this often. */
const troubleLogMsMin = 10_000;
/** The trouble is over when no commit failed for this long: on a nearly full disk some batches still fit. */
const calmMsMin = 1000;

/** Tells the operator that leases cannot be written, and when they can be again. */
export class CommitTrouble {
  readonly #logger: Pick<Logger, "error" | "warn">;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #refused = 0;
  #isFailing = false;
  /** The last line in the log said that nothing is acknowledged. */
  #isTold = false;

  constructor(logger: Pick<Logger, "error" | "warn">) {
    this.#logger = logger;
  }

  /** A commit failed, and `refused` requests stay unanswered. */
  failed(error: LeaseStoreError, refused: number, nowMs: number): void {
    this.#refused += refused;
    this.#isFailing = true;
    this.#failedAtMs = nowMs;
    if (nowMs - this.#toldAtMs < troubleLogMsMin) return;
    const unanswered = this.#refused === 1 ? "1 request" : `${this.#refused} requests`;
    this.#logger.error(`No lease is acknowledged (${unanswered}): ${error.message}`);
    this.#toldAtMs = nowMs;
    this.#isTold = true;
  }

  succeeded(nowMs: number): void {
    if (!this.#isFailing || nowMs - this.#failedAtMs < calmMsMin) return;
    if (this.#isTold) this.#logger.warn("Leases are written again: service goes on.");
    this.#isTold = false;
    this.#isFailing = false;
    this.#refused = 0;
  }
}
