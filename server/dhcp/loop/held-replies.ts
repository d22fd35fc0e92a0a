import type { Destination } from "../exchange/outcome.ts";
import { type Reply, type ReplySender, type ReplyWay, wayOf } from "./reply-sender.ts";

/** Room for well over a thousand replies of the usual size. */
const BYTES_MAX = 2 << 20;

interface HeldReply {
  readonly start: number;
  /** 0 for a reply that could not be encoded. */
  readonly length: number;
  readonly leaseIndex: number;
  readonly way: ReplyWay;
}

/**
 * Acknowledgements that wait for the disk longer than the batch they were decided in: encoded, in
 * memory of their own, since by then the next batch lies where their requests did.
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

  /** Whether so many replies fit, be they as long as any. */
  hasRoomFor(count: number): boolean {
    return this.#used + count * this.#sender.replyBytesMax <= this.#bytes.length;
  }

  /** Takes a reply over while there is room. */
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

  /** Sends all, in order; `onPromise` is called with the lease of each before. */
  release(onPromise: (leaseIndex: number) => void): void {
    for (const { start, length, leaseIndex, way } of this.#replies) {
      onPromise(leaseIndex);
      if (length > 0) this.#sender.sendEncoded(this.#bytes.subarray(start, start + length), way);
    }
    this.discard();
  }

  /** Forgets all; returns how many there were. */
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
