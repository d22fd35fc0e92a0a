import { assert } from "../../base/assert.ts";
import {
  DATA_HEADER_BYTES,
  encodeDataHeader,
  encodeError,
  encodeOptionAck,
  type TftpOption,
  tftpErrorCodes,
} from "../../protocol/tftp/packet.ts";
import { READ_FAILED, type TransferContent } from "./transfer-content.ts";

/** Takes packets: the caller writes into `slot()` from its start, then queues that many bytes of it. */
export interface PacketSink {
  /** At least as long as the longest packet of the transfer. */
  slot(): Uint8Array;
  push(length: number): void;
}

/** How a transfer can end. There is a counter for each. */
export const transferEnds = [
  /** The client acknowledged the last block. */
  "completed",
  /** Everything was sent, and all but the last window acknowledged: the final ACK was probably lost. */
  "unconfirmed",
  /** The client fell silent during the transfer. */
  "timed-out",
  /** The client never answered: it is gone, or its address was forged. */
  "unanswered",
  "options-refused",
  "client-error",
  "illegal-packet",
  "read-failed",
  /** The same client requested something else, or started again. */
  "replaced",
  /** It was silent while others waited for a session. */
  "evicted",
  "server-stopped",
] as const;

export type TransferEnd = (typeof transferEnds)[number];

export interface TransferSettings {
  readonly blockBytes: number;
  readonly windowBlocks: number;
  /** Options to confirm before the first block; undefined for a plain RFC 1350 transfer. */
  readonly optionAck: readonly TftpOption[] | undefined;
  /** Time before the first repetition; after `evenRetries` of them it doubles each time, up to `retryMsMax`. */
  readonly retryMs: number;
  readonly evenRetries: number;
  readonly retryMsMax: number;
  /** Silence after which the transfer ends. */
  readonly sessionMs: number;
  /** Silence after which a transfer ends when its client never answered at all. */
  readonly unansweredMs: number;
  /** How often the first packet is repeated before the client has answered; then it is waited for. */
  readonly unackedRetriesMax: number;
  /** How often the last window is repeated before the client counts as finished. */
  readonly lastRetriesMax: number;
}

const BLOCK_MASK = 0xffff;
/**
 * After this many repetitions only the next block is repeated: one forged ACK must not make windows of blocks flow to
 * a stranger for minutes. A client that is still there acknowledges that block, and gets whole windows again.
 */
export const wholeRetriesMax = 3;
/** A request repeated this soon is a copy made by the network. */
const repeatMsMin = 100;

/**
 * One read transfer (RFC 1350, 2347, 7440) from the sender's side, without a socket or a clock. Only a
 * time-out repeats data. A repeated ACK does not, because each one would double the traffic for good (the
 * Sorcerer's Apprentice, RFC 1123 section 4.2.3.1).
 */
export class ReadTransfer {
  blocksSent = 0;
  /** File bytes in those blocks. */
  bytesSent = 0;
  blocksRepeated = 0;
  /** When `onTimeout` is due. */
  dueAtMs = 0;
  /** When the client last acknowledged something new; before that, when the transfer began. */
  progressAtMs = 0;
  /** Undefined while the transfer goes on. */
  end: TransferEnd | undefined;
  /** The client has acknowledged something, so it exists. */
  isAnswered = false;
  /** Blocks count from 1 and never wrap here; packets carry their low 16 bits. */
  acknowledgedBlocks = 0;

  readonly #content: TransferContent;
  readonly #settings: TransferSettings;
  #startedAtMs = 0;
  #sentAtMs = 0;
  #sent = 0;
  #highestSent = 0;
  #lastBlock = Number.POSITIVE_INFINITY;
  #awaitsOptions: boolean;
  #retries = 0;
  #isRepeated = false;
  #hasRepeatedForGap = false;
  #roundTripMsMin = Number.POSITIVE_INFINITY;

