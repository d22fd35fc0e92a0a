import { assert } from "../assert.ts";
import { lastError } from "./file-descriptor.ts";
import { libc } from "./libc.ts";
import { AF_INET, IP_PKTINFO, POLLFD_BYTES, POLLOUT, SOL_IP, TIMESPEC_BYTES } from "./linux.ts";
import {
  CONTROL_BYTES,
  CONTROL_HEADER_BYTES,
  CONTROL_LENGTH_WORD,
  IOVEC_LENGTH_WORD,
  IOVEC_WORDS,
  MESSAGE_BYTES,
  MESSAGE_WORDS,
  MessageBatch,
  NAME_BYTES,
} from "./message-batch.ts";
import { NativeMemory } from "./native-memory.ts";

const PACKET_INFO_BYTES = 12;
const PACKET_INFO_SPACE_BYTES = 32;
const STALLS_MAX = 16;
const STALL_NANOSECONDS = 1_000_000;

// Of these our own code is the cause; everything else is the network's or the operator's doing.
const ownFaults = new Set(["EBADF", "EFAULT", "ENOTSOCK"]);

/** The sending half of a batched socket: slots to write to, and sendmmsg. */
export class SendBatch {
  sent = 0;
  sendErrors = 0;
  lastSendError: string | undefined;

  readonly #libc = libc();
  readonly #batch: MessageBatch;
  readonly #poll = new NativeMemory(POLLFD_BYTES);
  readonly #stall = new NativeMemory(TIMESPEC_BYTES);
  #count = 0;

  constructor(batchMax: number, datagramBytesMax: number) {
    this.#batch = new MessageBatch(batchMax, datagramBytesMax);
    this.#stall.setPointer(8, STALL_NANOSECONDS);
    const { names, controls } = this.#batch;
    for (let i = 0; i < batchMax; i += 1) {
      names.view.setUint16(i * NAME_BYTES, AF_INET, true);
      const control = i * CONTROL_BYTES;
      controls.setPointer(control, CONTROL_HEADER_BYTES + PACKET_INFO_BYTES);
      controls.view.setUint32(control + 8, SOL_IP, true);
      controls.view.setUint32(control + 12, IP_PKTINFO, true);
    }
  }

  /** No slot is free before `flush` or `clear`. */
  get isFull(): boolean {
    return this.#count === this.#batch.count;
  }

  slot(): Uint8Array {
    assert(!this.isFull, "every slot of the batch is taken");
    return this.#batch.slots[this.#count]!;
  }

  push(length: number, destination: number, port: number, source: number, index: number): void {
    const { iovecs, messages, names, controls, slotBytes } = this.#batch;
    assert(!this.isFull, "every slot of the batch is taken");
    assert(length >= 0 && length <= slotBytes, "a datagram is longer than its slot");
    const i = this.#count;
    iovecs.words[i * IOVEC_WORDS + IOVEC_LENGTH_WORD] = length;
    names.view.setUint16(i * NAME_BYTES + 2, port);
    names.view.setUint32(i * NAME_BYTES + 4, destination);
    const chosen = source !== 0 || index !== 0;
    if (chosen) {
      const data = i * CONTROL_BYTES + CONTROL_HEADER_BYTES;
      controls.view.setUint32(data, index, true);
      controls.view.setUint32(data + 4, source);
    }
    messages.words[i * MESSAGE_WORDS + CONTROL_LENGTH_WORD] = chosen ? PACKET_INFO_SPACE_BYTES : 0;
    this.#count += 1;
  }

  /** Forgets what is queued. */
  clear(): void {
    this.#count = 0;
  }

  /**
   * Sends everything queued. sendmmsg stops before the datagram that fails and tells why when
   * called again from there: that one is counted and skipped, or tried again while the buffer is
   * full, for 16 ms at most in all.
   */
  flush(fd: number): void {
    const count = this.#count;
    this.#count = 0;
    let stalls = 0;
    for (let next = 0; next < count; ) {
      const address = this.#batch.messages.address + next * MESSAGE_BYTES;
      const sent = this.#libc.sendmmsg(fd, address, count - next, 0);
      if (sent > 0) {
        this.sent += sent;
        next += sent;
        continue;
      }
      const reason = this.#libc.errno();
      if (ownFaults.has(reason)) throw lastError("cannot send from a UDP socket");
      if (isPassing(reason) && stalls < STALLS_MAX) {
        stalls += 1;
        if (reason !== "EINTR") this.#waitWritable(fd);
      } else {
        // A buffer that stays full loses the rest of the batch: retrying for each would take
        // seconds. Any other reason concerns one datagram.
        const lost = isPassing(reason) ? count - next : 1;
        this.sendErrors += lost;
        this.lastSendError = reason;
        next += lost;
      }
    }
  }

  #waitWritable(fd: number): void {
    this.#poll.view.setInt32(0, fd, true);
    this.#poll.view.setInt16(4, POLLOUT, true);
    this.#libc.ppoll(this.#poll.address, 1, this.#stall.address, 0);
  }
}

function isPassing(reason: string): boolean {
  return reason === "EAGAIN" || reason === "ENOBUFS" || reason === "EINTR";
}
