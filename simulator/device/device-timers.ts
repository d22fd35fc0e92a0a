import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { DeviceRandom } from "./device-random.ts";
import { DeviceState, type DeviceTable, ROW_BYTES, ROW_WORDS } from "./device-table.ts";
import {
  backoffMs,
  DECLINE_WAIT_MS,
  desynchronizationMs,
  leaseRetryAtMs,
  type RetryPolicy,
} from "./retry-policy.ts";

// A lease of a second or two must not turn a device into a busy loop of renewals.
const RENEWAL_WAIT_MS_MIN = 1000;

/**
 * The one timer of every device. With `ownTimers` false a bound device waits for the end of its
 * lease only, and one without a lease for nothing.
 */
export class DeviceTimers {
  readonly #wheel: TimerWheel;
  readonly #table: DeviceTable;
  readonly #random: DeviceRandom;
  readonly #retransmit: RetryPolicy;
  readonly #ownTimers: boolean;

  constructor(
    wheel: TimerWheel,
    table: DeviceTable,
    random: DeviceRandom,
    policy: { readonly retransmit: RetryPolicy; readonly ownTimers: boolean },
  ) {
    this.#wheel = wheel;
    this.#table = table;
    this.#random = random;
    this.#retransmit = policy.retransmit;
    this.#ownTimers = policy.ownTimers;
  }

  cancel(local: number): void {
    this.#wheel.cancel(local);
  }

  /** Waits for an answer. `retransmitMs` replaces the policy for some personas (Behaviour). */
  awaitReply(local: number, nowMs: number, retransmitMs?: readonly number[]): void {
    const table = this.#table;
    let dueAtMs: number;
    if (retransmitMs !== undefined) {
      const attempt = Math.min(table.attempt[local * ROW_BYTES], retransmitMs.length - 1);
      dueAtMs = nowMs + retransmitMs[attempt];
    } else if (table.extendsByItself(local)) {
      const isRenewing = table.state(local) === DeviceState.renewing;
      const limitMs = isRenewing ? table.rebindingAtMs(local) : table.expiryAtMs(local);
      dueAtMs = leaseRetryAtMs(nowMs, limitMs);
    } else {
      dueAtMs =
        nowMs + backoffMs(this.#retransmit, table.attempt[local * ROW_BYTES], this.#random(local));
    }
    if (table.address[local * ROW_WORDS] !== 0)
      dueAtMs = Math.min(dueAtMs, table.expiryAtMs(local));
    this.#wheel.schedule(local, dueAtMs);
  }

  /** Waits for a bound device's next event: T1, T2 (if it `renews`) or the end of its lease. */
  awaitLease(local: number, nowMs: number, renews: boolean): void {
    const table = this.#table;
    const expiryAtMs = table.expiryAtMs(local);
    let dueAtMs = expiryAtMs;
    if (this.#ownTimers && renews) {
      const renewalAtMs = table.renewalAtMs(local);
      const rebindingAtMs = table.rebindingAtMs(local);
      // Past T1 an exchange has just failed, so the next one waits like a repetition.
      if (renewalAtMs > nowMs) dueAtMs = renewalAtMs;
      else if (rebindingAtMs > nowMs) dueAtMs = leaseRetryAtMs(nowMs, rebindingAtMs);
      else dueAtMs = leaseRetryAtMs(nowMs, expiryAtMs);
      dueAtMs = Math.min(Math.max(dueAtMs, nowMs + RENEWAL_WAIT_MS_MIN), expiryAtMs);
    }
    if (dueAtMs === Number.POSITIVE_INFINITY) this.#wheel.cancel(local);
    else this.#wheel.schedule(local, dueAtMs);
  }

  /** Waits for a new start after a NAK. The exchange goes on, or the device begins one itself. */
  awaitRestart(local: number, nowMs: number): void {
    const isWanted = this.#ownTimers || this.#table.exchange(local) !== undefined;
    if (!isWanted) this.#wheel.cancel(local);
    else this.#wheel.schedule(local, nowMs + desynchronizationMs(this.#random(local)));
  }

  /** Waits for the next try of an acquisition that goes on. */
  awaitNextTry(local: number, nowMs: number, waitMs: number): void {
    this.#wheel.schedule(local, nowMs + waitMs);
  }

  awaitRestartAfterDecline(local: number, nowMs: number): void {
    if (this.#ownTimers) this.#wheel.schedule(local, nowMs + DECLINE_WAIT_MS);
  }
}
