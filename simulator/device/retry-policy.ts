import type { Scenario } from "../../scenarios/language/scenario.ts";

type Retransmit = Scenario["clients"]["retransmit"];

/** How a device repeats a message that finds no answer (RFC 2131 section 4.1). */
export interface RetryPolicy extends Retransmit {
  /** How often an acquisition that is not persistent starts over after a NAK; 3 when left out. */
  readonly restartsMax?: number;
}

/** RFC 2131 section 4.1: 4, 8, 16, 32, 64 s, each plus or minus one second. */
export const rfc2131Retry: RetryPolicy = {
  firstDelayMs: 4000,
  maxDelayMs: 64_000,
  jitterMs: 1000,
  transmissionsMax: 5,
  persistent: false,
};

const HALF_RANGE = 2 ** 31;

/** The wait after transmission number `attempt` (0 is the first); `draw` is any 32-bit number. */
export function backoffMs(policy: RetryPolicy, attempt: number, draw: number): number {
  const delayMs = Math.min(policy.firstDelayMs * 2 ** attempt, policy.maxDelayMs);
  return Math.max(1, delayMs + policy.jitterMs * (draw / HALF_RANGE - 1));
}

/** The longest time until a device gives up a message: the waits of all its transmissions. */
export function giveUpMs(policy: RetryPolicy): number {
  let waitMs = 0;
  for (let attempt = 0; attempt < policy.transmissionsMax; attempt += 1) {
    waitMs += backoffMs(policy, attempt, 2 ** 32 - 1);
  }
  return waitMs;
}

const LEASE_RETRY_MS_MIN = 60_000;

/**
 * When to repeat a REQUEST in RENEWING (`limitMs` is T2) or REBINDING (`limitMs` is the end of the lease):
 * after half of the time left, but at least 60 s, and at the limit at the latest (RFC 2131 section 4.4.5).
 */
export function leaseRetryAtMs(nowMs: number, limitMs: number): number {
  return Math.min(limitMs, nowMs + Math.max(LEASE_RETRY_MS_MIN, (limitMs - nowMs) / 2));
}

/** RFC 2131 section 4.4.1: 1 to 10 s, so that devices that failed together do not come back together. */
export function desynchronizationMs(draw: number): number {
  return 1000 + (9000 * draw) / 2 ** 32;
}

/** RFC 2131 section 3.1, item 5: at least 10 s between a DECLINE and the next DISCOVER. */
export const DECLINE_WAIT_MS = 10_000;
