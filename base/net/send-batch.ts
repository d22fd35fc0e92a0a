import { assert } from "../assert.ts";
import { lastError } from "./kernel/file-descriptor.ts";
import { type Libc, libc } from "./kernel/libc.ts";
import {
  AF_INET,
  IP_PKTINFO,
  POLLFD_BYTES,
  POLLOUT,
  SOL_IP,
  TIMESPEC_BYTES,
} from "./kernel/linux.ts";
import { NativeMemory } from "./kernel/native-memory.ts";
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
import { SendSegments } from "./send-segments.ts";

const PACKET_INFO_BYTES = 12;
const PACKET_INFO_SPACE_BYTES = 32;
const STALLS_MAX = 16;
const STALL_NANOSECONDS = 1_000_000;

// Only our own code causes these errors; all others come from the network or the operator.
const ownFaults = new Set(["EBADF", "EFAULT", "ENOTSOCK"]);
// Errors for a message of several segments, from a kernel too old for them or a route that cannot cut
// them.
const segmentRefusals = new Set(["EINVAL", "EIO", "EMSGSIZE", "EOPNOTSUPP", "ENOPROTOOPT"]);

/** The sending half of a batched socket: slots to write to, and sendmmsg. */
export class SendBatch {
  sent = 0;
  sendErrors = 0;
  lastSendError: string | undefined;
  /** Refused messages of several segments: after the first one, every datagram is sent alone. */
  segmentsRefused = 0;

  readonly batch: MessageBatch;
  readonly #libc: Libc;
  readonly #poll = new NativeMemory(POLLFD_BYTES);
  readonly #stall = new NativeMemory(TIMESPEC_BYTES);
  #segments: SendSegments | undefined;
  #count = 0;
  #stalls = 0;

  constructor(batchMax: number, datagramBytesMax: number, segmentation = false, calls = libc()) {
    this.#libc = calls;
    this.batch = new MessageBatch(batchMax, datagramBytesMax);
    if (segmentation) this.#segments = new SendSegments(this.batch);
    this.#stall.setPointer(8, STALL_NANOSECONDS);
    const { names, controls } = this.batch;
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
    return this.#count === this.batch.count;
  }

  slot(): Uint8Array {
    assert(!this.isFull, "every slot of the batch is taken");
    return this.batch.slots[this.#count];
  }

  push(length: number, destination: number, port: number, source: number, index: number): void {
    const { iovecs, messages, names, controls, slotBytes } = this.batch;
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
   * Sends everything queued. sendmmsg stops before the message that fails, and gives the reason when
   * called again from there. That message is counted and skipped; while the buffer is full it is tried
   * again, for 16 ms at most in all.
   */
  flush(fd: number): void {
    const count = this.#count;
    this.#count = 0;
    this.#stalls = 0;
    if (this.#segments !== undefined && count > 1) this.#sendSegments(fd, count, this.#segments);
    else this.#send(fd, this.batch.messages.address, count);
  }

  #sendSegments(fd: number, count: number, segments: SendSegments): void {
    const messages = segments.arrange(count);
    const { address } = segments.messages;
    const done = this.#send(fd, address, messages, segments.sizes);
    if (done === messages) return;
    this.segmentsRefused += 1;
    this.#segments = undefined;
    for (let message = done; message < messages; message += 1) {
      for (const i of segments.datagramsOf(message)) {
        this.#send(fd, this.batch.messages.address + i * MESSAGE_BYTES, 1);
      }
    }
  }

  /** Returns how many messages are done: all of them, or those before one whose segments are refused. */
  #send(fd: number, start: number, count: number, sizes?: Uint16Array): number {
    for (let next = 0; next < count; ) {
      const sent = this.#libc.sendmmsg(fd, start + next * MESSAGE_BYTES, count - next, 0);
      if (sent > 0) {
        this.sent += datagramsIn(sizes, next, next + sent);
        next += sent;
        continue;
      }
      const reason = this.#libc.errno();
      if (ownFaults.has(reason)) throw lastError("cannot send from a UDP socket");
      if (isPassing(reason) && this.#stalls < STALLS_MAX) {
        this.#stalls += 1;
        if (reason !== "EINTR") this.#waitWritable(fd);
        continue;
      }
      if (datagramsIn(sizes, next, next + 1) > 1 && segmentRefusals.has(reason)) return next;
      // If the buffer stays full, the rest of the batch is lost: retrying each would take seconds. Any
      // other reason concerns one message.
      const end = isPassing(reason) ? count : next + 1;
      this.sendErrors += datagramsIn(sizes, next, end);
      this.lastSendError = reason;
      next = end;
    }
    return count;
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

/**
 * Number of datagrams in the messages from `start` up to but not including `end`; without sizes each is
 * one.
 */
function datagramsIn(sizes: Uint16Array | undefined, start: number, end: number): number {
  if (sizes === undefined) return end - start;
  let datagrams = 0;
  for (let message = start; message < end; message += 1) datagrams += sizes[message];
  return datagrams;
}
