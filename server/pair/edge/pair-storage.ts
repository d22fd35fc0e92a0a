import { DataPlanePulse } from "../../ha/watchdog.ts";
import { EtcdLeaseStore } from "../../lease/replicated/edge/etcd-lease-store.ts";
import { PairNode, type PairNodeOptions } from "../../lease/replicated/edge/pair-node.ts";
import type { LeaseFileStore } from "../../lease/store/edge/lease-file-store.ts";
import type { LeaseStore } from "../../lease/store/lease-store.ts";
import type { SyncTimer } from "../../lease/store/timed-sync.ts";
import type { LeaseTable } from "../../lease/table/lease-table.ts";
import { SharedPairState } from "../../mandate/shared-pair-state.ts";
import type { PairGateOptions } from "../pair-gate.ts";
import type { PairPlane } from "../pair-plane.ts";
import { PulsedStore } from "../pulsed-store.ts";

/** While etcd is quick, a commit tries another member when one has not answered within a fifth of its time. */
const attemptsMax = 5;

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
    attemptMsMin: commitMsMax / attemptsMax,
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
    store: new PulsedStore(node.store, pulse, timer, () => node.commitProgress),
    loaded: node.loaded,
    wake: node.wake,
    pair,
    // The thread that closes the pipe may still be ending.
    end: () => pairState.withdrawWakeEnd(),
  };
}

/** The store of a node that leads, except that its commits go to no etcd: they count as durable at once. */
export function pairStoreOver(
  file: LeaseFileStore,
  leases: LeaseTable,
  timer: SyncTimer,
): LeaseStore {
  const store = new EtcdLeaseStore({
    thread: {
      options: { endpoints: [], prefix: "", commitMsMax: 0, attemptMsMin: 0, probeMs: 0 },
      isOver: false,
      beginCommit: () => undefined,
      endCommit: () => "durable",
    },
    file,
    table: leases,
    trouble: () => "",
    onClose: () => file.close(),
  });
  store.lead(1);
  return new PulsedStore(store, new DataPlanePulse(), timer);
}
