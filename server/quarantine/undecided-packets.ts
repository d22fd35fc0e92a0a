import { hashBytes } from "../../base/hash-bytes.ts";
import { bytesEqual } from "../../protocol/bytes.ts";

export const REMEMBERED_MAX = 64;
/** Then the same packet is decided again: what broke may have been the state, not the packet. */
export const REMEMBERED_MS = 600_000;

// Offsets in a message (RFC 2131, section 2). A client repeats its message with another xid and secs.
const xidOffset = 4;
const secsEnd = 10;
const chaddrOffset = 28;
const chaddrBytes = 16;

interface Remembered {
  readonly sender: number;
  readonly bytes: Uint8Array;
  readonly untilMs: number;
}

/**
 * Packets that could not be decided. The same packet again, but for xid and secs, is known by all its other bytes, so
 * that nobody can make another device's packet look like one of them.
 */
export class UndecidedPackets {
  /** Oldest first. */
  readonly #packets: Remembered[] = [];

  has(bytes: Uint8Array, nowMs: number): boolean {
    if (this.#packets.length === 0) return false;
    while (this.#packets.length > 0 && this.#packets[0].untilMs <= nowMs) this.#packets.shift();
    const sender = senderOf(bytes);
    for (const known of this.#packets) {
      if (known.sender === sender && isSame(known.bytes, bytes)) return true;
    }
    return false;
  }

  add(bytes: Uint8Array, nowMs: number): void {
    if (this.#packets.length >= REMEMBERED_MAX) this.#packets.shift();
    this.#packets.push({
      sender: senderOf(bytes),
      bytes: bytes.slice(),
      untilMs: nowMs + REMEMBERED_MS,
    });
  }
}

function senderOf(bytes: Uint8Array): number {
  const start = Math.min(chaddrOffset, bytes.length);
  return hashBytes(bytes, start, Math.min(chaddrBytes, bytes.length - start), 0);
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return (
    left.length === right.length &&
    bytesEqual(left.subarray(0, xidOffset), right.subarray(0, xidOffset)) &&
    bytesEqual(left.subarray(secsEnd), right.subarray(secsEnd))
  );
}
