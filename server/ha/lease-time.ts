import type { Clock } from "../../base/clock.ts";
import type { Heartbeat } from "../../protocol/heartbeat/packet.ts";

/** Ends of leases are whole seconds: clocks that differ by less agree. */
const apartMsMax = 1000;

/** This node's clocks at one moment, and whether it is about to serve, serves, or has not ended to. */
export interface LeaseMoment {
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly isServing: boolean;
}

/**
 * By what a pair reads the ends of its leases. Clients are told how long they have an address, so all that
 * counts is that the end of a lease is read by the clock that wrote it. Therefore the time of leases does
 * not step while a node serves, and a standby node goes by the active one's: neither a clock that is set
 * right nor a take-over by a node whose clock is wrong takes an address from somebody who still has it
 * (TIME-8). It is the monotonic clock and `baseMs`.
 */
export class LeaseTime {
  #baseMs: number;
  /** The time is the pair's, not this node's. */
  #isKept = false;
  #apartMs: number | undefined;

  private constructor(baseMs: number) {
    this.#baseMs = baseMs;
  }

  /** Of a node that knows of no other. */
  static of(clock: Clock): LeaseTime {
    return new LeaseTime(clock.wallMs() - clock.monotonicMs());
  }

  /** What has to be added to the monotonic clock. */
  get baseMs(): number {
    return this.#baseMs;
  }

  /** The other node's clock of the day less this one's; undefined before it was heard in time. */
  get clockApartMs(): number | undefined {
    return this.#apartMs;
  }

  /** Once a turn, after `hear`: a node that is not bound by what was lent goes by its own clock. */
  pass(now: LeaseMoment): void {
    if (now.isServing) this.#isKept = true;
    else if (!this.#isKept) this.#baseMs = ownBaseMs(now);
  }

  /**
   * A heartbeat that was believed. `roundTripMs`: of this one; undefined when it answers none of ours. One
   * that was long under way, or long unread, says nothing about clocks.
   */
  hear(
    { role, wallMs, leaseMs }: Pick<Heartbeat, "role" | "wallMs" | "leaseMs">,
    roundTripMs: number | undefined,
    now: LeaseMoment,
  ): void {
    if (roundTripMs === undefined || roundTripMs > apartMsMax) return;
    const underWayMs = roundTripMs / 2;
    this.#apartMs = wallMs + underWayMs - now.wallMs;
    if (role !== "active" || now.isServing) return;
    const activeMs = leaseMs + underWayMs;
    this.#isKept = areApart(activeMs - now.wallMs);
    this.#baseMs = this.#isKept ? activeMs - now.monotonicMs : ownBaseMs(now);
  }
}

/** Whether two clocks are so far apart that somebody has to set them right. */
export function areApart(differenceMs: number | undefined): boolean {
  return differenceMs !== undefined && Math.abs(differenceMs) >= apartMsMax;
}

/** `3600.0 s ahead of` or `3600.0 s behind`. */
export function apartText(differenceMs: number): string {
  const seconds = (Math.abs(differenceMs) / 1000).toFixed(1);
  return differenceMs > 0 ? `${seconds} s ahead of` : `${seconds} s behind`;
}

function ownBaseMs({ wallMs, monotonicMs }: LeaseMoment): number {
  return wallMs - monotonicMs;
}
