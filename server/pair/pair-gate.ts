import type { Logger } from "../../base/log.ts";
import { catchUpText } from "../ha/catch-up.ts";
import { stopMsMax } from "../ha/heartbeat-times.ts";
import type { DataPlanePulse } from "../ha/watchdog.ts";
import type { PairRole } from "../lease/replicated/edge/pair-node.ts";
import type { LeaseReading } from "../lease/replicated/lease-follower.ts";
import { LeaseStoreError } from "../lease/store/lease-store.ts";
import type { Mandate, SharedPairState } from "../mandate/shared-pair-state.ts";

/** What the gate uses of PairNode. */
export interface GatedNode {
  readonly role: PairRole;
  readonly isComplete: boolean;
  /** How far the reading of etcd's leases is; undefined when it is done. */
  readonly reading: LeaseReading | undefined;
  readonly revision: number;
  readonly leader: { readonly record: { readonly epoch: number } | undefined };
  /** etcd has never had a leader, and the lease file of this node has leases. */
  readonly mustRecover: boolean;
  /** What does not work, as a sentence; "" when all is well. */
  readonly trouble: string;
  /** Takes what has come. */
  poll(): void;
  /** A sentence about each key in etcd that was passed over since the last call. */
  takeUnreadable(): readonly string[];
  /** Leads under this mandate once everything before it is in the table: then its role is `active`. */
  adopt(mandate: Mandate): void;
  /**
   * Puts leases that only the lease file has into etcd, and returns how many: fewer than `leasesMax` when
   * it is done. Throws as a commit does.
   */
  recover(leasesMax: number): number;
}

export interface PairGateOptions {
  readonly pairState: SharedPairState;
  readonly pulse: Pick<DataPlanePulse, "turned">;
  readonly node: GatedNode;
  readonly deadMs: number;
  readonly recovers: boolean;
  /** Why the thread that talks to etcd has ended, which it should not; undefined while it runs. */
  readonly lost: () => string | undefined;
  /** Called before the gate opens, because the table has changed without the engine. */
  readonly onTakeOver: () => void;
  readonly logger: Pick<Logger, "error" | "warn" | "info">;
}

/**
 * What a turn of the loop has to do. `answer`: serve the batch. `finish`: drop it, but send the
 * acknowledgements whose commit is under way. `silent`: drop both. `over`: drop both and end.
 */
export type GateVerdict = "answer" | "finish" | "silent" | "over";

type GateState =
  | { readonly kind: "closed" }
  | { readonly kind: "open"; readonly epoch: number }
  /** The mandate was taken back. */
  | { readonly kind: "closing"; readonly sinceMs: number };

const closed: GateState = { kind: "closed" };
/** Leases recovered in one turn: few enough that the loop does not seem to hang. */
const recoveredPerTurn = 1000;
/** A recovery that failed is tried again after this time. */
const recoverMsMin = 1000;
/** Log each failure at most this often. */
const troubleLogMsMin = 10_000;
/** Log at most this often how far a long reading is. */
const readingLogMsMin = 2000;

/**
 * Decides whether the data plane of a pair's node answers at this moment. The gate opens with a mandate
 * that the node has adopted, and closes when the mandate is taken back: what was promised in time
 * still leaves.
 *
 * etcd guards the commits, so a node that was replaced without noticing acknowledges nothing new. The
 * gate prevents everything else: offers, refusals, and acknowledgements that were committed before the
 * process stood still. A node that stood still for half of the deadtime may have been replaced.
 */
export class PairGate {
  readonly #options: PairGateOptions;
  /** A longer time between two looks at the clock means that the process stood still. */
  readonly #pauseMsMax: number;
  readonly #closingMsMax: number;
  #state: GateState = closed;
  #turnedAtMs: number | undefined;
  #pausedAtMs = Number.NEGATIVE_INFINITY;
  #adoptedEpoch = 0;
  /** Leases that only the lease file has must be put into etcd first. */
  #mustRecover: boolean;
  #recoverAtMs = Number.NEGATIVE_INFINITY;
  #recovered = 0;
  #isUnrecoveredTold = false;
  #troubleTold = "";
  #troubleAtMs = Number.NEGATIVE_INFINITY;
  #readingAtMs: number | undefined;
  #followed: { readonly isInSync: boolean; readonly revision: number } | undefined;

  constructor(options: PairGateOptions) {
    this.#options = options;
    this.#mustRecover = options.recovers;
    this.#pauseMsMax = options.deadMs / 2;
    this.#closingMsMax = Math.min(options.deadMs / 2, stopMsMax / 2);
    this.end();
  }

  /** The loop turns at least this often, so that it is not taken for dead. */
  get turnMsMax(): number {
    return this.#options.deadMs / 4;
  }

