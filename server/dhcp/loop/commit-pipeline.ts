import type { Logger } from "../../../base/log.ts";
import { type LeaseStore, LeaseStoreError } from "../../lease/store/lease-store.ts";
import type { Reply } from "../exchange/outcome.ts";
import type { AnswerStages } from "./answer-stages.ts";
import { CommitTrouble } from "./commit-trouble.ts";
import type { DhcpCounters, EdgeDropReason } from "./counters.ts";
import { HeldReplies, type HeldReply } from "./held-replies.ts";
import type { ReplySender } from "./reply-sender.ts";
import { StallPacer } from "./stall-pacer.ts";

/** A loop that is not woken waits at most this long for the disk before it turns again. */
const endMsMax = 5;
/**
 * A loop that is not woken syncs a batch of fewer datagrams in place: nothing else waits then, and
 * datagrams that come during a sync in the background would also wait for the loop.
 */
const backgroundReceivedMin = 16;
/** Leases known at first. Fewer than a warm-up has, so that it plays the growth too. */
const leasesMin = 16;
/** Records that are written again at once: few enough that the loop does not seem to hang. */
const rewrittenMax = 1000;

/**
 * What a turn has to achieve. `rest`: nothing between an append and the end of its commit, unless a commit is
 * under way, which it does not wait for. `finish`: everything is committed and has left.
 */
export type TurnGoal = "none" | "rest" | "finish";

export interface CommitPipelineOptions {
  readonly leases: { markDurable(index: number): void };
  readonly store: LeaseStore;
  readonly sender: Pick<ReplySender, "send" | "flush">;
  /** Encodes and sends held replies; `sender` may be a wrapper around it. */
  readonly encoder: Pick<ReplySender, "encode" | "sendEncoded" | "replyBytesMax">;
  readonly counters: DhcpCounters;
  readonly logger: Pick<Logger, "error" | "warn">;
  /** Each reply leaves in the turn of its packet, as a trace wants it, so nothing is paced. */
  readonly isRecorded?: boolean;
  /** The end of a sync ends the loop's wait for datagrams, so it need not wait for the disk itself. */
  readonly isWoken: boolean;
  /** Measures where the time of each answer goes. */
  readonly stages?: AnswerStages | undefined;
  /** Whether replies that might have left at `sinceMs` may still leave; without it, they may. */
  readonly mayRelease?: ((sinceMs: number) => boolean) | undefined;
  /** An ACK could not be made or handed over, which is a bug; without it, that ends the loop. */
  readonly onBroken?: ((error: unknown) => void) | undefined;
}

