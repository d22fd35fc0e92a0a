import type { Distribution } from "../result/run-result.ts";
import type { ExecutedEvent, PairSide, RoleChange } from "./events.ts";

/** What a run did to a pair of servers, and what its devices noticed. Times are ms since the run began. */
export interface FailoverResult {
  readonly nodes: readonly FailoverNode[];
  /** `executed`: the run did it; `seen`: somebody did, and the run saw servers fall silent. */
  readonly source: "executed" | "seen";
  readonly events: readonly FailoverEventResult[];
  readonly roles: readonly RoleChange[];
  /** By server, for a chart: ACKs in each bin of `binMs`. */
  readonly acknowledged: {
    readonly binMs: number;
    readonly servers: readonly { readonly server: string; readonly counts: readonly number[] }[];
  };
  /** How often another node began to acknowledge; absent where both may at all times. */
  readonly leaderChanges?: number;
  /** ACKs and waiting devices beyond what is kept: the figures are then too low. */
  readonly lost: number;
}

export interface FailoverNode {
  readonly node: PairSide;
  /** Option 54 of its ACKs. */
  readonly server: string;
}

export interface FailoverEventResult extends ExecutedEvent {
  /** From the event to the other node's claim, or to the own step down (HA-8, 1). Null: not told. */
  readonly detectedAfterMs: number | null;
  /** From the event to a node's being active with a newer epoch. Null: not told. */
  readonly activeAfterMs: number | null;
  /** From the event to the first ACK of a server that did not answer before. Null: none came. */
  readonly otherServerAfterMs: number | null;
  /** The longest gap between two ACKs that was no normal one. Null: the service went on. */
  readonly interruption: Interruption | null;
  /**
   * The same of the ACKs of the event's node alone, which the devices with a lease of it renew with. Null: it
   * went on. Absent where one node serves at a time, or the event has no node.
   */
  readonly nodeInterruption?: Interruption | null;
  /** Devices that waited noticeably because of it, or were not answered at all. */
  readonly devicesAffected: number;
  /** Of each of them the longest wait, from the first intended send that found no answer to the ACK. */
  readonly outageMs: Distribution;
  /** Devices that still waited when the run ended; in no distribution. */
  readonly devicesUnserved: number;
  /** Devices that came to T2 because nobody answered their renewals. */
  readonly devicesRebinding: number;
  /** Devices that ended an exchange without an answer. */
  readonly devicesGivenUp: number;
  /** Devices whose lease ran out meanwhile. */
  readonly leasesExpired: number;
  readonly retransmissions: number;
  /** Until the answered share and p99 are what they were before, for three seconds. Null: not in this run. */
  readonly steadyAfterMs: number | null;
  /** By how much the ACKs of a second fell short of those before, at worst: 0 to 100. Null: too few. */
  readonly dipPercent: number | null;
}

export interface Interruption {
  /** The last ACK before. */
  readonly fromMs: number;
  /** The first ACK after; null when none came. */
  readonly toMs: number | null;
  /** From one to the other: the recovery time from the devices' side. */
  readonly rtoMs: number | null;
  /** The longest gap in the seconds before. */
  readonly normalGapMs: number;
  /**
   * What streams sent a second before, and how many that makes over the gap. Null: hardly any, such as where
   * devices act by their own timers alone.
   */
  readonly offeredPerSecond: number | null;
  readonly offeredMeanwhile: number | null;
  /** Who sent the last ACK before and the first after. */
  readonly serverBefore: string;
  readonly serverAfter: string | null;
}
