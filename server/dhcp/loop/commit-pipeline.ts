import type { Logger } from "../../../base/log.ts";
import { type LeaseStore, LeaseStoreError } from "../../lease/store/lease-store.ts";
import type { Reply } from "../exchange/outcome.ts";
import { CommitTrouble } from "./commit-trouble.ts";
import type { DhcpCounters, EdgeDropReason } from "./counters.ts";
import { HeldReplies } from "./held-replies.ts";
import type { ReplySender } from "./reply-sender.ts";

/** A loop that is not woken waits at most this long for the disk before it turns again. */
const endMsMax = 5;
/**
 * A loop that is not woken syncs a batch of fewer datagrams in place: nothing else waits then, and
 * datagrams that come during a sync in the background would also wait for the loop.
 */
const backgroundReceivedMin = 16;

export interface CommitPipelineOptions {
  readonly leases: { markDurable(index: number): void };
  readonly store: LeaseStore;
  readonly sender: Pick<ReplySender, "send" | "flush">;
  /** Encodes and sends held replies; `sender` may be a wrapper around it. */
  readonly encoder: Pick<ReplySender, "encode" | "sendEncoded" | "replyBytesMax">;
  readonly counters: DhcpCounters;
  readonly logger: Pick<Logger, "error" | "warn">;
  /** The end of a sync ends the loop's wait for datagrams, so it need not wait for the disk itself. */
  readonly isWoken: boolean;
  /** Whether replies that waited for a commit may still leave after it; without it, they may. */
  readonly mayRelease?: ((begunAtMs: number) => boolean) | undefined;
}

/**
 * The one way by which a promise leaves: first the disk, then the network. At most one commit is under
 * way. The loop goes on receiving and deciding, and its new promises wait for the next commit. An
 * acknowledgement is not even handed to the socket before its commit has succeeded, because a socket
 * sends a full batch by itself.
 */
export class CommitPipeline {
  readonly #options: CommitPipelineOptions;
  readonly #trouble: CommitTrouble;
  /** The store is on other machines: the loop never waits for it in place, and each ACK needs a commit. */
  readonly #isReplicated: boolean;
  /** Batches with fewer datagrams are synced in place. */
  readonly #backgroundReceivedMin: number;
  /** How long the loop waits for the disk when the socket was empty. */
  readonly #endMsMax: number;
  /** Acknowledgements of this turn, and the address that each request was sent to. */
  readonly #waiting: Reply[] = [];
  readonly #waitingAsked: number[] = [];
  /** Acknowledgements of earlier turns whose commit has not begun. */
  #filling: HeldReplies;
  /** Acknowledgements of the commit under way. */
  #underWay: HeldReplies;
  #isUnderWay = false;
  #begunAtMs = 0;
  #underWayRecords = 0;
  #appended = 0;
  /**
   * The other machines did not answer. They are asked again although no client waits: otherwise the store
   * would count as failing until the next device comes (HA-11).
   */
  #mustSettle = false;
  /** Leases with a newer record than the commit under way: its end does not make them durable. */
  readonly #changedSince = new Set<number>();
  readonly #promise = (leaseIndex: number): void => {
    if (leaseIndex < 0 || this.#isReplicated || this.#changedSince.has(leaseIndex)) return;
    this.#options.leases.markDurable(leaseIndex);
  };

  constructor(options: CommitPipelineOptions) {
    this.#options = options;
    this.#trouble = new CommitTrouble(options.logger);
    this.#isReplicated = options.store.durability === "replicated";
    this.#backgroundReceivedMin = options.isWoken || this.#isReplicated ? 0 : backgroundReceivedMin;
    this.#endMsMax = options.isWoken ? 0 : endMsMax;
    this.#filling = new HeldReplies(options.encoder);
    this.#underWay = new HeldReplies(options.encoder);
  }

  /** The disk is at work, so the next turn must come soon. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** Records wait for a commit that has not begun. */
  get hasAppended(): boolean {
    return this.#appended > 0;
  }

  /** Nothing is under way, and no acknowledgement waits. */
  get isSettled(): boolean {
    return !this.#isUnderWay && this.#appended === 0 && this.#filling.count === 0;
  }

