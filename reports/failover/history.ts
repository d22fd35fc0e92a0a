import type { ExecutedEvent, RoleChange } from "../result/failover-result.ts";
import type { TimeSeriesRow } from "../result/run-result.ts";

// The input of the analysis, as the simulator's outage log has it. Times are ms since the run began.

/** Width of the bins of `ServerAcks`. */
export const BIN_MS = 10;

/** ACKs of one server by bins of BIN_MS, from the start of the run; columns of equal length. */
export interface ServerAcks {
  /** Server identifier (option 54); 0 for all servers that are not listed separately. */
  readonly server: number;
  readonly count: Uint32Array;
  /** Time of the first and the last ACK of the bin. Undefined in an empty bin. */
  readonly firstMs: Float64Array;
  readonly lastMs: Float64Array;
  /** Send time of a REQUEST's first copy: the latest among those acknowledged in the bin. */
  readonly sentMs: Float64Array;
}

/** The values of `DeviceNotes.what`, as in the simulator's OutageNote. */
export const NoteKind = { waited: 0, rebinding: 1, gaveUp: 2, expired: 3, unserved: 4 } as const;

export interface DeviceNotes {
  readonly what: Uint8Array;
  readonly device: Uint32Array;
  readonly sinceMs: Float64Array;
  readonly untilMs: Float64Array;
}

export interface AckHistory {
  readonly servers: readonly ServerAcks[];
  /** The same for ACKs that devices ignored, because their REQUEST had been answered before. */
  readonly ignored: readonly ServerAcks[];
  readonly notes: DeviceNotes;
  /** ACKs and notes that found no room. */
  readonly lost: number;
}

/** A stretch of the run: [fromMs, toMs). */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The pair, and what was done to it. */
export interface PairHistory {
  /** The identifiers of nodes a and b. */
  readonly servers: readonly [number, number];
  /** Whether both nodes answer at all times, so that neither leads. */
  readonly isLoadBalanced: boolean;
  readonly events: readonly ExecutedEvent[];
  readonly roles: readonly RoleChange[];
}

/** The part of a run's measurements that the analysis reads. */
export interface MeasuredRun {
  readonly history: AckHistory;
  readonly rows: readonly TimeSeriesRow[];
  /** When the run was under load. */
  readonly active: readonly Window[];
  readonly pair: PairHistory;
  /** The text of a server identifier. */
  readonly nameOf: (server: number) => string;
}
