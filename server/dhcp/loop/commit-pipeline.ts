import { type LeaseStore, LeaseStoreError } from "../../lease/store/lease-store.ts";
import type { CommitTrouble } from "./commit-trouble.ts";
import type { DhcpCounters, EdgeDropReason } from "./counters.ts";
import { HeldReplies } from "./held-replies.ts";
import type { Reply, ReplySender } from "./reply-sender.ts";

/** A loop that is not woken up sleeps at most this long for the disk before it looks around again. */
const endMsMax = 5;
/**
 * A loop that is not woken up syncs a batch of fewer datagrams in place: nothing else waits then, and
 * what came during a sync in the background would wait for the loop besides.
 */
const backgroundReceivedMin = 16;

export interface CommitPipelineOptions {
  readonly leases: { markDurable(index: number): void };
  readonly store: LeaseStore;
  readonly sender: Pick<ReplySender, "send" | "flush">;
  /** Encodes and sends what is held; `sender` may be one that stands in front of it. */
  readonly encoder: Pick<ReplySender, "encode" | "sendEncoded" | "replyBytesMax">;
  readonly counters: DhcpCounters;
  readonly trouble: CommitTrouble;
  /** The end of a sync ends the loop's wait for datagrams: it need not wait for the disk itself. */
  readonly isWoken: boolean;
  /**
   * Whether what waited for a commit may still leave when it has ended; looks at the clock. Always,
   * unless told.
   */
  readonly mayRelease?: ((begunAtMs: number) => boolean) | undefined;
}

/**
 * The one way by which a promise leaves: first the disk, then the network. One commit is under way
 * at most; the loop goes on receiving and deciding, and what it promises meanwhile waits for the
 * commit after that. An acknowledgement is not even handed to the socket before its commit has
 * ended well, so that a socket that sends a full batch by itself cannot send it.
 */
export class CommitPipeline {
  readonly #options: CommitPipelineOptions;
  /** The store is other machines: nobody waits for them in place, and a lease is never known to need no commit. */
  readonly #isReplicated: boolean;
  /** Smaller batches are synced in place. */
  readonly #backgroundReceivedMin: number;
  /** How long an empty socket lets the loop wait for the disk. */
  readonly #endMsMax: number;
  /** Acknowledgements of this turn, and the address each was asked at. */
  readonly #waiting: Reply[] = [];
  readonly #waitingAsked: number[] = [];
  /** Acknowledgements of earlier turns whose commit is not begun. */
  #filling: HeldReplies;
  /** Acknowledgements of the commit that is under way. */
  #underWay: HeldReplies;
  #isUnderWay = false;
  #begunAtMs = 0;
  #underWayRecords = 0;
  #appended = 0;
  /**
   * Other machines did not answer: they are asked again although nobody waits, or the store would count as
   * one that fails until the next device comes (HA-11).
   */
  #mustSettle = false;
  /** Leases with a record that the commit under way does not hold: its end makes them no promise. */
  readonly #changedSince = new Set<number>();
  readonly #promise = (leaseIndex: number): void => {
    if (leaseIndex < 0 || this.#isReplicated || this.#changedSince.has(leaseIndex)) return;
    this.#options.leases.markDurable(leaseIndex);
  };

  constructor(options: CommitPipelineOptions) {
    this.#options = options;
    this.#isReplicated = options.store.durability === "replicated";
    this.#backgroundReceivedMin = options.isWoken || this.#isReplicated ? 0 : backgroundReceivedMin;
    this.#endMsMax = options.isWoken ? 0 : endMsMax;
    this.#filling = new HeldReplies(options.encoder);
    this.#underWay = new HeldReplies(options.encoder);
  }

  /** The disk is at work: the next turn must not be long in coming. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** Records wait for a commit that is not begun. */
  get hasAppended(): boolean {
    return this.#appended > 0;
  }

  /** Nothing is under way, and no acknowledgement waits. */
  get isSettled(): boolean {
    return !this.#isUnderWay && this.#appended === 0 && this.#filling.count === 0;
  }

  /** At once: the records are those of this moment. */
  append(changes: readonly number[]): void {
    for (const index of changes) {
      this.#options.store.appendLease(index);
      if (this.#isUnderWay) this.#changedSince.add(index);
    }
    this.#appended += changes.length;
  }

  /** The reply leaves when everything that was appended until now is durable, or never. */
  acknowledge(outcome: Reply, asked: number): void {
    this.#waiting.push(outcome);
    this.#waitingAsked.push(asked);
  }

  /**
   * Ends a turn in which `received` datagrams were decided. `mustFinish`: nothing may be under way
   * afterwards, nor wait for it.
   */
  endTurn(received: number, mustFinish: boolean, nowMs: number): void {
    const { sender } = this.#options;
    const hasRoom = this.#filling.hasRoomFor(this.#waiting.length);
    if (this.#isReplicated && !hasRoom) this.#drop("commit-backlog", this.#forgetWaiting());
    const isInPlace = mustFinish || (!hasRoom && !this.#isReplicated);
    if (this.#isUnderWay) {
      // An empty socket leaves nothing to do but wait for the disk.
      const idleMs = received === 0 ? this.#endMsMax : 0;
      this.#endCommit(isInPlace ? Number.POSITIVE_INFINITY : idleMs, nowMs);
    }
    // Offers do not wait for the disk: another system call a batch costs less than that wait.
    if (this.#appended > 0 || this.#isUnderWay) sender.flush();
    if (this.#isUnderWay) this.#holdWaiting();
    else if (this.#appended === 0 && (mustFinish || !this.#mustSettle)) this.#sendWaiting();
    else this.#commit(isInPlace || received < this.#backgroundReceivedMin, nowMs);
    sender.flush();
  }

  /** Nothing that was promised leaves any more, whatever becomes of its commit. */
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
    const { counters, trouble } = this.#options;
    trouble.succeeded(nowMs);
    counters.commits += 1;
    counters.recordsWritten += records;
  }

  #fail(error: unknown, refused: number, nowMs: number): void {
    if (!(error instanceof LeaseStoreError)) throw error;
    const { counters, trouble } = this.#options;
    counters.commitFailures += 1;
    this.#drop("commit-failed", refused);
    trouble.failed(error, refused, nowMs);
  }

  #holdWaiting(): void {
    for (let index = 0; index < this.#waiting.length; index += 1) {
      this.#filling.hold(this.#waiting[index]!, this.#waitingAsked[index]!);
    }
    this.#forgetWaiting();
  }

  #sendWaiting(): void {
    for (let index = 0; index < this.#waiting.length; index += 1) {
      const reply = this.#waiting[index]!;
      this.#promise(reply.leaseIndex);
      this.#options.sender.send(reply, this.#waitingAsked[index]!);
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