  /** Appends the present records of these leases to the store. */
  append(changes: readonly number[]): void {
    for (const index of changes) {
      this.#options.store.appendLease(index);
      if (this.#isUnderWay) this.#changedSince.add(index);
    }
    this.#appended += changes.length;
  }

  /** The reply leaves when everything appended until now is durable, or never. */
  acknowledge(outcome: Reply, asked: number): void {
    this.#waiting.push(outcome);
    this.#waitingAsked.push(asked);
  }

  /** Ends a turn in which `received` datagrams were decided. `mustFinish`: commit everything in place. */
  endTurn(received: number, mustFinish: boolean, nowMs: number): void {
    const { sender } = this.#options;
    const hasRoom = this.#filling.hasRoomFor(this.#waiting.length);
    if (this.#isReplicated && !hasRoom) this.#drop("commit-backlog", this.#forgetWaiting());
    const isInPlace = mustFinish || (!hasRoom && !this.#isReplicated);
    if (this.#isUnderWay) {
      // With an empty socket there is nothing to do but to wait for the disk.
      const idleMs = received === 0 ? this.#endMsMax : 0;
      this.#endCommit(isInPlace ? Number.POSITIVE_INFINITY : idleMs, nowMs);
    }
    // Offers do not wait for the disk: the wait costs more than another system call for each batch.
    if (this.#appended > 0 || this.#isUnderWay) sender.flush();
    if (this.#isUnderWay) this.#holdWaiting();
    else if (this.#appended === 0 && (mustFinish || !this.#mustSettle)) this.#sendWaiting();
    else this.#commit(isInPlace || received < this.#backgroundReceivedMin, nowMs);
    sender.flush();
  }

  /** Discards all acknowledgements that wait, whether their commit succeeds or not. */
  dropHeld(reason: EdgeDropReason): void {
    this.#drop(reason, this.#forgetWaiting() + this.#filling.discard() + this.#underWay.discard());
  }

  #commit(isInPlace: boolean, nowMs: number): void {
    const { store } = this.#options;
    const records = this.#appended;
    this.#appended = 0;
    this.#mustSettle = false;
    this.#begunAtMs = nowMs;
    try {
      if (isInPlace) store.commit();
      else if (!store.beginCommit()) {
        this.#isUnderWay = true;
        this.#underWayRecords = records;
      }
    } catch (error) {
      this.#fail(error, this.#filling.discard() + this.#forgetWaiting(), nowMs);
      return;
    }
    if (this.#isUnderWay) {
      this.#holdWaiting();
      [this.#filling, this.#underWay] = [this.#underWay, this.#filling];
    } else {
      this.#succeed(records, nowMs);
      if (!this.#mayRelease()) {
        this.dropHeld("too-late");
        return;
      }
      this.#filling.release(this.#promise);
      this.#sendWaiting();
    }
  }

  #endCommit(msMax: number, nowMs: number): void {
    try {
      if (!this.#options.store.endCommit(msMax)) return;
      this.#succeed(this.#underWayRecords, nowMs);
      if (this.#mayRelease()) this.#underWay.release(this.#promise);
      else this.dropHeld("too-late");
    } catch (error) {
      this.#fail(error, this.#underWay.discard(), nowMs);
      this.#mustSettle = this.#isReplicated && (error as LeaseStoreError).code === "UNAVAILABLE";
    }
    this.#isUnderWay = false;
    this.#changedSince.clear();
  }

  #mayRelease(): boolean {
    return this.#options.mayRelease?.(this.#begunAtMs) ?? true;
  }

  #drop(reason: EdgeDropReason, count: number): void {
    this.#options.counters.countDropped(reason, count);
  }

  #succeed(records: number, nowMs: number): void {
    const { counters } = this.#options;
    this.#trouble.succeeded(nowMs);
    counters.commits += 1;
    counters.recordsWritten += records;
  }

  #fail(error: unknown, refused: number, nowMs: number): void {
    if (!(error instanceof LeaseStoreError)) throw error;
    this.#options.counters.commitFailures += 1;
    this.#drop("commit-failed", refused);
    this.#trouble.failed(error, refused, nowMs);
  }

  #holdWaiting(): void {
    for (let index = 0; index < this.#waiting.length; index += 1) {
      this.#filling.hold(this.#waiting[index], this.#waitingAsked[index]);
    }
    this.#forgetWaiting();
  }

  #sendWaiting(): void {
    for (let index = 0; index < this.#waiting.length; index += 1) {
      const reply = this.#waiting[index];
      this.#promise(reply.leaseIndex);
      this.#options.sender.send(reply, this.#waitingAsked[index]);
    }
    this.#forgetWaiting();
  }

  #forgetWaiting(): number {
    const count = this.#waiting.length;
    this.#waiting.length = 0;
    this.#waitingAsked.length = 0;
    return count;
  }
}
