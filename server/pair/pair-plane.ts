import type { HaPlan } from "../ha/edge/ha-plan.ts";

/** What the data plane of a node of a pair is told, as plain data: it crosses to its thread. */
export interface PairPlane {
  /** Of PairWords. */
  readonly words: SharedArrayBuffer;
  /** Of DataPlanePulse. */
  readonly pulse: SharedArrayBuffer;
  readonly node: string;
  /** Of this start of the node: under it the node claims, and by it it knows its own leadership again. */
  readonly bootId: string;
  readonly etcd: HaPlan["etcd"];
  /** A commit that takes longer is unavailable. */
  readonly commitMsMax: number;
  /** HA-28, deadtime: what stood still for half of it counts as replaced until the store says otherwise. */
  readonly deadMs: number;
  /** What is sent to it is answered from it; the node has it while it serves. */
  readonly floatingAddress?: number | undefined;
  /** The lease file of this node counts where etcd has lost its leases: they are put there before it answers. */
  readonly recovers?: boolean;
}

/**
 * Why the data plane ended by itself. `fenced`: another node, or another start of this one, has led
 * since; a new data plane, with a new table, may follow.
 */
export type PlaneEnd = "fenced";
