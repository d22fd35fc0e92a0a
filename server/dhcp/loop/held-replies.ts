import type { Destination, Reply } from "../exchange/outcome.ts";
import type { AnswerStages, TurnTimes } from "./answer-stages.ts";
import { type ReplySender, type ReplyWay, wayOf } from "./reply-sender.ts";

/** Room for 10,000 replies of the usual size. */
const BYTES_MAX = 4 << 20;

export interface HeldReply {
  readonly start: number;
  /** 0 for a reply that could not be encoded. */
  readonly length: number;
  readonly leaseIndex: number;
  readonly xid: number;
  /** When its request reached this machine. */
  readonly arrivedAtMs: number;
  /** The turn in which it was decided. */
  readonly turn: TurnTimes | undefined;
  /** When its commit ended; undefined while it waits for one, or without one. */
  readonly durableMs?: number | undefined;
  readonly way: ReplyWay;
}

/**
 * Replies that leave later than their own batch, oldest first. They are encoded, in memory of their own,
 * because the next batch overwrites the buffers of their requests.
 */
export class HeldReplies {
  readonly #sender: Pick<ReplySender, "encode" | "sendEncoded" | "replyBytesMax">;
  readonly #stages: AnswerStages | undefined;
  readonly #bytes = new Uint8Array(BYTES_MAX);
  readonly #replies: HeldReply[] = [];
  #used = 0;
  /** Replies before this one have been taken out. */
  #first = 0;

  constructor(
    sender: Pick<ReplySender, "encode" | "sendEncoded" | "replyBytesMax">,
    stages: AnswerStages | undefined,
  ) {
    this.#sender = sender;
    this.#stages = stages;
  }

  get count(): number {
    return this.#replies.length - this.#first;
  }

  get oldest(): HeldReply | undefined {
    return this.#replies[this.#first];
  }

  /** Whether this number of replies fits, even of the greatest length. */
  hasRoomFor(count: number): boolean {
    return this.#used + count * this.#sender.replyBytesMax <= this.#bytes.length;
  }

  /** Encodes and keeps a reply; there must be room for it. */
  hold(outcome: Reply, asked: number, arrivedAtMs: number): void {
    const start = this.#used;
    const length = this.#sender.encode(outcome, this.#bytes, start);
    const way = wayOf(outcome, asked);
    this.#used += length;
    this.#replies.push({
      start,
      length,
      leaseIndex: outcome.leaseIndex,
      xid: outcome.reply.xid,
      arrivedAtMs,
      turn: this.#stages?.turn,
      way: { ...way, destination: copyOf(way.destination) },
    });
  }

  /** Keeps the oldest reply of another as the newest of these; there must be room for it. */
  takeFrom(other: HeldReplies, durableMs?: number): void {
    const reply = other.#replies[other.#first];
    const { start, length } = reply;
    this.#bytes.set(other.#bytes.subarray(start, start + length), this.#used);
    this.#replies.push({ ...reply, start: this.#used, durableMs });
    this.#used += length;
    other.skipOldest();
  }

  /** Sends the oldest reply; `durableMs` is when its commit ended, where that is not known yet. */
  sendOldest(durableMs?: number): void {
    const reply = this.#replies[this.#first];
    const { start, length, arrivedAtMs, turn, way } = reply;
    if (length > 0) {
      const bytes = this.#bytes.subarray(start, start + length);
      this.#sender.sendEncoded(bytes, way);
      this.#stages?.leaves(bytes, arrivedAtMs, turn, durableMs ?? reply.durableMs);
    }
    this.skipOldest();
  }

  /** Discards the oldest reply. */
  skipOldest(): void {
    this.#first += 1;
    if (this.#first === this.#replies.length) this.discard();
  }

  /** Discards all; returns how many there were. */
  discard(): number {
    const { count } = this;
    this.#replies.length = 0;
    this.#first = 0;
    this.#used = 0;
    return count;
  }
}

function copyOf(destination: Destination): Destination {
  if (destination.kind !== "link") return { ...destination };
  return { ...destination, hardware: destination.hardware.slice() };
}