  constructor(content: TransferContent, settings: TransferSettings) {
    this.#content = content;
    this.#settings = settings;
    this.#awaitsOptions = settings.optionAck !== undefined;
  }

  /** Sends the OACK, or the first block. */
  start(nowMs: number, sink: PacketSink): void {
    assert(this.#startedAtMs === 0 && this.end === undefined, "a transfer starts once");
    this.#startedAtMs = nowMs;
    this.progressAtMs = nowMs;
    this.#send(nowMs, sink);
    this.#arm(nowMs);
  }

  /** The client repeated its request: our first answer was lost, or the request was copied. */
  repeatStart(nowMs: number, sink: PacketSink): void {
    if (this.end !== undefined || this.isAnswered) return;
    if (nowMs - this.#sentAtMs < repeatMsMin) return;
    this.#isRepeated = true;
    this.#send(nowMs, sink);
  }

  onAck(block: number, nowMs: number, sink: PacketSink): void {
    if (this.end !== undefined) return;
    if (this.#awaitsOptions) {
      if (block !== 0) return;
      this.#awaitsOptions = false;
    } else {
      const ahead = (block - this.acknowledgedBlocks) & BLOCK_MASK;
      if (ahead === 0) {
        this.#onRepeatedAck(nowMs, sink);
        return;
      }
      // Older than the last one, or for a block never sent: ignore it.
      if (ahead > this.#highestSent - this.acknowledgedBlocks) return;
      this.acknowledgedBlocks += ahead;
      if (this.acknowledgedBlocks < this.#sent && this.#isTooEarly(nowMs)) {
        this.#slide(nowMs, sink);
        return;
      }
    }
    this.#onProgress(nowMs, sink);
  }

  /** Call it when `dueAtMs` has come. */
  onTimeout(nowMs: number, sink: PacketSink): void {
    if (this.end !== undefined) return;
    const { sessionMs, unansweredMs, lastRetriesMax } = this.#settings;
    if (!this.isAnswered && nowMs - this.#startedAtMs >= unansweredMs) {
      this.end = "unanswered";
    } else if (nowMs - this.progressAtMs >= sessionMs) {
      this.end = "timed-out";
    } else if (
      this.isAnswered &&
      this.#sent === this.#lastBlock &&
      this.#retries >= lastRetriesMax
    ) {
      this.end = "unconfirmed";
    } else {
      this.#retries += 1;
      this.#isRepeated = true;
      this.#send(nowMs, sink);
      this.#arm(nowMs);
    }
  }

  /** The client sent an ERROR: it ends the transfer and is never answered. */
  onError(code: number): void {
    const isOptions = this.#awaitsOptions && code === tftpErrorCodes.optionRefused;
    this.end ??= isOptions ? "options-refused" : "client-error";
  }

  /** The client sent DATA or an OACK, which a reader must not. */
  onIllegalPacket(sink: PacketSink): void {
    if (this.end !== undefined) return;
    this.#fail("illegal-packet", tftpErrorCodes.illegalOperation, "this is a read transfer", sink);
  }

  /** Ends the transfer from outside, without telling the client. */
  abandon(reason: TransferEnd): void {
    this.end ??= reason;
  }

  #onProgress(nowMs: number, sink: PacketSink): void {
    // After a repetition it is not known which copy was answered (Karn's rule).
    if (!this.#isRepeated) {
      this.#roundTripMsMin = Math.min(this.#roundTripMsMin, nowMs - this.#sentAtMs);
    }
    this.isAnswered = true;
    this.progressAtMs = nowMs;
    if (this.acknowledgedBlocks === this.#lastBlock) {
      this.end = "completed";
      return;
    }
    this.#retries = 0;
    this.#isRepeated = false;
    this.#hasRepeatedForGap = false;
    this.#send(nowMs, sink);
    this.#arm(nowMs);
  }

  /**
   * With a window, a repeated ACK can also mean that the window's first block was lost (RFC 7440 section
   * 4). We assume that once for each window, and only when the ACK can already answer this window, so
   * that a copied ACK cannot start a chain of copies.
   */
  #onRepeatedAck(nowMs: number, sink: PacketSink): void {
    if (this.#settings.windowBlocks === 1 || this.#hasRepeatedForGap) return;
    if (this.#roundTripMsMin === Number.POSITIVE_INFINITY || this.#isTooEarly(nowMs)) return;
    this.#hasRepeatedForGap = true;
    this.#isRepeated = true;
    this.#send(nowMs, sink);
    this.#arm(nowMs);
  }

  /**
   * An ACK from within the window that came too early to be about the latest blocks. A client that
   * acknowledges copies sends these; starting again for each would send every block many times. So it
   * only makes room for blocks not sent yet.
   */
  #slide(nowMs: number, sink: PacketSink): void {
    this.isAnswered = true;
    this.progressAtMs = nowMs;
    this.#retries = 0;
    this.#isRepeated = true;
    this.#hasRepeatedForGap = false;
    this.#sendUpTo(this.acknowledgedBlocks + this.#settings.windowBlocks, sink);
    this.#arm(nowMs);
  }

  #isTooEarly(nowMs: number): boolean {
    const sinceMs = nowMs - this.#sentAtMs;
    return this.#roundTripMsMin !== Number.POSITIVE_INFINITY && sinceMs < this.#roundTripMsMin / 2;
  }

  #arm(nowMs: number): void {
    const { retryMs, evenRetries, retryMsMax } = this.#settings;
    const { sessionMs, unansweredMs, unackedRetriesMax } = this.#settings;
    const doublings = Math.max(0, this.#retries - evenRetries);
    const intervalMs = Math.min(retryMs * 2 ** doublings, retryMsMax);
    if (this.isAnswered) {
      this.dueAtMs = Math.min(nowMs + intervalMs, this.progressAtMs + sessionMs);
      return;
    }
    const limitMs = this.#startedAtMs + Math.min(unansweredMs, sessionMs);
    this.dueAtMs =
      this.#retries < unackedRetriesMax ? Math.min(nowMs + intervalMs, limitMs) : limitMs;
  }

  #send(nowMs: number, sink: PacketSink): void {
    this.#sentAtMs = nowMs;
    const { optionAck, windowBlocks } = this.#settings;
    if (this.#awaitsOptions && optionAck !== undefined) {
      sink.push(encodeOptionAck(sink.slot(), 0, optionAck));
      return;
    }
    this.#sent = this.acknowledgedBlocks;
    const blocks = this.#retries > wholeRetriesMax ? 1 : windowBlocks;
    this.#sendUpTo(this.acknowledgedBlocks + blocks, sink);
  }

