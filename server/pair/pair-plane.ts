import type { HaPlan } from "../ha/edge/ha-plan.ts";

/** The settings of the data plane of a pair's node, as plain data for its thread. */
export interface PairPlane {
  /** The memory of SharedPairState. */
  readonly pairState: SharedArrayBuffer;
  /** The memory of DataPlanePulse. */
  readonly pulse: SharedArrayBuffer;
  readonly node: string;
  /** Identifies this start of the node: the node claims under it, and recognises its own leadership by it. */
  readonly bootId: string;
  readonly etcd: HaPlan["etcd"];
  /** The store counts as unavailable when a commit takes longer. */
  readonly commitMsMax: number;
  /** HA-28, deadtime: a node that stood still for half of it counts as replaced until the store says otherwise. */
  readonly deadMs: number;
  /** The node has this address while it serves, and answers requests to it from it. */
  readonly floatingAddress?: number | undefined;
  /** etcd has lost its leases: those of this node's lease file are put there before it answers. */
  readonly recovers?: boolean;
}

/**
 * Why the data plane ended by itself. `fenced`: another node, or another start of this node, has led
 * since. A new data plane, with a new table, may follow.
 */
export type PlaneEnd = "fenced";
