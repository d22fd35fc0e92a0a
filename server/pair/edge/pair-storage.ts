import type { WakePipe } from "../../../base/net/wake-pipe.ts";
import { DataPlanePulse } from "../../ha/watchdog.ts";
import { PairNode, type PairNodeOptions } from "../../lease/replicated/edge/pair-node.ts";
import type { LeaseStore } from "../../lease/store/lease-store.ts";
import type { SyncTimer } from "../../lease/store/timed-sync.ts";
import type { LeaseTable } from "../../lease/table/lease-table.ts";
import { PairWords } from "../../mandate/pair-words.ts";
import type { PairGateOptions } from "../pair-gate.ts";
import type { PairPlane } from "../pair-plane.ts";
import { PulsedStore } from "../pulsed-store.ts";

/** A member of etcd that has not answered a part of what a commit may take is given up for another one. */
const attemptsMin = 5;

export interface PairStorageInput {
  readonly plane: PairPlane;
  readonly leaseFile: string;
  readonly leases: LeaseTable;
  readonly file: NonNullable<PairNodeOptions["file"]>;
  /** Takes how long commits took. */
  readonly timer: SyncTimer;
  /** For tests that run from source. */
  readonly threadFile?: URL;
}

/** What the gate of this node is made of. */
export type PairSide = Pick<
  PairGateOptions,
  "words" | "pulse" | "node" | "deadMs" | "recovers" | "lost"
>;

export interface PairStorage {
  readonly store: LeaseStore;
  readonly loaded: PairNode["loaded"];
  readonly wake: WakePipe | undefined;
  readonly pair: PairSide;
  /** Right after the store was closed. */
  end(): void;
}

/** The leases of one node of a pair: in etcd, with its lease file beneath. Throws LeaseStoreError. */
export function openPairStorage(input: PairStorageInput): PairStorage {
  const { plane, leaseFile, leases, file, timer, threadFile } = input;
  const { bootId, etcd, commitMsMax, deadMs, recovers = false } = plane;
  let lostReason: string | undefined;
  const node = new PairNode(leases, {
    ...{ ...etcd, bootId, leaseFile, file, commitMsMax },
    attemptMsMax: commitMsMax / attemptsMin,
    // Twice in the time after which a silent peer is dead: a standby must not be further behind.
    probeMs: deadMs / 2,
    onEnd: (reason) => {
      lostReason = reason;
    },
    ...(threadFile === undefined ? {} : { threadFile }),
  });
  const words = new PairWords(plane.words);
  if (node.wake !== undefined) words.offerWakeEnd(node.wake.writeEnd);
  const pulse = new DataPlanePulse(plane.pulse);
  return {
    store: new PulsedStore(node.store, pulse, timer),
    loaded: node.loaded,
    wake: node.wake,
    pair: { words, pulse, node, deadMs, recovers, lost: () => lostReason },
    // The thread that closes the pipe has only been told to end.
    end: () => words.withdrawWakeEnd(),
  };
}