  /**
   * To be called once a turn, before its batch is served. `isSettled`: no commit is under way and no
   * acknowledgement waits for one.
   */
  turn(nowMs: number, isSettled: boolean): GateVerdict {
    const { pairState, pulse, node } = this.#options;
    pulse.turned();
    const isPaused = this.#turnedAtMs !== undefined && nowMs - this.#turnedAtMs > this.#pauseMsMax;
    this.#turnedAtMs = nowMs;
    if (isPaused) this.#pausedAtMs = nowMs;
    this.#follow();
    this.#tellReading(nowMs);
    this.#tellTrouble(nowMs);
    if (node.role === "fenced") {
      this.end();
      return "over";
    }
    if (this.#state.kind === "closed") this.#open(nowMs, isSettled);
    else if (isPaused) pairState.suspect();
    return this.#verdict(nowMs, isSettled);
  }

  /** Whether acknowledgements may leave whose commit was begun at `begunAtMs` and has succeeded. */
  mayRelease(begunAtMs: number, nowMs: number): boolean {
    const { pairState } = this.#options;
    if (nowMs - begunAtMs <= this.#pauseMsMax) return !pairState.isSuspect;
    pairState.suspect();
    return false;
  }

  /** Whether more packets than a few cannot be decided here: then the other node takes over, if it can (HA-11). */
  tellUndecidable(areMany: boolean): void {
    this.#options.pairState.tellUndecidable(areMany);
  }

  /** From now on the node neither answers nor follows. */
  end(): void {
    this.#close();
    this.#tell(false);
  }

  #follow(): void {
    const { node, recovers, lost, logger } = this.#options;
    const reason = lost();
    if (reason !== undefined) throw new Error(`the thread that talks to etcd ended: ${reason}`);
    node.poll();
    for (const sentence of node.takeUnreadable()) logger.error(sentence);
    const isUnrecovered = node.isComplete && node.mustRecover && !recovers;
    this.#tell(node.isComplete && !isUnrecovered);
    if (!isUnrecovered || this.#isUnrecoveredTold) return;
    this.#isUnrecoveredTold = true;
    logger.error(
      "This node does not claim: etcd has no leases of this pair, and its lease file has. " +
        "Start the node whose lease file is the newest with --recover; its leases go to etcd.",
    );
  }

  /** Logs nothing about a reading that is done before its first line is due. */
  #tellReading(nowMs: number): void {
    const { node, pairState, logger } = this.#options;
    const { reading } = node;
    if (reading === undefined) {
      if (this.#readingAtMs !== undefined) pairState.tellReading(0, 0);
      this.#readingAtMs = undefined;
      return;
    }
    pairState.tellReading(reading.leasesRead, reading.leasesInAll);
    this.#readingAtMs ??= nowMs;
    if (reading.leasesInAll === 0 || nowMs - this.#readingAtMs < readingLogMsMin) return;
    this.#readingAtMs = nowMs;
    const text = catchUpText({ ...reading, filesFetched: 0, filesInAll: 0 });
    logger.info(`Following the leases of the pair: ${text}`);
  }

  /** Only for a standby: a leader's commits report their failures themselves. */
  #tellTrouble(nowMs: number): void {
    const { node, logger } = this.#options;
    const { trouble } = node;
    if (this.#state.kind !== "closed" || trouble === "" || trouble === this.#troubleTold) return;
    if (nowMs - this.#troubleAtMs < troubleLogMsMin) return;
    this.#troubleTold = trouble;
    this.#troubleAtMs = nowMs;
    logger.warn(`Following the leases of the pair: ${trouble}`);
  }

  #open(nowMs: number, isSettled: boolean): void {
    const { pairState, node, onTakeOver } = this.#options;
    const { mandate } = pairState;
    if (mandate === undefined || !isSettled) return;
    const { epoch } = mandate;
    if (epoch !== this.#adoptedEpoch && !this.#adopt(mandate, nowMs)) return;
    if (node.role !== "active" || !this.#recover(nowMs)) return;
    onTakeOver();
    this.#state = { kind: "open", epoch };
    pairState.answeringEpoch = epoch;
  }

  /** A mandate older than the present leader's has only not been taken back yet. */
  #adopt(mandate: Mandate, nowMs: number): boolean {
    const { pairState, node, deadMs } = this.#options;
    if (!node.isComplete || (node.leader.record?.epoch ?? 0) > mandate.epoch) return false;
    node.adopt(mandate);
    this.#adoptedEpoch = mandate.epoch;
    // The answer to the claim may have waited here while the process stood still.
    if (nowMs - this.#pausedAtMs < deadMs) pairState.suspect();
    else pairState.forgetSuspicion();
    return true;
  }

  #recover(nowMs: number): boolean {
    const { node, logger } = this.#options;
    if (!this.#mustRecover) return true;
    if (nowMs < this.#recoverAtMs) return false;
    try {
      const recovered = node.recover(recoveredPerTurn);
      this.#recovered += recovered;
      this.#mustRecover = recovered === recoveredPerTurn;
    } catch (error) {
      if (!(error instanceof LeaseStoreError)) throw error;
      logger.error(`The leases of the lease file are not in etcd yet: ${error.message}`);
      this.#recoverAtMs = nowMs + recoverMsMin;
    }
    if (this.#mustRecover) return false;
    logger.warn(`${this.#recovered} leases of the lease file were put into etcd.`);
    return true;
  }

  #verdict(nowMs: number, isSettled: boolean): GateVerdict {
    const { pairState, node } = this.#options;
    if (this.#state.kind === "open" && pairState.mandate?.epoch !== this.#state.epoch) {
      this.#state = { kind: "closing", sinceMs: nowMs };
    }
    switch (this.#state.kind) {
      case "closed":
        return "silent";
      case "open":
        return pairState.isSuspect || node.role !== "active" ? "silent" : "answer";
      case "closing": {
        const isLate = nowMs - this.#state.sinceMs > this.#closingMsMax;
        if (!isSettled && !isLate && !pairState.isSuspect) return "finish";
        this.#close();
        return "silent";
      }
    }
  }

  #close(): void {
    this.#state = closed;
    this.#options.pairState.answeringEpoch = 0;
  }

  #tell(isInSync: boolean): void {
    const { pairState, node } = this.#options;
    const { revision } = node;
    if (this.#followed?.isInSync === isInSync && this.#followed.revision === revision) return;
    this.#followed = { isInSync, revision };
    pairState.tellFollowed(isInSync, revision);
  }
}
