import type { TftpRequest } from "../../protocol/tftp/packet.ts";

/** A request that found no free session (TFTP-9). */
export interface WaitingRequest {
  readonly request: TftpRequest;
  readonly fingerprint: number;
  readonly clientAddress: number;
  readonly clientPort: number;
  readonly localAddress: number;
  readonly arrivedAtMs: number;
}

/** First come, first served: at most one place for each client and port, and `capacity` in all. */
export class WaitingQueue {
  readonly #capacity: number;
  /** A Map iterates in insertion order, and a key keeps its place when its value changes. */
  readonly #waiting = new Map<number, WaitingRequest>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get count(): number {
    return this.#waiting.size;
  }

  /** "full" drops the request; the client will repeat it. A repeated request keeps its place. */
  offer(waiting: WaitingRequest): "queued" | "repeated" | "full" {
    const key = waiting.clientAddress * 0x1_0000 + waiting.clientPort;
    const isKnown = this.#waiting.has(key);
    if (!isKnown && this.#waiting.size >= this.#capacity) return "full";
    this.#waiting.set(key, waiting);
    return isKnown ? "repeated" : "queued";
  }

  /** Removes and returns the request that has waited longest; undefined when there is none. */
  take(): WaitingRequest | undefined {
    for (const [key, waiting] of this.#waiting) {
      this.#waiting.delete(key);
      return waiting;
    }
    return undefined;
  }
}
