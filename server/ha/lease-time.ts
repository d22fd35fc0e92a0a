import type { Clock } from "../../base/clock.ts";
import type { Heartbeat } from "../../protocol/heartbeat/packet.ts";

/** The ends of leases are whole seconds, so clocks that differ by less agree. */
const apartMsMax = 1000;

/**
 * This node's clocks at one moment, and whether it starts to serve, serves, or has not finished serving.
 */
export interface LeaseMoment {
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly isServing: boolean;
}

/**
 * The time by which a pair reads the ends of its leases: the monotonic clock plus `baseMs`. Clients are
 * told a duration, so it only matters that the end of a lease is read by the clock that wrote it.
 * Therefore this time does not step while a node serves, and a standby node adopts the active node's
 * time: neither a corrected clock nor a take-over by a node with a wrong clock takes an address from a
 * client that still has it (TIME-8).
 */
export class LeaseTime {
  #baseMs: number;
  /** The time is the pair's, not this node's own. */
  #isKept = false;
  #apartMs: number | undefined;

  private constructor(baseMs: number) {
    this.#baseMs = baseMs;
  }

  /** For a node that knows of no other. */
  static of(clock: Clock): LeaseTime {
    return new LeaseTime(clock.wallMs() - clock.monotonicMs());
  }

  /** The value to add to the monotonic clock. */
  get baseMs(): number {
    return this.#baseMs;
  }

  /** The other node's wall clock minus this one's; undefined before a timely heartbeat. */
  get clockApartMs(): number | undefined {
    return this.#apartMs;
  }

  /** Once a turn, after `hear`: a node that has no pair's time to keep uses its own clock. */
  pass(now: LeaseMoment): void {
    if (now.isServing) this.#isKept = true;
    else if (!this.#isKept) this.#baseMs = ownBaseMs(now);
  }

  /**
   * Takes a believed heartbeat. `roundTripMs` is its round trip; undefined when it answers none of ours.
   * A heartbeat that was long under way, or long unread, says nothing about clocks.
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

/** Whether two clocks differ so much that an operator has to correct them. */
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
