import type { HaPlan } from "../ha/edge/ha-plan.ts";

/** The settings of a pair node's data plane, as plain data: they are sent to its thread. */
export interface PairPlane {
  /** Memory of SharedPairState. */
  readonly pairState: SharedArrayBuffer;
  /** Memory of DataPlanePulse. */
  readonly pulse: SharedArrayBuffer;
  readonly node: string;
  /**
   * Identifies this start of the node: it claims under this id and recognizes its own leadership by it.
   */
  readonly bootId: string;
  readonly etcd: HaPlan["etcd"];
  /** A commit that takes longer is UNAVAILABLE. */
  readonly commitMsMax: number;
  /**
   * HA-28, deadtime: a process that stood still for half of it counts as replaced until the store says
   * otherwise.
   */
  readonly deadMs: number;
  /** Requests sent to this address are answered from it; the node has it while it serves. */
  readonly floatingAddress?: number | undefined;
  /**
   * If etcd has lost its leases, this node's lease file counts: its leases are put into etcd before it
   * answers.
   */
  readonly recovers?: boolean;
}

/**
 * Why the data plane ended by itself. `fenced`: another node, or another start of this one, has led
 * since; a new data plane with a new table may follow.
 */
export type PlaneEnd = "fenced";