  #sendUpTo(end: number, sink: PacketSink): void {
    // Which block is the last may become known only while sending.
    while (this.#sent < end && this.#sent < this.#lastBlock) {
      if (!this.#sendBlock(this.#sent + 1, sink)) return;
    }
  }

  #sendBlock(block: number, sink: PacketSink): boolean {
    const { blockBytes } = this.#settings;
    const slot = sink.slot();
    encodeDataHeader(slot, 0, block & BLOCK_MASK);
    const offset = (block - 1) * blockBytes;
    const copied = this.#content.copy(offset, slot, DATA_HEADER_BYTES, blockBytes);
    if (copied === READ_FAILED) {
      this.#fail("read-failed", tftpErrorCodes.undefined, "the file cannot be read on", sink);
      return false;
    }
    if (copied < blockBytes) this.#lastBlock = block;
    sink.push(DATA_HEADER_BYTES + copied);
    this.#sent = block;
    this.blocksSent += 1;
    this.bytesSent += copied;
    if (block > this.#highestSent) this.#highestSent = block;
    else this.blocksRepeated += 1;
    return true;
  }

  #fail(end: TransferEnd, code: number, message: string, sink: PacketSink): void {
    this.end = end;
    sink.push(encodeError(sink.slot(), 0, code, message));
  }
}
