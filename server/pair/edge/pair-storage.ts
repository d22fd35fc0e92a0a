import { DataPlanePulse } from "../../ha/watchdog.ts";
import { PairNode, type PairNodeOptions } from "../../lease/replicated/edge/pair-node.ts";
import type { SyncTimer } from "../../lease/store/timed-sync.ts";
import type { LeaseTable } from "../../lease/table/lease-table.ts";
import { SharedPairState } from "../../mandate/shared-pair-state.ts";
import type { PairGateOptions } from "../pair-gate.ts";
import type { PairPlane } from "../pair-plane.ts";
import { PulsedStore } from "../pulsed-store.ts";

/** A commit tries another member of etcd when one has not answered within a fifth of its time. */
const attemptsMin = 5;

export interface PairStorageInput {
  readonly plane: PairPlane;
  readonly leaseFile: string;
  readonly leases: LeaseTable;
  readonly file: NonNullable<PairNodeOptions["file"]>;
  /** Takes the durations of commits. */
  readonly timer: SyncTimer;
}

/** What the gate of this node needs. */
export type GateInputs = Omit<PairGateOptions, "onTakeOver" | "logger">;

/** The leases of one node of a pair: in etcd, with its lease file beneath. Throws LeaseStoreError. */
export function openPairStorage(input: PairStorageInput) {
  const { plane, leaseFile, leases, file, timer } = input;
  const { bootId, etcd, commitMsMax, deadMs, recovers = false } = plane;
  let lostReason: string | undefined;
  const node = new PairNode(leases, {
    ...{ ...etcd, bootId, leaseFile, file, commitMsMax },
    attemptMsMax: commitMsMax / attemptsMin,
    // Twice in the deadtime: a standby must not be further behind.
    probeMs: deadMs / 2,
    onEnd: (reason) => {
      lostReason = reason;
    },
  });
  const pairState = new SharedPairState(plane.pairState);
  if (node.wake !== undefined) pairState.offerWakeEnd(node.wake.writeEnd);
  const pulse = new DataPlanePulse(plane.pulse);
  const pair: GateInputs = { pairState, pulse, node, deadMs, recovers, lost: () => lostReason };
  return {
    store: new PulsedStore(node.store, pulse, timer),
    loaded: node.loaded,
    wake: node.wake,
    pair,
    // The thread that closes the pipe may still be ending.
    end: () => pairState.withdrawWakeEnd(),
  };
}
