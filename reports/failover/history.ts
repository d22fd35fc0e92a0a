import type { ExecutedEvent, RoleChange } from "../result/failover-result.ts";

// What the analysis reads; the simulator's outage log is one. All times are ms since the run began.

/** Of the bins of `AckHistory.servers`. */
export const BIN_MS = 10;

/** ACKs of one server by bins of BIN_MS, from the start of the run; columns of equal length. */
export interface ServerAcks {
  /** Its identifier (option 54); 0 for all servers that are not told apart. */
  readonly server: number;
  readonly count: Uint32Array;
  /** The first and the last ACK of the bin; without meaning where there was none. */
  readonly firstMs: Float64Array;
  readonly lastMs: Float64Array;
  /** The latest first copy of a REQUEST that was acknowledged in the bin. */
  readonly sentMs: Float64Array;
}

/** What `what` of a note says, as in the simulator's OutageNote. */
export const NoteKind = { waited: 0, rebinding: 1, gaveUp: 2, expired: 3, unserved: 4 } as const;

export interface DeviceNotes {
  readonly what: Uint8Array;
  readonly device: Uint32Array;
  readonly sinceMs: Float64Array;
  readonly untilMs: Float64Array;
}

export interface AckHistory {
  readonly servers: readonly ServerAcks[];
  /** The same of ACKs that devices ignored, because their REQUEST had been answered before. */
  readonly ignored: readonly ServerAcks[];
  readonly notes: DeviceNotes;
  /** ACKs and notes that found no room. */
  readonly lost: number;
}

/** A stretch of time in which transactions were asked for. */
export interface ActiveSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** The pair, and what was done to it. */
export interface PairHistory {
  /** The identifiers of nodes a and b. */
  readonly servers: readonly [number, number];
  /** Whether both answer at all times: then nobody leads. */
  readonly isLoadBalanced: boolean;
  readonly events: readonly ExecutedEvent[];
  readonly roles: readonly RoleChange[];
}
