import type { Destination, Reply } from "../exchange/outcome.ts";
import { type ReplySender, type ReplyWay, wayOf } from "./reply-sender.ts";

/** Room for over a thousand replies of the usual size. */
const BYTES_MAX = 2 << 20;

interface HeldReply {
  readonly start: number;
  /** 0 for a reply that could not be encoded. */
  readonly length: number;
  readonly leaseIndex: number;
  readonly way: ReplyWay;
}

/**
 * Acknowledgements that wait for the disk beyond their own batch. They are encoded, in memory of their
 * own, because the next batch overwrites the buffers of their requests.
 */
export class HeldReplies {
  readonly #sender: Pick<ReplySender, "encode" | "sendEncoded" | "replyBytesMax">;
  readonly #bytes = new Uint8Array(BYTES_MAX);
  readonly #replies: HeldReply[] = [];
  #used = 0;

  constructor(sender: Pick<ReplySender, "encode" | "sendEncoded" | "replyBytesMax">) {
    this.#sender = sender;
  }

  get count(): number {
    return this.#replies.length;
  }

  /** Whether this number of replies fits, even of the greatest length. */
  hasRoomFor(count: number): boolean {
    return this.#used + count * this.#sender.replyBytesMax <= this.#bytes.length;
  }

  /** Encodes and keeps a reply; there must be room for it. */
  hold(outcome: Reply, asked: number): void {
    const start = this.#used;
    const length = this.#sender.encode(outcome, this.#bytes, start);
    const way = wayOf(outcome, asked);
    this.#used += length;
    this.#replies.push({
      start,
      length,
      leaseIndex: outcome.leaseIndex,
      way: { ...way, destination: copyOf(way.destination) },
    });
  }

  /** Sends all, in order, and calls `onPromise` with the lease of each just before. */
  release(onPromise: (leaseIndex: number) => void): void {
    for (const { start, length, leaseIndex, way } of this.#replies) {
      onPromise(leaseIndex);
      if (length > 0) this.#sender.sendEncoded(this.#bytes.subarray(start, start + length), way);
    }
    this.discard();
  }

  /** Discards all; returns how many there were. */
  discard(): number {
    const count = this.#replies.length;
    this.#replies.length = 0;
    this.#used = 0;
    return count;
  }
}

function copyOf(destination: Destination): Destination {
  if (destination.kind !== "link") return { ...destination };
  return { ...destination, hardware: destination.hardware.slice() };
}