/**
 * The one way by which a promise leaves: first the disk, then the network. At most one commit is under
 * way. The loop goes on receiving and deciding, and its new promises wait for the next commit. An
 * acknowledgement is not even handed to the socket before its commit has succeeded, because a socket
 * sends a full batch by itself. What the disk, or the loop itself, held back by a stall leaves paced.
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
  readonly #waiting = emptyArray<Reply>({});
  readonly #waitingAsked = emptyArray<number>(Number.NaN);
  readonly #waitingArrivedAtMs = emptyArray<number>(Number.NaN);
  /** Acknowledgements of earlier turns whose commit has not begun. */
  #filling: HeldReplies;
  /** Acknowledgements of the commit under way. */
  #underWay: HeldReplies;
  #isUnderWay = false;
  #begunAtMs = 0;
  readonly #pacer = new StallPacer();
  /** Replies that need no commit any more, and leave when the pacer lets them. */
  readonly #paced: HeldReplies;
  /** When this turn began; replies in `#paced` might have left then. */
  #turnedAtMs = Number.POSITIVE_INFINITY;
  /** For each lease, the transaction that its newest record acknowledges; 0 when it acknowledges none. */
  #acknowledgedXid = new Uint32Array(leasesMin);
  #underWayRecords = 0;
  #appended = 0;
  /**
   * The other machines did not answer. They are asked again although no client waits: otherwise the store
   * would count as failing until the next device comes (HA-11).
   */
  #mustSettle = false;
  /** Leases whose newest record waits for its commit: the end of an earlier one does not make them durable. */
  #changed = new Set<number>();
  /** Leases of the commit under way. */
  #committed = new Set<number>();
  /** Leases whose newest record is not in the store because its commit failed, and which nobody asks for again. */
  readonly #unwritten = new Set<number>();
  readonly #promise = (leaseIndex: number): void => {
    if (leaseIndex < 0 || this.#isReplicated || this.#changed.has(leaseIndex)) return;
    this.#options.leases.markDurable(leaseIndex);
  };

  constructor(options: CommitPipelineOptions) {
    this.#options = options;
    this.#trouble = new CommitTrouble(options.logger);
    this.#isReplicated = options.store.durability === "replicated";
    this.#backgroundReceivedMin = options.isWoken || this.#isReplicated ? 0 : backgroundReceivedMin;
    this.#endMsMax = options.isWoken ? 0 : endMsMax;
    this.#filling = new HeldReplies(options.encoder, options.stages);
    this.#underWay = new HeldReplies(options.encoder, options.stages);
    this.#paced = new HeldReplies(options.encoder, options.stages);
  }

  /** The disk is at work, so the next turn must come soon. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /**
   * The file has the records of all changes, so it may be rewritten: a file beneath a replicated store gets them
   * when their commit begins, any other when it ends.
   */
  get isAtRest(): boolean {
    return this.#appended === 0 && (this.#isReplicated || !this.#isUnderWay);
  }

  /** Replies wait for their time to leave, so the next turn must come soon. */
  get hasPaced(): boolean {
    return this.#paced.count > 0;
  }

  /** Nothing is under way, and no reply waits. */
  get isSettled(): boolean {
    const held = this.#filling.count + this.#paced.count;
    return !this.#isUnderWay && this.#appended === 0 && held === 0;
  }

  /** Begins a turn: sends what is due. `oldestMs`: when the oldest datagram of its batch arrived. */
  beginTurn(oldestMs: number, nowMs: number): void {
    this.#pacer.advance(nowMs, this.hasPaced);
    this.#resume(nowMs - this.#turnedAtMs, oldestMs, nowMs);
    if (this.hasPaced) this.#sendPaced(false);
    this.#turnedAtMs = nowMs;
  }

  /** Appends the present records of these leases to the store. */
  append(changes: readonly number[]): void {
    for (const index of changes) {
      // First, for an append may break half-way: what was appended before it has to be committed.
      this.#appended += 1;
      this.#options.store.appendLease(index);
      this.#noteXid(index, 0);
      this.#changed.add(index);
      if (this.#unwritten.size > 0) this.#unwritten.delete(index);
    }
  }

  /**
   * Appends the records again whose commit failed and which no client asks for again, such as that of an address
   * that was declined. To be called about once a second, while the node serves.
   */
  appendUnwritten(): void {
    if (this.#unwritten.size > 0) this.append([...this.#unwritten].slice(0, rewrittenMax));
  }

  /**
   * The reply leaves when everything appended until now is durable, or never. Its request was sent to the
   * address `asked`, and arrived at `arrivedAtMs`.
   */
  acknowledge(outcome: Reply, asked: number, arrivedAtMs: number): void {
    if (outcome.leaseIndex >= 0) this.#noteXid(outcome.leaseIndex, outcome.reply.xid);
    this.#waiting.push(outcome);
    this.#waitingAsked.push(asked);
    this.#waitingArrivedAtMs.push(arrivedAtMs);
  }

  /** Whether a reply that waits for no commit is kept until its time has come; otherwise the caller sends it. */
  holdsBack(outcome: Reply, asked: number, arrivedAtMs: number, nowMs: number): boolean {
    if (!this.#mustWait(arrivedAtMs, nowMs)) return false;
    this.#paced.hold(outcome, asked, arrivedAtMs);
    return true;
  }

  /** Ends a turn in which `received` datagrams were decided. */
  endTurn(received: number, goal: TurnGoal, nowMs: number): void {
    const { sender, stages } = this.#options;
    if (this.#waiting.length > 0) stages?.decided();
    const hasRoom = this.#filling.hasRoomFor(this.#waiting.length);
    if (!hasRoom) this.#drop("commit-backlog", this.#forgetWaiting());
    if (this.#isUnderWay) {
      // With an empty socket there is nothing to do but to wait for the disk.
      const idleMs = received === 0 ? this.#endMsMax : 0;
      this.#endCommit(goal === "finish" ? Number.POSITIVE_INFINITY : idleMs, nowMs);
    }
    // Offers do not wait for the disk: the wait costs more than another system call for each batch.
    if (this.#appended > 0 || this.#isUnderWay) sender.flush();
    if (this.#isUnderWay) this.#holdWaiting();
    else if (this.#appended === 0 && (goal === "finish" || !this.#mustSettle)) {
      this.#sendWaiting();
    } else this.#commit(goal !== "none" || received < this.#backgroundReceivedMin, nowMs);
    if (goal === "finish" && this.hasPaced) this.#sendPaced(true);
    sender.flush();
    stages?.left();
  }

  /** Discards all replies that wait, whether their commit succeeds or not. */
  dropHeld(reason: EdgeDropReason): void {
    const held = this.#filling.discard() + this.#underWay.discard() + this.#paced.discard();
    this.#drop(reason, this.#forgetWaiting() + held);
  }

  #commit(isInPlace: boolean, nowMs: number): void {
    const { store, stages } = this.#options;
    const records = this.#appended;
    this.#appended = 0;
    [this.#changed, this.#committed] = [this.#committed, this.#changed];
    this.#mustSettle = false;
    this.#begunAtMs = nowMs;
    stages?.commitBegins();
    try {
      if (isInPlace) store.commit();
      else if (!store.beginCommit()) {
        this.#isUnderWay = true;
        this.#underWayRecords = records;
      }
    } catch (error) {
      stages?.commitEnds(true);
      this.#fail(error, this.#filling.discard() + this.#forgetWaiting(), nowMs);
      return;
    }
    if (this.#isUnderWay) {
      this.#holdWaiting();
      [this.#filling, this.#underWay] = [this.#underWay, this.#filling];
    } else {
      const durableMs = stages?.commitEnds(true);
      this.#succeed(records, nowMs);
      if (!this.#mayRelease(this.#begunAtMs)) {
        this.dropHeld("too-late");
        return;
      }
      this.#release(this.#filling, nowMs, durableMs);
      this.#sendWaiting(durableMs);
    }
  }

  #endCommit(msMax: number, nowMs: number): void {
    const { store, stages } = this.#options;
    try {
      if (!store.endCommit(msMax)) return;
      const durableMs = stages?.commitEnds(msMax > 0);
      this.#succeed(this.#underWayRecords, nowMs);
      const oldestMs = this.#underWay.oldest?.arrivedAtMs ?? nowMs;
      this.#resume(nowMs - this.#begunAtMs, oldestMs, nowMs);
      if (this.#mayRelease(this.#begunAtMs)) this.#release(this.#underWay, nowMs, durableMs);
      else this.dropHeld("too-late");
    } catch (error) {
      stages?.commitEnds(msMax > 0);
      this.#fail(error, this.#underWay.discard(), nowMs);
      this.#mustSettle = this.#isReplicated && (error as LeaseStoreError).code === "UNAVAILABLE";
    }
    this.#isUnderWay = false;
  }

  #resume(stalledMs: number, oldestMs: number, nowMs: number): void {
    if (this.#options.isRecorded !== true) this.#pacer.resume(stalledMs, oldestMs, nowMs);
  }

  #mayRelease(sinceMs: number): boolean {
    return this.#options.mayRelease?.(sinceMs) ?? true;
  }

  /** Sends what a commit has made durable, at `durableMs`, or keeps it until its time has come. */
  #release(held: HeldReplies, nowMs: number, durableMs?: number): void {
    for (let reply = held.oldest; reply !== undefined; reply = held.oldest) {
      this.#promise(reply.leaseIndex);
      if (this.#isGivenUp(reply)) this.#giveUp(held);
      else if (this.#mustWait(reply.arrivedAtMs, nowMs)) this.#paced.takeFrom(held, durableMs);
      else held.sendOldest(durableMs);
    }
  }

  /** Whether a reply has to wait for its time to leave. One that finds no room leaves at once. */
  #mustWait(arrivedAtMs: number, nowMs: number): boolean {
    if (!this.#pacer.isPacing || this.#pacer.isPrompt(arrivedAtMs, nowMs)) return false;
    if (!this.hasPaced && this.#pacer.take(arrivedAtMs)) return false;
    return this.#paced.hasRoomFor(1);
  }

  /** Sends the replies whose time has come, or all of them. */
  #sendPaced(all: boolean): void {
    if (!this.#mayRelease(this.#turnedAtMs)) {
      this.dropHeld("too-late");
      return;
    }
    const paced = this.#paced;
    for (let reply = paced.oldest; reply !== undefined; reply = paced.oldest) {
      if (this.#isGivenUp(reply)) this.#giveUp(paced);
      else if (all || this.#pacer.take(reply.arrivedAtMs)) paced.sendOldest();
      else break;
    }
  }

  /**
   * The lease has changed since: its client has asked anew, by another transaction, or has ended it. A repeated
   * request is of the same transaction, and its client takes the first ACK that comes (RFC 2131, section 4.1).
   */
  #isGivenUp({ leaseIndex, xid }: HeldReply): boolean {
    return leaseIndex >= 0 && this.#acknowledgedXid[leaseIndex] !== xid;
  }

  #giveUp(held: HeldReplies): void {
    held.skipOldest();
    this.#drop("given-up", 1);
  }

  #noteXid(leaseIndex: number, xid: number): void {
    if (leaseIndex >= this.#acknowledgedXid.length) {
      const grown = new Uint32Array(2 * leaseIndex);
      grown.set(this.#acknowledgedXid);
      this.#acknowledgedXid = grown;
    }
    this.#acknowledgedXid[leaseIndex] = xid;
  }

  #drop(reason: EdgeDropReason, count: number): void {
    this.#options.counters.countDropped(reason, count);
  }

  #succeed(records: number, nowMs: number): void {
    const { counters } = this.#options;
    this.#committed.clear();
    this.#trouble.succeeded(nowMs);
    counters.commits += 1;
    counters.recordsWritten += records;
  }

  #fail(error: unknown, refused: number, nowMs: number): void {
    if (!(error instanceof LeaseStoreError)) throw error;
    for (const index of this.#committed) {
      const isRepeated = this.#acknowledgedXid[index] !== 0;
      if (!isRepeated && !this.#changed.has(index)) this.#unwritten.add(index);
    }
    this.#committed.clear();
    this.#options.counters.commitFailures += 1;
    this.#drop("commit-failed", refused);
    this.#trouble.failed(error, refused, nowMs);
  }

  #holdWaiting(): void {
    for (let index = 0; index < this.#waiting.length; index += 1) {
      const reply = this.#waiting[index];
      try {
        this.#filling.hold(reply, this.#waitingAsked[index], this.#waitingArrivedAtMs[index]);
      } catch (error) {
        this.#dropBroken(error);
      }
    }
    this.#forgetWaiting();
  }

  /** `durableMs`: when their commit ended; without it there was none. */
  #sendWaiting(durableMs?: number): void {
    const { sender, stages } = this.#options;
    for (let index = 0; index < this.#waiting.length; index += 1) {
      const reply = this.#waiting[index];
      this.#promise(reply.leaseIndex);
      try {
        sender.send(reply, this.#waitingAsked[index]);
        stages?.leaves(reply, this.#waitingArrivedAtMs[index], undefined, durableMs);
      } catch (error) {
        this.#dropBroken(error);
      }
    }
    this.#forgetWaiting();
  }

  /** An ACK that cannot be made is one that was lost: its lease is bound, and nothing was promised. */
  #dropBroken(error: unknown): void {
    const { onBroken } = this.#options;
    if (onBroken === undefined) throw error;
    this.#drop("undecidable", 1);
    onBroken(error);
  }

  #forgetWaiting(): number {
    const count = this.#waiting.length;
    this.#waiting.length = 0;
    this.#waitingAsked.length = 0;
    this.#waitingArrivedAtMs.length = 0;
    return count;
  }
}

/**
 * V8 makes an empty array for small integers, and another one of it for what is like `sample`: code that was
 * compiled for the arrays of a rehearsal would be thrown away when the first of the others comes.
 */
function emptyArray<Value>(sample: unknown): Value[] {
  const values = [sample] as Value[];
  values.length = 0;
  return values;
}
